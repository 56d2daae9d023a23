"""A folder of class folders, of pictures or of text files, -> Splits."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfft.core.errors import DataError, shortlist
from tfft.data.calls import as_call
from tfft.data.doubts import warn_ignored
from tfft.data.examples import Splits
from tfft.data.pools import OnCorrupt, Pool
from tfft.data.splits import HOLDOUT, PART_NAMES, PARTS, Drawing, assemble
from tfft.data.text_files import TextFiles
from tfft.data.walking import SUFFIXES, files_below, is_visible, visible_folders

_TEXTS = (".txt",)
# the folder of aclImdb that holds 50,000 reviews without labels
_UNLABELLED = "unsup"
_OTHER = (".avif", ".heic", ".heif", ".jfif", ".jp2", ".tif", ".tiff")


@dataclass(frozen=True)
class _Contents:
    """Sorted paths by class name, and paths of images in formats that are not read."""

    classes: dict[str, list[str]]
    others: list[str]


def from_folder(
    folder: str | Path,
    parts: Mapping[str, str] | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read images from class folders, ``folder/roses/1.jpg`` or ``folder/train/roses/1.jpg``, or texts, one in each ``.txt`` file.

    The class is the first folder below the root (or below the part's folder); images may lie any deeper. File endings
    (jpg jpeg png bmp gif webp) are read in upper or lower case; hidden files and folders are ignored, and a warning names what
    else was left out and may have been meant. Nothing is kept in memory but paths.

    Args:
        folder: The root.
        parts: Which subfolder is which part, such as ``{"train": "train", "test": "val"}``. When None, subfolders called train /
            training, validation / valid / val / dev and test / testing are taken as parts if they hold class folders and
            there is a training one; otherwise the root holds the classes.
        holdout: Fractions (validation, test) of the training images, drawn with the same share of every class for parts that are
            missing. With a validation folder and no test folder, ``(0, 0)`` keeps all of the training folder for training.
        seed: Draws the parts; same seed, same parts.
        on_corrupt: ``"error"``, or ``"skip"`` to leave unreadable images out and list them in ``Splits.skipped``.

    Returns:
        Splits whose inputs are paths, and whose targets, int64 of shape (n,), number the sorted folder names.

    Raises:
        DataError: For a folder that is missing or empty, one class, a class that training does not have, an image that cannot be
            read, or too few images to split.

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
    return assemble(folder_pools(folder, parts), Drawing(holdout, seed, on_corrupt), source=source)


def folder_pools(folder: str | Path, parts: Mapping[str, str] | None = None) -> dict[str, Pool]:
    """The images of class folders before anything is drawn.

    Args:
        folder: As for ``from_folder``.
        parts: As for ``from_folder``.

    Returns:
        Pools of paths and class names, shape (n,), by part.

    Raises:
        DataError: When the folder is missing, or there is no image in it.
    """
    root = Path(folder)
    if not root.is_dir():
        if root.exists():
            raise DataError(
                f"{str(folder)!r} is a file.",
                fix="Pass a folder with one folder for each class; from_csv() reads tables.",
            )
        raise DataError(f"There is no folder {str(folder)!r}.", fix="Check the path; it is relative to where you run.")
    homes = _named_parts(root, parts) if parts is not None else _found_parts(root)
    found = {part: _read(home, SUFFIXES) for part, home in homes.items()}
    texts = not _count(found)
    if texts:
        found = {part: _read(home, _TEXTS) for part, home in homes.items()}
    if not _count(found):
        raise DataError(
            f"There is no image in the class folders below {str(folder)!r}.",
            _contents(root),
            f"Put images ({' '.join(SUFFIXES)}), or texts (.txt), into one folder for each class.",
        )
    pools = {}
    for part, contents in found.items():
        rows = [(path, name) for name, files in sorted(contents.classes.items()) for path in files]
        paths = [path for path, _ in rows]
        pools[part] = Pool(TextFiles(paths) if texts else paths, [name for _, name in rows])
    warn_ignored(_left_out(root, homes, found))
    return pools


def _count(found: Mapping[str, _Contents]) -> int:
    return sum(len(files) for contents in found.values() for files in contents.classes.values())


def _contents(root: Path) -> str:
    """What a folder without classes holds instead, in words."""
    names = sorted(child.name for child in root.iterdir())
    loose = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not names:
        return "an empty folder"
    if loose:
        return f"{len(loose)} images directly in it, which are in no class: {shortlist(loose, 3)}"
    return f"{len(names)} entries, {shortlist(names)}"


def _found_parts(root: Path) -> dict[str, Path]:
    """The part folders below a root, or the root itself as training part."""
    spelt = {name for spellings in PART_NAMES.values() for name in spellings}
    below = visible_folders(root)
    if any(child.name.lower() not in spelt for child in below):
        # beside other classes, a folder without class folders is a class that happens to be called "train" or "test"
        below = [child for child in below if visible_folders(child)]
    homes: dict[str, Path] = {}
    for part, spellings in PART_NAMES.items():
        match = [child for child in below if child.name.lower() in spellings]
        if len(match) > 1:
            raise DataError(
                f"Two folders could be the {part} part: {shortlist(p.name for p in match)}.",
                fix=f'Say which one: parts={{"{part}": {match[0].name!r}}}.',
            )
        homes |= {part: match[0]} if match else {}
    if homes and "train" not in homes and len(homes) == len(visible_folders(root)):
        raise DataError(
            f"{str(root)!r} holds parts, but none to train on.",
            shortlist(home.name for home in homes.values()),
            'Add a folder "train", or pass parts={"train": "."} if these are the classes.',
        )
    return homes if "train" in homes else {"train": root}


def _named_parts(root: Path, parts: Mapping[str, str]) -> dict[str, Path]:
    unknown = set(parts) - set(PARTS)
    missing = [name for name in parts.values() if not (root / name).is_dir()]
    if unknown or missing or "train" not in parts:
        raise DataError(
            f"parts= must map 'train', 'validation', 'test' to folders below {str(root)!r}, with 'train' among them.",
            f"{dict(parts)!r}, missing folders {missing!r}",
            f"There are the folders {shortlist(p.name for p in visible_folders(root))}.",
        )
    return {part: root / parts[part] for part in PARTS if part in parts}


def _read(home: Path, endings: tuple[str, ...]) -> _Contents:
    """What lies in the visible folders directly below ``home``."""
    contents = _Contents({}, [])
    for child in visible_folders(home):
        if endings == _TEXTS and child.name == _UNLABELLED:
            continue
        # macOS stores accents decomposed, other systems composed: one class, however it is written
        _check_name(child)
        files = contents.classes.setdefault(unicodedata.normalize("NFC", child.name), [])
        for path in files_below(child):
            if path.lower().endswith(endings):
                files.append(path)
            elif path.lower().endswith(_OTHER):
                contents.others.append(path)
        files.sort()
    return contents


def _check_name(child: Path) -> None:
    """A class name goes into JSON and onto screens, which take no bytes that are not UTF-8."""
    try:
        child.name.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"The folder name {child.name!r} is not UTF-8.", f"in {str(child.parent)!r}", "Rename the folder."
        ) from None


def _left_out(root: Path, homes: Mapping[str, Path], found: Mapping[str, _Contents]) -> Iterator[str]:
    """A sentence for everything that was passed over and may have been meant."""
    for part, home in homes.items():
        loose = sorted(
            p.name for p in home.iterdir() if p.suffix.lower() in SUFFIXES and is_visible(p.name) and p.is_file()
        )
        if loose:
            yield f"{len(loose)} images lie directly in {str(home)!r}, so in no class, and are left out: {shortlist(loose)}."
        empty = [name for name, files in found[part].classes.items() if not files]
        if empty:
            yield f"The class folders {shortlist(empty)} in {str(home)!r} hold no image and are left out."
        other = found[part].others
        if other:
            yield f"{len(other)} images of other formats are left out: {shortlist(other)}. Convert them to PNG or JPEG."
        if _UNLABELLED in (path.name for path in visible_folders(home)) and _UNLABELLED not in found[part].classes:
            yield f"The folder {_UNLABELLED!r} in {str(home)!r} is taken for texts without labels and left out."
    beside = [child.name for child in visible_folders(root) if child not in homes.values()]
    if root not in homes.values() and beside:
        yield f"The folders {shortlist(beside)} in {str(root)!r} are no part and are left out; name parts with parts=."
