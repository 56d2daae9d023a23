"""Read class folders of images or of text files as Splits."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.path_advice import check_permitted, class_folders_below, missing_file, permitted
from tfft.core.specs import IMAGE_FORMATS
from tfft.data.calls import as_call
from tfft.data.data_warnings import warn_ignored
from tfft.data.examples import Splits
from tfft.data.files.class_files import Classes, are_text_files, class_files, counted, unused
from tfft.data.files.file_listing import Below, by_ending, images_in, look_below, visible_folders
from tfft.data.files.named_parts import named_parts
from tfft.data.files.part_names import found_parts
from tfft.data.files.text_files import TextFiles
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.tables.table_files import ENDINGS

# the folder of the aclImdb dataset with 50,000 reviews without labels
_UNLABELLED = "unsup"
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_MASKS = ({"images", "masks"}, {"imgs", "masks"}, {"images", "labels"}, {"images", "annotations"})
_SHEETS = (".xlsx", ".xls", ".ods")
Parts = Mapping[str, str] | Literal[False] | None


def from_folder(
    folder: str | Path,
    parts: Parts = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read images from class folders, ``folder/roses/1.jpg`` or ``folder/train/roses/1.jpg``, or texts, one in each ``.txt`` file.

    The class is the first folder below the root (or below the folder of the part); images may be at any depth. Every file that can
    be decoded is read, with any extension. Other files are counted in ``Splits.left_out``, and a warning names them; hidden files
    are only counted. Texts beside images, such as captions, are left out. Only paths are kept in memory.

    Args:
        folder: The root folder.
        parts: The subfolder of each part, such as ``{"train": "train", "test": "val"}``; False when all folders of the root are
            classes, whatever their names. With None, subfolders named like parts (train, training_set, seg_train, val2017, dev,
            Testing ...) are parts if they hold class folders and one of them is for training; otherwise the folders of the root are
            classes. When both readings are possible, an error shows both calls.
        holdout: Fractions (validation, test) of the training images, to split off missing parts with the same fraction of every
            class. With a validation folder and no test folder, ``(0, 0)`` uses all of the training folder for training.
        seed: Seed of the random split; the same seed gives the same parts.
        on_corrupt: ``"error"``, or ``"skip"`` to leave unreadable images out and list them in ``Splits.skipped``.

    Returns:
        Splits. The inputs are paths; the targets, int64 of shape (n,), are positions in the sorted folder names.

    Raises:
        DataError: When the folder is missing or empty, folders may be parts or classes, or images are mixed with texts. Also when
            there is only one class, training lacks a class, an image cannot be read, or there are too few images to split.

    Example:
        >>> import numpy as np, tempfile, PIL.Image
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name in ["ants/1", "ants/2", "ants/3", "bees/1", "bees/2", "bees/3"]:
        ...         (Path(root) / name).parent.mkdir(exist_ok=True)
        ...         PIL.Image.fromarray(np.random.randint(0, 255, (8, 8, 3), np.uint8)).save(f"{root}/{name}.png")
        ...     from_folder(root).describe()
        '2 train, 2 validation, 2 test; 2 classes'
    """
    source = as_call(from_folder, locals())
    pools = folder_pools(folder, parts)
    if len(set(pools["train"].targets)) == 1 and (below := class_folders_below(folder)):
        raise DataError(
            f"{str(folder)!r} holds one folder, so all images are of one class.",
            f"the folder {Path(below).name!r}, which holds {shortlist(child.name for child in visible_folders(Path(below)))}",
            f"If these are the classes, pass from_folder({below!r}).",
        )
    return assemble(pools, Splitting(holdout, seed, on_corrupt), source=source)


