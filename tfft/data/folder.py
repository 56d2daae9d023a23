"""A folder of class folders -> Splits."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfft.core.errors import DataError, shortlist
from tfft.data.examples import Splits
from tfft.data.splits import HOLDOUT, PARTS, Drawing, OnCorrupt, Pool, assemble

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
_PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}


def from_folder(
    folder: str | Path,
    parts: Mapping[str, str] | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read images from class folders, ``folder/roses/1.jpg`` or ``folder/train/roses/1.jpg``.

    The class is the first folder below the root (or below the part's folder); images may lie any deeper. File endings
    (jpg jpeg png bmp gif webp) are read in upper or lower case, other files are ignored. Nothing is kept in memory but paths.

    Args:
        folder: The root.
        parts: Which subfolder is which part, such as ``{"train": "train", "test": "val"}``. When None, subfolders called train /
            training, validation / valid / val / dev and test / testing are taken as parts if there is a training one;
            otherwise the root holds the classes.
        holdout: Fractions (validation, test) of the training images, drawn with the same share of every class for parts that are
            missing. The test fraction is used only when the folder has neither a validation nor a test part.
        seed: Draws the parts; same seed, same parts.
        on_corrupt: ``"error"``, or ``"skip"`` to leave unreadable images out and list them in ``Splits.skipped``.

    Returns:
        Splits whose inputs are paths and whose class ids follow the sorted folder names.

    Raises:
        DataError: For a folder that is missing or empty, one class, a class that training does not have, an image that cannot be
            read, or too few images to split.

    Example:
        >>> import numpy as np, tempfile, PIL.Image
        >>> root = Path(tempfile.mkdtemp())
        >>> for name in ["ants/1", "ants/2", "ants/3", "bees/1", "bees/2", "bees/3"]:
        ...     (root / name).parent.mkdir(exist_ok=True)
        ...     PIL.Image.fromarray(np.random.randint(0, 255, (8, 8, 3), np.uint8)).save(root / f"{name}.png")
        >>> from_folder(root).describe()
        '2 train, 2 validation, 2 test; 2 classes'
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"There is no folder {str(folder)!r}.", fix="Check the path; it is relative to where you run.")
    homes = _named_parts(root, parts) if parts is not None else _found_parts(root)
    found = {part: dict(_classes(home)) for part, home in homes.items()}
    names = sorted({name for classes in found.values() for name, files in classes.items() if files})
    if not names:
        raise DataError(
            f"There is no image in the class folders below {str(folder)!r}.",
            f"{len(list(root.iterdir()))} entries, {shortlist(sorted(p.name for p in root.iterdir()))}",
            f"Put images ({' '.join(SUFFIXES)}) into one folder for each class.",
        )
    pools = {}
    for part, classes in found.items():
        rows = [(path, name) for name, files in sorted(classes.items()) for path in files]
        pools[part] = Pool([path for path, _ in rows], [name for _, name in rows])
    return assemble(pools, Drawing(holdout, seed, on_corrupt))


def _found_parts(root: Path) -> dict[str, Path]:
    """The part folders below a root, or the root itself as training part."""
    below = {child.name.lower(): child for child in sorted(root.iterdir()) if child.is_dir()}
    homes: dict[str, Path] = {}
    for part, spellings in _PART_NAMES.items():
        match = [below[name] for name in spellings if name in below]
        if len(match) > 1:
            raise DataError(
                f"Two folders could be the {part} part: {shortlist(p.name for p in match)}.",
                fix=f'Say which one: parts={{"{part}": {match[0].name!r}}}.',
            )
        homes |= {part: match[0]} if match else {}
    return homes if "train" in homes else {"train": root}


def _named_parts(root: Path, parts: Mapping[str, str]) -> dict[str, Path]:
    unknown = set(parts) - set(PARTS)
    missing = [name for name in parts.values() if not (root / name).is_dir()]
    if unknown or missing or "train" not in parts:
        raise DataError(
            f"parts= must map 'train', 'validation', 'test' to folders below {str(root)!r}, with 'train' among them.",
            f"{dict(parts)!r}, missing folders {missing!r}",
            f"There are the folders {shortlist(sorted(p.name for p in root.iterdir() if p.is_dir()))}.",
        )
    return {part: root / parts[part] for part in PARTS if part in parts}


def _classes(home: Path) -> Iterator[tuple[str, list[str]]]:
    """Class name and sorted image paths, for each visible folder directly below ``home``."""
    for child in sorted(home.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            files = [
                os.path.join(where, name)
                for where, _, names in os.walk(child, followlinks=True)
                for name in names
                if name.lower().endswith(SUFFIXES) and not name.startswith(".")
            ]
            yield child.name, sorted(files)
