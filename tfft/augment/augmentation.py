"""Augmentations, which change training examples only: constructors, and functions to make them by name or from JSON.

augment=(crops(), flips())               # for a phase: Phase(..., augment=...)
augment=(crops(), flips(), mixup())      # mixup mixes the examples of a batch, and their targets
augment=(swaps(), token_dropout())       # for texts
"""

from collections.abc import Mapping
from typing import Any

from tfft.augment.image_augmentation import (
    colors,
    crops,
    cutmix,
    erasing,
    flips,
    mixup,
    rand_augment,
    rotation,
    zoom,
)  # fmt: skip
from tfft.augment.text_augmentation import deletions, insertions, swaps, synonyms, token_dropout
from tfft.augment.views import Augmentation
from tfft.core.errors import DataError

__all__ = [
    "colors", "crops", "cutmix", "deletions", "erasing", "flips", "from_dict", "insertions", "mixup", "named", "rand_augment",
    "rotation", "swaps", "synonyms", "token_dropout", "zoom",
]  # fmt: skip


def named(text: str) -> tuple[Augmentation, ...]:
    """Make augmentations by name, with default options.

    Args:
        text: Names separated by commas, such as ``"crops,flips"``.

    Returns:
        An Augmentation for each name.

    Raises:
        DataError: When a name does not exist.

    Example:
        >>> [step.name for step in named("crops, flips")]
        ['crops', 'flips']
    """
    if not isinstance(text, str):
        raise DataError("named() takes one string with all names.", repr(text), 'Write named("crops,flips").')
    names = [name.strip() for name in text.split(",") if name.strip()]
    return tuple(_BY_NAME[name]() if name in _BY_NAME else Augmentation(name) for name in names)


def from_dict(values: Mapping[str, Any]) -> Augmentation:
    """Undo ``Augmentation.to_dict``.

    Args:
        values: The result of ``to_dict``, possibly after a JSON round trip.

    Returns:
        An equal Augmentation.

    Raises:
        DataError: When the name does not exist, or an option is out of range.
        KeyError: When name or options are missing.
        TypeError: When the augmentation does not have an option.

    Example:
        >>> from_dict(crops().to_dict()) == crops()
        True
    """
    name = values["name"]
    options: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values["options"].items()
    }
    return _BY_NAME[name](**options) if name in _BY_NAME else Augmentation(name)


_BY_NAME = {
    make.__name__: make
    for make in (
        flips, crops, rotation, zoom, colors, rand_augment, erasing, mixup, cutmix, synonyms, insertions, swaps, deletions,
        token_dropout,
    )
}  # fmt: skip
