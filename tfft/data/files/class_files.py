"""The files of class folders: the files of each class, and whether the classes hold images or texts."""

import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from tfft.core.errors import DataError, quantity, shortlist
from tfft.data.files.file_listing import Below, endings, is_document, look_below, visible_folders

Classes = dict[str, Below]


def class_files(home: Path, without: Collection[Path] = ()) -> Classes:
    """Sort the files in the visible folders directly below a folder.

    Args:
        home: The folder that holds the class folders.
        without: Folders that are not classes.

    Returns:
        Class name -> its files.

    Raises:
        DataError: When a folder name is not UTF-8.
    """
    classes: Classes = {}
    for child in visible_folders(home):
        if any(child == other or child in other.parents for other in without):
            continue
        _check_name(child)
        # macOS stores accents decomposed and other systems composed: both spellings are the same class
        name = unicodedata.normalize("NFC", child.name)
        files, found = classes.setdefault(name, Below()), look_below(child)
        for several, more in zip(
            (files.images, files.texts, files.others), (found.images, found.texts, found.others), strict=True
        ):
            several.extend(more)
            several.sort()
        files.hidden += found.hidden
    return classes


def are_text_files(root: Path, classes: Sequence[Below]) -> bool:
    """Decide whether the examples in class folders are texts.

    Args:
        root: The root folder, for messages.
        classes: The files of each class.

    Returns:
        True when there are texts and no images. False when there are images, and all texts have the name of an image or are few.

    Raises:
        DataError: When the folders may hold images or texts.
    """
    images = sum(len(files.images) for files in classes)
    texts = sum(len(files.texts) for files in classes)
    if not images or not texts:
        return not images and texts > 0
    alone = [_alone(files) for files in classes]
    without_images = any(some and not files.images for some, files in zip(alone, classes, strict=True))
    several = [path for some in alone for path in some]
    if without_images or len(several) > images:
        raise DataError(
            f"The class folders below {str(root)!r} hold images and texts, and either may be meant.",
            f"{quantity(images, 'image')}, and {quantity(len(several), 'text')} without an image of the same name: "
            f"{shortlist(several, 3)}",
            "Move the images, or the texts, into another folder.",
        )
    return False


def unused(files: Below, texts: bool) -> list[str]:
    """List the files of a class that are not examples.

    Args:
        files: The files of the class.
        texts: Whether its examples are texts.

    Returns:
        Paths, without documents such as README.
    """
    return [*files.images, *files.others] if texts else files.rest()


def counted(classes: Iterable[Below], texts: bool) -> dict[str, int]:
    """Count the files that are not examples.

    Args:
        classes: The files of each class.
        texts: Whether the examples are texts.

    Returns:
        File extension -> count; hidden files are counted under ``"hidden"``.

    Example:
        >>> counted([Below(images=["1.png"], texts=["1.txt"], hidden=2)], texts=False)
        {'.txt': 1, 'hidden': 2}
    """
    total: Counter[str] = Counter()
    for files in classes:
        total += endings(unused(files, texts)) + Counter({"hidden": files.hidden})
    return dict(total)


def _alone(files: Below) -> list[str]:
    """Return the texts that do not have the same name as an image."""
    names = {_stem(path) for path in files.images} | {os.path.basename(path).lower() for path in files.images}
    return [path for path in files.texts if _stem(path) not in names and not is_document(path)]


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0].lower()


def _check_name(child: Path) -> None:
    """Refuse a class name that is not valid UTF-8: JSON and terminals cannot show it."""
    try:
        child.name.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"The folder name {child.name!r} is not UTF-8.", f"in {str(child.parent)!r}", "Rename the folder."
        ) from None
