"""Find the folders of images and masks of each part below one folder; no folder of images is left out without a word."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from tfft.core.errors import DataError, DataWarning, shortlist
from tfft.core.path_advice import permitted
from tfft.data.files.file_listing import holds_images, images_in, visible_folders
from tfft.data.files.part_names import part_of
from tfft.data.files.parts import PARTS

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages")
MASK_FOLDERS = ("masks", "mask", "labels", "annotations", "segmentationclass", "segmentation")
_NAME = 'Name the folders: from_masks({"train": ("a/images", "a/masks"), "test": ("b/images", "b/masks")}).'
_USER = 6  # stacklevel of the line that calls from_masks

Both = tuple[Path, Path]


def mask_folders(root: str | Path) -> dict[str, Both]:
    """Find the folders of images and masks of each part.

    They are ``root/train/images`` and ``root/train/masks``; or ``root/images/train`` and ``root/masks/train``; or ``root/images``
    and ``root/masks`` for the training part alone.

    Args:
        root: A folder.

    Returns:
        Part -> the folder of images and that of masks; empty without such folders.

    Raises:
        DataError: When two folders could be one part, or a folder with images and masks is in no part.

    Warns:
        DataWarning: When the folder of a part has images, and no masks.

    Example:
        >>> mask_folders("no such folder")
        {}
    """
    if not Path(root).is_dir():
        return {}
    with permitted():
        own = _both(Path(root))
        homes = {child: found for child in visible_folders(Path(root)) if (found := _both(child))}
        if own is not None:
            _check_none_beside([*(path.name for path in own)], [child for child in homes if child not in own])
            _warn_unmasked(Path(root), own)
            return _parts_below(*own)
        parts = _by_part(list(homes))
        if parts:
            _check_none_beside(
                [home.name for home in parts.values()], [child for child in homes if part_of(child.name) is None]
            )
            _warn_unmasked(Path(root), list(homes))
        return {part: homes[parts[part]] for part in PARTS if part in parts}


def _both(home: Path) -> Both | None:
    """The folder of images and that of masks in a folder."""
    named = {child.name.lower(): child for child in visible_folders(home)}
    images = [named[name] for name in IMAGE_FOLDERS if name in named]
    masks = [named[name] for name in MASK_FOLDERS if name in named]
    return (_filled(images), _filled(masks)) if images and masks else None


def _filled(folders: list[Path]) -> Path:
    """The only one of several folders that holds images, such as SegmentationClass beside Annotations, which holds XML files."""
    if len(folders) == 1:
        return folders[0]
    filled = [folder for folder in folders if holds_images(folder)]
    if len(filled) > 1:
        raise DataError(
            f"Several folders of {str(folders[0].parent)!r} could be its images or its masks.",
            shortlist([folder.name for folder in filled]),
            _NAME,
        )
    return (filled or folders)[0]


def _parts_below(images: Path, masks: Path) -> dict[str, Both]:
    """The parts below a folder of images and one of masks."""
    below = [_by_part(visible_folders(home)) for home in (images, masks)]
    if not any(below):
        return {"train": (images, masks)}
    if set(below[0]) != set(below[1]):
        raise DataError(
            f"The folders {images.name!r} and {masks.name!r} have different parts.",
            f"{shortlist([path.name for path in below[0].values()]) or 'none'}, and "
            f"{shortlist([path.name for path in below[1].values()]) or 'none'}",
            _NAME,
        )
    for home, parts in zip((images, masks), below, strict=True):
        others = [path for path in visible_folders(home) if path not in parts.values() and holds_images(path)]
        if loose := [*(path.name for path in others), *images_in(home)]:
            raise DataError(
                f"In {str(home)!r}, there are images outside of the parts {shortlist([path.name for path in parts.values()])}.",
                shortlist(loose),
                f"Move them into a part. Or: {_NAME}",
            )
    return {part: (below[0][part], below[1][part]) for part in PARTS if part in below[0]}


def _by_part(folders: Sequence[Path]) -> dict[str, Path]:
    """Part -> the folder with its name."""
    found: dict[str, Path] = {}
    for folder in folders:
        part = part_of(folder.name)
        if part is None:
            continue
        if part in found:
            raise DataError(
                f"Two folders could be the {part} part: {found[part].name!r} and {folder.name!r}.", fix=_NAME
            )
        found[part] = folder
    return found


def _check_none_beside(used: Sequence[str], others: Sequence[Path]) -> None:
    if others:
        raise DataError(
            f"Beside {shortlist(used)}, other folders have images and masks as well.",
            shortlist([path.name for path in others]),
            f"Move them out of the folder, or into a part. Or: {_NAME}",
        )


def _warn_unmasked(root: Path, used: Sequence[Path]) -> None:
    others = [path for path in visible_folders(root) if path not in used and part_of(path.name) is not None]
    if unused := [path.name for path in others if holds_images(path)]:
        warnings.warn(
            f"{shortlist(unused)} below {str(root)!r} has no folders of both images and masks, and is left out.",
            DataWarning,
            stacklevel=_USER,
        )
