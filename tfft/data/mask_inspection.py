"""Inspect every mask once before training: its size, its values, and whether it can be read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError

from tfft.core.errors import DataError
from tfft.core.fingerprint import digest
from tfft.core.machine import cores
from tfft.data.content_hash import opened
from tfft.data.inspection import shown
from tfft.data.mask_coding import Coding
from tfft.data.masks import MaskItem
from tfft.images.mask_values import read_mask
from tfft.images.sizes import Size, size_of

_SHOW_PROGRESS_FROM = 1_000
_MOST_VALUES = 4096
_SLICE = 16
_TABLE = 2**16
_ARRAY_FILE = "a file of an array and not an image; save it as PNG, or pass np.load(path)"


@dataclass(frozen=True)
class Look:
    """What is known about one mask.

    Attributes:
        digest: The hash of its content.
        size: Its height and width in pixels.
        values: Value -> number of pixels.
        image: The size of its image.
        palette: Index -> colour of its palette, where indices are the values; empty without a palette.
        reason: Why it cannot be used; empty for a good mask.
    """

    digest: str = ""
    size: tuple[int, int] = (0, 0)
    values: dict[int, int] = field(default_factory=dict)
    image: Size | None = None
    palette: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Fault:
    """Why a mask cannot be used.

    Attributes:
        what: The reason in words.
        unknown: Value -> number of pixels, for values without a class.
    """

    what: str
    unknown: Mapping[int, int] = field(default_factory=dict)

    def describe(self, coding: Coding | None) -> str:
        """Return the reason with values and number of pixels.

        Args:
            coding: The meaning of values; None when it is unknown yet, and there are no such values.

        Example:
            >>> Fault("values without a class", {7: 2, 9: 3}).describe(Coding(("sky", "road"), {0: 0, 1: 1}))
            'values without a class in 5 pixels: 7, 9'
        """
        if coding is None or not self.unknown:
            return self.what
        return f"{self.what} in {sum(self.unknown.values()):,} pixels: {coding.shown(sorted(self.unknown))}"


def joined(faults: Sequence[Fault]) -> Fault:
    """Join faults with the same reason.

    Args:
        faults: At least one fault.

    Example:
        >>> joined([Fault("values without a class", {7: 2}), Fault("values without a class", {7: 1, 9: 3})]).unknown
        {7: 3, 9: 3}
    """
    return Fault(faults[0].what, dict(sum((Counter(fault.unknown) for fault in faults), Counter[int]())))


def look_at(images: Sequence[Any], masks: Sequence[Any], colored: bool) -> list[Look]:
    """Read all masks, in parallel, and keep none of them in memory.

    Args:
        images: The images, as for ``Examples``; only their headers are read.
        masks: A mask for each image: a path, encoded bytes, or an array of shape (height, width[, 3]).
        colored: Whether colours stand for classes.

    Returns:
        A Look for each mask.

    Example:
        >>> image, mask = np.zeros((4, 6, 3), np.uint8), np.zeros((6, 4), np.uint8)
        >>> look_at([image], [mask], colored=False)[0].reason
        'its size is 4x6, and that of its image is 6x4'
    """

    def several(positions: range) -> list[Look]:
        return [_look(images[index], masks[index], colored) for index in positions]

    slices = [range(start, min(start + _SLICE, len(masks))) for start in range(0, len(masks), _SLICE)]
    with ThreadPoolExecutor(cores()) as pool:
        found = pool.map(several, slices)
        if len(masks) >= _SHOW_PROGRESS_FROM:
            found = shown(found, len(slices), "Checking masks")
        return [look for some in found for look in some]


def coded(
    looks: Sequence[Look], masks: Sequence[Any], coding: Coding
) -> tuple[list[MaskItem], np.ndarray, dict[int, Fault]]:
    """Apply the meaning of values to inspected masks.

    Args:
        looks: From ``look_at``.
        masks: The same masks.
        coding: The meaning of their values.

    Returns:
        An item for each mask; the number of pixels of each class, int64, shape (n, classes); and position -> fault of each mask
        that cannot be used.
    """
    pixels = np.zeros((len(looks), len(coding.names)), np.int64)
    faults: dict[int, Fault] = {}
    for row, look in enumerate(looks):
        unknown = {value: look.values[value] for value in set(look.values) - set(coding.ids)}
        if look.reason or unknown:
            without = f"{'colours' if coding.colored else 'values'} without a class"
            faults[row] = Fault(look.reason) if look.reason else Fault(without, unknown)
            continue
        if reason := _two_meanings(look.palette, coding):
            faults[row] = Fault(reason)
            continue
        for value, count in look.values.items():
            if coding.ids[value] < len(coding.names):
                pixels[row, coding.ids[value]] += count
        if not pixels[row].any():
            faults[row] = Fault("all of its pixels are ignored")
    items = [MaskItem(mask, coding, look.digest, look.size) for mask, look in zip(masks, looks, strict=True)]
    return items, pixels, faults


def _two_meanings(palette: Mapping[int, tuple[int, int, int]], coding: Coding) -> str:
    """The reason why it is unknown whether the indices of a palette or its greys are the values: both have classes, and differ."""
    greys = {index: color[0] for index, color in palette.items() if len(set(color)) == 1}
    other = [index for index, grey in greys.items() if grey != index]
    if len(greys) < len(palette) or not other or any(grey not in coding.ids for grey in greys.values()):
        return ""
    return f"index {other[0]} of its palette is the grey {greys[other[0]]}, and both are values of classes"


def with_one_palette(looks: Sequence[Look]) -> list[Look]:
    """Find masks whose palette gives an index another colour than most masks do: their indices are numbered for each file anew.

    Args:
        looks: From ``look_at``, of all parts.

    Returns:
        The same looks, with a reason for each such mask.

    Example:
        >>> looks = [Look(palette={1: (1, 1, 1)}), Look(palette={1: (1, 1, 1)}), Look(palette={1: (7, 7, 7)})]
        >>> [look.reason for look in with_one_palette(looks)][2]
        'index 1 of its palette has the colour (7, 7, 7), and in other masks (1, 1, 1)'
    """
    counts: dict[int, Counter[tuple[int, int, int]]] = {}
    for look in looks:
        for index, color in look.palette.items():
            counts.setdefault(index, Counter())[color] += 1
    common = {index: colors.most_common(1)[0][0] for index, colors in counts.items()}
    found = []
    for look in looks:
        other = [index for index, color in look.palette.items() if color != common[index]]
        reason = look.reason
        if other and not reason:
            color, usual = look.palette[other[0]], common[other[0]]
            reason = f"index {other[0]} of its palette has the colour {color}, and in other masks {usual}"
        found.append(replace(look, reason=reason))
    return found


def _look(image: Any, mask: Any, colored: bool) -> Look:
    if not isinstance(mask, (str, bytes, bytearray, memoryview, np.ndarray)):
        return Look(reason=f"an object of type {type(mask).__name__} is no mask")
    try:
        content, _ = opened(mask)
        values, colors = read_mask(content, colored)
        kinds, counts = _counted(values)
        if len(kinds) > _MOST_VALUES:
            return Look(reason=f"it has {len(kinds):,} different values, as a photo has")
        found = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
        palette = {
            index: (red, green, blue) for index, (red, green, blue) in enumerate(colors.tolist()) if index in found
        }
    except FileNotFoundError:
        return Look(reason="no such file")
    except UnidentifiedImageError:
        return Look(reason=_ARRAY_FILE if str(mask).lower().endswith(".npy") else "not an image")
    except Exception as error:  # for damaged files, Pillow's readers raise many kinds of errors
        return Look(reason=_said(error))
    try:
        size = size_of(image)
    except DataError:
        return Look(digest(content), values.shape, found, None, palette)  # the inspection of images tells what is wrong
    return Look(digest(content), values.shape, found, size, palette, _misfit(values.shape, size))


def _counted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values of a mask, and the number of pixels of each."""
    if values.max() >= _TABLE:
        return np.unique(values, return_counts=True)
    counts = np.bincount(values.ravel())  # much faster than sorting
    kinds = np.flatnonzero(counts)
    return kinds, counts[kinds]


def _misfit(shape: tuple[int, ...], image: Size) -> str:
    height, width = shape
    if (height, width) == (image.height, image.width):
        return ""
    if image.turned and (height, width) == image.stored:
        return (
            f"its size {width}x{height} is that of its image as it is stored, but the image has a rotation of a camera (EXIF), and "
            f"is {image.describe()} when it is upright; rotate the mask as well"
        )
    return f"its size is {width}x{height}, and that of its image is {image.describe()}"


def _said(error: BaseException) -> str:
    said = error.what.rstrip(".") if isinstance(error, DataError) else str(error)
    return said or type(error).__name__