def folder_pools(folder: str | Path, parts: Parts = None) -> dict[str, Pool]:
    """Read class folders before missing parts are split off.

    Args:
        folder: As for ``from_folder``.
        parts: As for ``from_folder``.

    Returns:
        Pools of paths and class names, shape (n,), by part.

    Raises:
        DataError: When the folder is missing, may not be read, or its class folders hold no images or texts.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise DataError(
            "from_folder() takes the path of one folder.", repr(folder)[:100], 'Write from_folder("flowers").'
        )
    root = Path(folder)
    check_permitted(root)
    if not root.is_dir():
        if root.exists():
            raise DataError(f"{str(folder)!r} is a file.", fix=_instead(root))
        raise DataError(f"There is no folder {str(folder)!r}.", fix=missing_file(folder))
    # not a decorator, which would add a frame between warnings and the line of the user
    with permitted():
        homes = found_parts(root) if parts is None else {"train": root} if parts is False else named_parts(root, parts)
        found = {part: class_files(home, set(homes.values()) - {home}) for part, home in homes.items()}
        texts = are_text_files(root, [files for classes in found.values() for files in classes.values()])
        if texts:
            found = {
                part: {name: files for name, files in classes.items() if name != _UNLABELLED}
                for part, classes in found.items()
            }
        if not any(_used(files, texts) for classes in found.values() for files in classes.values()):
            raise _empty(root, homes)
        pools = {}
        for part, classes in found.items():
            rows = [(path, name) for name, files in sorted(classes.items()) for path in _used(files, texts)]
            paths = [path for path, _ in rows]
            beside = counted(classes.values(), texts)
            if not paths:
                raise _without_classes(root, homes, part)
            pools[part] = Pool(TextFiles(paths) if texts else paths, [name for _, name in rows], left_out=beside)
        left_out = list(_left_out(root, homes, found, texts))
        names = {name.casefold() for classes in found.values() for name in classes}
        if names in _MASKS:
            left_out.append(
                f"The classes are {shortlist(sorted(names))}: if these are images and their masks, read them with from_masks()."
            )
    warn_ignored(left_out)
    return pools


def _instead(file: Path) -> str:
    """Advice for a file that is passed instead of a folder."""
    ending = file.suffix.lower()
    if ending in _ARCHIVES:
        return "Unpack it, and pass the folder that holds one folder for each class."
    if ending in (*ENDINGS, *_SHEETS):
        return f"from_csv() reads tables{'; save it as CSV first' if ending in _SHEETS else ''}."
    return "Pass a folder with one folder for each class; from_csv() reads tables."


def _used(files: Below, texts: bool) -> list[str]:
    return files.texts if texts else files.images


def _empty(root: Path, homes: Mapping[str, Path]) -> DataError:
    """The error for a folder without examples in class folders; it says what the folder holds instead."""
    names = sorted(child.name for child in root.iterdir())
    loose = images_in(root)
    fix = "Put images, or texts (.txt), into one folder for each class."
    if not names:
        got = "an empty folder"
    elif loose:
        got = f"{quantity(len(loose), 'image')} directly in it, in no class: {shortlist(loose, 3)}"
        beside = [child for child in visible_folders(root.absolute().parent) if child.name != root.absolute().name]
        if beside and any(map(images_in, beside[:10])):
            fix += (
                f" If {root.name!r} is one of the classes, pass the folder above it, {str(root.absolute().parent)!r}."
            )
    else:
        got = f"{quantity(len(names), 'entry', 'entries')}, {shortlist(names)}"
        if "train" in homes and root not in homes.values() and images_in(homes["train"]):
            fix += " If these folders are classes, pass parts=False."
        elif kinds := by_ending(look_below(root).others):
            got += f"; files {kinds}"
            fix += f" Images can be {', '.join(IMAGE_FORMATS)}: convert others to PNG or JPEG."
    return DataError(f"There is no image in the class folders below {str(root)!r}.", got, fix)


def _without_classes(root: Path, homes: Mapping[str, Path], part: str) -> DataError:
    loose = images_in(homes[part])
    others = {name: str(home.relative_to(root)) for name, home in homes.items() if name != part}
    return DataError(
        f"The folder {str(homes[part])!r} holds no class folders with examples, so nothing can be read for the {part} part.",
        f"{quantity(len(loose), 'image')} without a class: {shortlist(loose, 3)}" if loose else "",
        f"Put its examples into class folders, or pass parts={others} to leave the folder out."
        if "train" in others
        else "Put the examples into one folder for each class.",
    )


def _left_out(root: Path, homes: Mapping[str, Path], found: Mapping[str, Classes], texts: bool) -> Iterator[str]:
    """Yield a sentence for each kind of file or folder that is left out although the user may have meant it as data."""
    kind = "text" if texts else "image"
    for part, home in homes.items():
        loose = images_in(home)
        if loose:
            yield (
                f"{quantity(len(loose), 'image is', 'images are')} directly in {str(home)!r}, not in a class folder, and left "
                f"out: {shortlist(loose)}."
            )
        empty = [name for name, files in found[part].items() if not _used(files, texts)]
        if empty:
            folders, are = ("folders", "hold no {} and are") if len(empty) > 1 else ("folder", "holds no {} and is")
            yield f"The class {folders} {shortlist(empty)} in {str(home)!r} {are.format(kind)} left out."
        other = [path for files in found[part].values() for path in unused(files, texts)]
        if other:
            yield (
                f"{quantity(len(other), 'file')} in the class folders of {str(home)!r} "
                f"{f'are not readable {kind}s, and are' if len(other) > 1 else f'is not a readable {kind}, and is'} left out: "
                f"{by_ending(other)}. Convert images of other formats to PNG or JPEG."
            )
        if _UNLABELLED in (path.name for path in visible_folders(home)) and _UNLABELLED not in found[part]:
            yield f"The folder {_UNLABELLED!r} in {str(home)!r} is assumed to hold texts without labels, and is left out."
    tops = {root / home.relative_to(root).parts[0] for home in homes.values() if home != root}
    beside = [child.name for child in visible_folders(root) if child not in tops]
    if root not in homes.values() and beside:
        yield f"The folders {shortlist(beside)} in {str(root)!r} are not parts, and are left out; name parts with parts=."
