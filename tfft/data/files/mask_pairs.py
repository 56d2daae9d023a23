"""Pair images with their masks by the names of their files."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.path_advice import check_permitted, missing_file, permitted
from tfft.data.files.file_listing import endings, look_below

_ARRAYS = (
    'Save arrays as PNG files: Image.fromarray(np.load("1.npy").astype("uint8")).save("1.png"). '
    "Or pass sequences of arrays in place of folders."
)


@dataclass(frozen=True)
class Pairs:
    """The images and masks of one part.

    Attributes:
        images: Paths, bytes or arrays of images.
        masks: The path, the bytes or the array of the mask of each image.
        without_mask: Paths of images without a mask.
        without_image: Paths of masks without an image.
        left_out: File extension -> number of files that are no images.
    """

    images: Sequence[Any]
    masks: Sequence[Any]
    without_mask: list[str] = field(default_factory=list)
    without_image: list[str] = field(default_factory=list)
    left_out: Mapping[str, int] = field(default_factory=dict)


def paired(images: str | Path, masks: str | Path) -> Pairs:
    """Pair the images of one folder with the masks of another, at any depth.

    An image and its mask have the same name without the extension. Or the name of each mask is that of its image and a word, the
    same for all masks, such as ``1_mask.png`` for ``1.jpg``. The word that gives most images a mask is chosen.

    Args:
        images: The folder of images.
        masks: The folder of masks.

    Returns:
        The pairs, sorted by name.

    Raises:
        DataError: When a folder is missing or holds no images, when two files have the same name without the extension, or when no
            image has a mask.
    """
    found = {}
    left_out: Counter[str] = Counter()
    for what, folder in (("images", images), ("masks", masks)):
        check_permitted(folder)
        if not Path(folder).is_dir():
            raise DataError(f"There is no folder of {what} {str(folder)!r}.", fix=missing_file(folder))
        with permitted():
            below = look_below(folder)
        if not below.images:
            raise DataError(
                f"There is no image in the folder of {what} {str(folder)!r}.",
                below.left_out() or "an empty folder",
                _ARRAYS if any(path.lower().endswith(".npy") for path in below.others) else "",
            )
        other = Path(masks if what == "images" else images)
        found[what] = _by_name(Path(folder), _outside(below.images, Path(folder), other))
        left_out += endings(below.rest()) + Counter({"hidden": below.hidden} if below.hidden else {})
    named = _without_ending(found["images"], found["masks"])
    both = sorted(set(found["images"]) & set(named))
    if not both:
        raise DataError(
            f"No image below {str(images)!r} has a mask below {str(masks)!r}.",
            f"images {shortlist(found['images'], 3)}, masks {shortlist(found['masks'], 3)}",
            "Give an image and its mask the same name, such as 1.jpg and 1.png.",
        )
    return Pairs(
        [found["images"][name] for name in both],
        [named[name] for name in both],
        [path for name, path in sorted(found["images"].items()) if name not in named],
        [path for name, path in sorted(named.items()) if name not in found["images"]],
        dict(left_out),
    )


def _outside(paths: list[str], home: Path, other: Path) -> list[str]:
    """The files of a folder that are not below the folder of the masks, or of the images, inside of it."""
    home, other = home.resolve(), other.resolve()
    if home == other:
        raise DataError(
            "Images and masks are in the same folder.",
            repr(str(other)),
            "Move the masks to a folder of their own. Or pass two sequences of paths in the same order: "
            'from_masks({"train": (sorted(Path("a").glob("*.jpg")), sorted(Path("a").glob("*.png")))}, ...).',
        )
    return [path for path in paths if not (other.is_relative_to(home) and Path(path).resolve().is_relative_to(other))]


def _by_name(home: Path, paths: list[str]) -> dict[str, str]:
    """Relative path without the extension -> path."""
    found: dict[str, str] = {}
    twice = []
    for path in paths:
        name = os.path.splitext(os.path.relpath(path, home))[0]
        if name in found:
            twice.append(f"{os.path.relpath(found[name], home)} and {os.path.relpath(path, home)}")
        found[name] = path
    if twice:
        raise DataError(
            f"{quantity(len(twice), 'pair')} of files in {str(home)!r} differ only in the extension: {shortlist(twice)}.",
            fix="Keep one of each pair.",
        )
    return found


def _without_ending(images: Mapping[str, str], masks: Mapping[str, str]) -> Mapping[str, str]:
    """The masks by the names of images; a word that all masks have behind these is left out."""
    first = min(masks)
    words = {first[len(name) :] for name in images if first.startswith(name)}
    # of several words, such as "_m" and "_m_m" for images a and a_m, the right one gives most images a mask
    choices = [
        {name[: len(name) - len(word)]: path for name, path in masks.items()}
        for word in sorted(words | {""}, key=len)
        if all(name.endswith(word) for name in masks)
    ]
    return max(choices, key=lambda named: len(set(images) & set(named)))
