"""Read images with a mask for each of them, which gives each pixel its class."""

import os
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core.errors import DataError, DataWarning, quantity, shortlist
from tfft.core.specs import LabelSpace
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.files.mask_folders import mask_folders
from tfft.data.files.mask_pairs import Pairs, paired
from tfft.data.files.parts import PARTS, meant
from tfft.data.mask_coding import Classes, Coding, are_colors, coding_of
from tfft.data.mask_inspection import Fault, Look, coded, joined, look_at, with_one_palette
from tfft.data.masks import Masks
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.sequences import Selected
from tfft.data.sources.arrays import AsPixels
from tfft.data.splits import HOLDOUT, Splitting, assemble

_WHITE = re.compile(r"values without a class in [\d,]+ pixels: 255$")
_REASONS = 10
_USER = 4  # stacklevel of the line that calls from_masks, which calls mask_pools, which calls _warn_turned
_EXAMPLE = 'from_masks({"train": ("train/images", "train/masks"), "test": ("test/images", "test/masks")}, classes=["sky", "road"])'


def from_masks(
    parts: "str | Path | Mapping[str, Any]",
    classes: Classes = None,
    ignore: Any = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read images of any size, each with a mask of the same size whose pixel values or colours stand for classes.

    An image and its mask have the same name without the extension, or the names of all masks end with the same word, such as
    ``1_mask.png`` for ``1.jpg``. A photo with a rotation of a camera (EXIF) needs a mask of the upright photo. Only paths are
    kept in memory.

    Args:
        parts: A folder with ``train/images`` and ``train/masks``, or ``images/train`` and ``masks/train``; or with ``images`` and
            ``masks`` alone. Or a dict: part -> (images, masks), each a folder, or a sequence of paths, encoded bytes or arrays.
        classes: Class names in the order of pixel values; ``{value: name}``; or ``{(red, green, blue): name}`` for coloured masks.
            Several values may have the same name. Or the labels of a model that was trained on such masks, ``model.task.labels``.
            With None, the values in the training masks are the names. With labels of a model, no training part is needed.
        ignore: The value, the colour or the name of pixels without a class, or a list of these. They have no loss and no metric.
        holdout: Fractions (validation, test) of the training images, to split off missing parts.
        seed: Seed of the random split.
        on_corrupt: ``"error"``, or ``"skip"`` to leave out images and masks that cannot be used and list them in
            ``Splits.skipped``.

    Returns:
        Splits whose targets are read when they are needed: uint8 class ids of shape (height, width), 255 for ignored pixels.

    Raises:
        DataError: When folders are missing; an image has no mask or a mask no image; a mask cannot be read, has another size than
            its image, a value or colour without a class, or ignored pixels only; or there are fewer than two classes.

    Warns:
        DataWarning: When photos have a rotation that does not change their size, so that it is unknown whether masks fit.

    Example:
        >>> images = [np.full((8, 8, 3), 20 * n, np.uint8) for n in range(10)]
        >>> masks = [np.uint8(np.arange(64).reshape(8, 8) % (2 + n % 2)) for n in range(10)]
        >>> data = from_masks({"train": (images, masks)}, classes=["sky", "road", "void"], ignore="void")
        >>> data.describe(), data.labels.names, sorted(set(data.train.targets[0].ravel().tolist()))
        ('7 train, 2 validation, 1 test; 2 classes', ('sky', 'road'), [0, 1, 255])
    """
    source = as_call(from_masks, locals())
    splitting = Splitting(holdout, seed, on_corrupt)
    pools = mask_pools(parts, classes, ignore, on_corrupt)
    known = isinstance(classes, LabelSpace) or "train" in pools
    labels = pools.get("train", next(iter(pools.values()))).targets.items[0].coding.labels() if known else None
    return assemble(pools, splitting, source=source, labels=labels)


def mask_pools(
    parts: "str | Path | Mapping[str, Any]",
    classes: Classes = None,
    ignore: Any = None,
    on_corrupt: OnCorrupt = "error",
) -> dict[str, Pool]:
    """Read images and masks before missing parts are split off.

    Args:
        parts: As for ``from_masks``.
        classes: As for ``from_masks``.
        ignore: As for ``from_masks``.
        on_corrupt: As for ``from_masks``.

    Returns:
        Pools of images and Masks, by part.

    Raises:
        DataError: As ``from_masks``.
    """
    pairs = {part: _pairs(part, given) for part, given in _parts(parts).items()}
    _check_lonely(pairs, on_corrupt)
    own = {part: look_at(each.images, each.masks, are_colors(classes)) for part, each in pairs.items()}
    every = iter(with_one_palette([look for some in own.values() for look in some]))
    looks = {part: list(islice(every, len(some))) for part, some in own.items()}
    first = "train" if "train" in looks else next(iter(looks))
    coding = coding_of(classes, ignore, _counted(first, pairs[first].masks, looks[first]))
    pools = {}
    for part, each in pairs.items():
        items, pixels, faults = coded(looks[part], each.masks, coding)
        named = [f"{_name(each.masks, row)}: {fault.describe(coding)}" for row, fault in faults.items()]
        if named and on_corrupt == "error":
            raise DataError(
                f"{len(named)} of {quantity(len(items), 'mask')} of the {part} part cannot be used: "
                f"{_by_reason(each.masks, faults, coding)}.",
                fix=f'{_advice(named)} Repair or remove the masks, or pass on_corrupt="skip" to leave them out.',
            )
        good = np.setdiff1d(np.arange(len(items)), list(faults))
        if not len(good):
            raise DataError(
                f"No mask of the {part} part can be used.", _by_reason(each.masks, faults, coding), _advice(named)
            )
        _warn_turned(each, [looks[part][int(row)] for row in good], good)
        lonely = [f"{path}: it has no mask" for path in each.without_mask]
        lonely += [f"{path}: it has no image" for path in each.without_image]
        masks = Masks(tuple(items), pixels)[good]
        pools[part] = Pool(Selected(each.images, good), masks, left_out=each.left_out, skipped=(*lonely, *named))
    return pools


def _parts(parts: Any) -> Mapping[str, Any]:
    if isinstance(parts, (str, os.PathLike)):
        found = mask_folders(Path(parts))
        if not found:
            raise DataError(
                f"{str(parts)!r} holds no folders of images and masks.",
                fix=f"Name them images and masks, also below train, validation and test; or write {_EXAMPLE}.",
            )
        return found
    if not isinstance(parts, Mapping) or not parts:
        raise DataError(
            "from_masks() takes a folder, or images and masks for each part.", repr(parts)[:100], f"Write {_EXAMPLE}."
        )
    if strange := [part for part in parts if part not in PARTS]:
        raise DataError(f"There is no part {strange[0]!r}.", shortlist(parts), meant(strange))
    return parts


def _pairs(part: str, given: Any) -> Pairs:
    """The images and masks of one part."""
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise DataError(
            f"The {part} part needs images and masks.", repr(given)[:100], f"Pass a pair, as in {_EXAMPLE}."
        )
    if all(isinstance(each, (str, os.PathLike)) for each in given):
        return paired(*given)
    if any(isinstance(each, (str, bytes, os.PathLike)) for each in given):
        raise DataError(
            f"The {part} part mixes a folder and a sequence.", repr(given)[:100], "Pass two folders, or two sequences."
        )
    images, masks = ([str(item) if isinstance(item, os.PathLike) else item for item in each] for each in given)
    if len(images) != len(masks):
        raise DataError(
            f"The {part} part needs one mask for each image.",
            f"{quantity(len(images), 'image')} and {quantity(len(masks), 'mask')}",
            "Pass two sequences in the same order.",
        )
    files = all(isinstance(image, (str, bytes, bytearray)) for image in images)
    return Pairs(images if files else AsPixels(images, None), masks)


def _check_lonely(pairs: Mapping[str, Pairs], on_corrupt: OnCorrupt) -> None:
    if on_corrupt != "error":
        return
    for part, each in pairs.items():
        for paths, one, other in ((each.without_mask, "image", "mask"), (each.without_image, "mask", "image")):
            if paths:
                raise DataError(
                    f"{quantity(len(paths), f'{one} has', f'{one}s have')} no {other} in the {part} part: {shortlist(paths)}.",
                    fix=f'Give an image and its mask the same name, or pass on_corrupt="skip" to leave out such {one}s.',
                )


def _counted(part: str, masks: Sequence[Any], looks: Sequence[Look]) -> Mapping[int, int]:
    """Count the pixels of each value in those masks that can be used."""
    if all(look.reason for look in looks):
        faults = {row: Fault(look.reason) for row, look in enumerate(looks)}
        advice = _advice([look.reason for look in looks])
        raise DataError(f"No mask of the {part} part can be used.", _by_reason(masks, faults, None), advice)
    return sum((Counter(look.values) for look in looks if not look.reason), Counter[int]())


def _by_reason(masks: Sequence[Any], faults: Mapping[int, Fault], coding: Coding | None) -> str:
    """Each reason once, behind the masks that it concerns."""
    rows: dict[str, list[int]] = {}
    for row, fault in faults.items():
        rows.setdefault(fault.what, []).append(row)
    shown = [
        f"{shortlist([_name(masks, row) for row in some])}: {joined([faults[row] for row in some]).describe(coding)}"
        for some in rows.values()
    ]
    return "; ".join(shown[:_REASONS]) + (f"; ... ({len(shown)} reasons in all)" if len(shown) > _REASONS else "")


def _advice(named: Sequence[str]) -> str:
    if any("changes the values of masks" in each for each in named):
        return "JPEG and lossy WebP, also inside of TIFF, change the values of masks; save them as PNG."
    if any(_WHITE.search(each) for each in named):
        return (
            'If the masks have the values 0 and 255 alone, pass classes={0: "background", 255: "object"}. If 255 marks pixels '
            "without a class, pass ignore=255."
        )
    if any("of its palette" in each for each in named):
        return "Save masks as grey PNG without a palette, or name their colours: classes={(128, 0, 0): 'car', ...}."
    if any("no colour has a class" in each for each in named):
        return "Say which class each colour stands for: classes={(128, 0, 0): 'car', ...}."
    if any("is a TIFF in which 0 is white" in each for each in named):
        return "Save these masks as PNG."
    if any("an object of type" in each for each in named):
        return "Pass paths, encoded bytes, or arrays such as np.asarray(mask)."
    if any("transparent" in each for each in named):
        return "Save masks without transparency."
    if any("without a class" in each for each in named):
        return "Name each value with classes=, or leave pixels out with ignore=, such as ignore=255."
    return "Each mask needs the size of its image, and the values of classes."


def _warn_turned(pairs: Pairs, looks: Sequence[Look], rows: np.ndarray) -> None:
    turned = [
        _name(pairs.images, int(row))
        for row, look in zip(rows, looks, strict=True)
        if look.image is not None and look.image.turned and look.size == look.image.stored
    ]
    if turned:
        warnings.warn(
            f"{quantity(len(turned), 'image has', 'images have')} a rotation of a camera (EXIF), and a mask that fits with it and "
            f"without it: {shortlist(turned)}. Masks are taken for those of the upright images.",
            DataWarning,
            stacklevel=_USER,
        )


def _name(items: Sequence[Any], index: int) -> str:
    return str(items[index]) if isinstance(items[index], str) else f"example {index}"
