"""Recognise folders that are named like parts of a dataset: training_set, seg_train, val2017, Testing, trn."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from tfft.core.errors import DataError, shortlist
from tfft.data.files.file_listing import files_below, holds_images, visible_folders
from tfft.data.files.parts import PARTS

# words without accents: first English, then Spanish, Portuguese, French, German, Chinese and Japanese
_WORDS = {
    "train": (
        *("train", "training", "trn"),
        *(
            "trainings",
            "entrenamiento",
            "treino",
            "treinamento",
            "entrainement",
            "apprentissage",
            "训练",
            "訓練",
            "学習",
        ),
    ),
    "validation": (
        *("val", "valid", "validation", "dev"),
        *("validacion", "validacao", "validierung", "验证", "校验", "驗證", "検証"),
    ),
    "test": (
        *("test", "testing", "tst", "eval", "evaluation"),
        *("prueba", "pruebas", "teste", "testes", "tests", "测试", "測試", "テスト", "评估", "評価"),
    ),
}
_BESIDE = (
    *("set", "sets", "subset", "data", "dataset", "split", "part", "folder", "dir", "files", "seg", "samples", "raw"),
    *("image", "images", "img", "imgs", "photo", "photos", "pic", "pics", "picture", "pictures"),
    *("aug", "augmented", "resized", "cropped"),
    *("集", "数据", "数据集", "資料", "資料集", "图片", "图像", "圖片", "样本"),
    *("conjunto", "de", "dados", "datos", "donnees", "daten", "bilder", "imagens", "imagenes"),
)
_ACCENTS = "\u0300\u0301\u0302\u0303\u0308\u0327"
_FOLDS = ("fold", "folds", "kfold", "cv", "split")
_PART_OF = {word: part for part, words in _WORDS.items() for word in words}
_PART_OF |= {
    pair: part for word, part in list(_PART_OF.items()) for other in _BESIDE for pair in (word + other, other + word)
}


def part_of(name: str) -> str | None:
    """Return the part that a folder name stands for.

    Args:
        name: The name of the folder.

    Returns:
        ``"train"``, ``"validation"`` or ``"test"`` when one word names the part, and all other words are numbers or words such as
        set, data or images. None for other names.

    Example:
        >>> [part_of(name) for name in ("seg_train", "val2017", "TestSet", "test_tube", "training shoes", "trainer")]
        ['train', 'validation', 'test', None, None, None]
    """
    words = _words(name)
    parts = [_PART_OF[word] for word in words if word in _PART_OF]
    beside = [word for word in words if word not in _PART_OF]
    plain = all(word in _BESIDE or word.isdigit() for word in beside)
    return parts[0] if len(parts) == 1 and plain else None


def is_fold(name: str) -> bool:
    """Return whether a folder is named like one fold of a cross-validation.

    Args:
        name: The name of the folder.

    Returns:
        True for names such as fold1, fold_2, cv3.

    Example:
        >>> is_fold("Fold 1"), is_fold("folder"), is_fold("fold")
        (True, False, False)
    """
    words = _words(name)
    return len(words) == 2 and words[0] in _FOLDS and words[1].isdigit()


def found_parts(root: Path) -> dict[str, Path]:
    """Find the part folders below a root; without them, the root itself is the training part.

    Args:
        root: The root folder.

    Returns:
        Part -> the folder that holds its class folders.

    Raises:
        DataError: When folders may be parts or classes; the message shows both calls.
    """
    below = visible_folders(root)
    folds = [child for child in below if is_fold(child.name)]
    if len(folds) > 1 and len(folds) == len(below):
        _refuse(root, "folds", folds, {"train": folds[0].name, "test": folds[1].name})
    candidates = [child for child in below if part_of(child.name)]
    if len(candidates) < len(below):
        # here a folder "train" or "test" without class folders inside is a class with this name, like the folders next to it
        candidates = [child for child in candidates if visible_folders(child)]
    others = [child for child in below if child not in candidates]
    homes: dict[str, Path] = {}
    for part in PARTS:
        match = [child for child in candidates if part_of(child.name) == part]
        if len(match) > 1:
            raise DataError(
                f"Two folders could be the {part} part: {shortlist(p.name for p in match)}.",
                fix=f"Say which one: parts={_example(homes, {part: match[0].name})}; or parts=False if these are classes.",
            )
        homes |= {part: match[0]} if match else {}
    _check_doubts(root, homes, others)
    if "train" in homes:
        return {part: inner(home) for part, home in homes.items()}
    _check_inside(root, below)
    _check_pairs(root, below)
    _check_alike(root, below)
    return {"train": root}


def inner(home: Path) -> Path:
    """Find the folder of a part that holds its classes; archives often repeat the name, as in ``seg_train/seg_train``.

    Args:
        home: The folder of the part.

    Returns:
        The same folder, or its only subfolder when that is named like the same part.
    """
    below = visible_folders(home)
    part = part_of(home.name)
    return inner(below[0]) if part and len(below) == 1 and part_of(below[0].name) == part else home


def _words(name: str) -> list[str]:
    """The words of a name in lower case and without accents, split at blanks, punctuation, digits and capitals."""
    apart = unicodedata.normalize("NFD", name)
    name = unicodedata.normalize("NFC", "".join(each for each in apart if each not in _ACCENTS))
    return [word.lower() for word in re.findall(r"\d+|[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|[A-Z]", name)]


def _check_doubts(root: Path, homes: Mapping[str, Path], others: list[Path]) -> None:
    """Refuse folders that may be parts or classes."""
    if not homes:
        return
    classes = [{child.name for child in visible_folders(inner(home))} for home in homes.values()]
    if "train" not in homes:
        named = {part: home.name for part, home in homes.items()}
        if not others:
            raise DataError(
                f"{str(root)!r} holds parts, but no training part.",
                shortlist(named.values()),
                'Add a folder "train", or pass parts=False if these are the classes.',
            )
        if set.union(*classes) & {child.name for child in others}:
            _refuse(root, "parts beside classes", list(homes.values()), {"train": ".", **named})
        return
    shared = len(classes) > 1 and set.intersection(*classes)
    imaged = [] if shared else [child for child in others if holds_images(child)]
    if imaged:
        named = {part: home.name for part, home in homes.items()}
        _refuse(root, "parts beside other folders of images", [*homes.values(), *imaged], named)


def _check_inside(root: Path, classes: list[Path]) -> None:
    """Refuse parts inside of classes, ``cats/train`` and ``cats/test``: their files would be mixed and split anew."""
    for child in classes if len(classes) > 1 else ():
        parts = {part_of(each.name): each for each in visible_folders(child)}
        if "train" in parts and len(set(parts) - {None}) > 1:
            above = visible_folders(parts["train"])
            raise DataError(
                f"The folder {child.name!r} in {str(root)!r} holds parts, and would become one class.",
                shortlist(each.name for each in visible_folders(child)),
                f"Pass from_folder({str(child)!r}) to read these parts, or parts=False for classes."
                if above
                else f"Put the parts above the classes, as in 'train/{child.name}'; or pass parts=False to split the files anew.",
            )


def _check_pairs(root: Path, below: list[Path]) -> None:
    """Refuse folders whose names differ only in the part, such as ``cats_train`` and ``cats_test``."""
    pairs: dict[tuple[str, ...], dict[str, Path]] = {}
    for child in below:
        words = _words(child.name)
        found = [word for word in words if word in _PART_OF]
        if len(found) == 1:
            rest = tuple(word for word in words if word not in _PART_OF)
            pairs.setdefault(rest, {})[_PART_OF[found[0]]] = child
    for rest, parts in pairs.items():
        if not rest or "train" not in parts or len(parts) == 1:
            continue
        named = {part: parts[part].name for part in PARTS if part in parts}
        if set.intersection(*({each.name for each in visible_folders(home)} for home in parts.values())):
            _refuse(root, "parts", list(parts.values()), named)
        raise DataError(
            f"{str(root)!r} seems to hold parts of one class, which would become different classes.",
            shortlist(named.values()),
            "Put the parts above the classes, as in 'train/cats' and 'test/cats'; or pass parts=False if these are classes.",
        )


def _check_alike(root: Path, below: list[Path]) -> None:
    """Refuse folders that all hold the same class folders, whatever their names: ``a/cats``, ``a/dogs``, ``b/cats``, ``b/dogs``."""
    if len(below) < 2:
        return
    inside = [sorted(each.name for each in visible_folders(child)) for child in below]
    names = inside[0]
    alike = len(names) > 1 and all(other == names for other in inside)
    if alike and all(any(files_below(child / name)) for child in below for name in names):
        parts = {part_of(child.name): child.name for child in below}
        named = {part: str(parts[part]) for part in PARTS if part in parts}
        what = f"parts, each with the folders {shortlist(names, 3)}"
        _refuse(root, what, below, named if "train" in named else {"train": below[0].name, "test": below[1].name})


def _refuse(root: Path, what: str, folders: list[Path], parts: Mapping[str, str]) -> None:
    raise DataError(
        f"{str(root)!r} seems to hold {what}, and the folders may be classes as well.",
        shortlist(folder.name for folder in folders),
        f"Say which: parts={dict(parts)!r} for parts, or parts=False for classes.",
    )


def _example(homes: Mapping[str, Path], more: Mapping[str, str]) -> str:
    return repr({part: home.name for part, home in homes.items()} | dict(more))
