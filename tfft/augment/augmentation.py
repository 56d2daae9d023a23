"""What is done to training examples only: frozen values, by name and from JSON.

augment=(crops(), flips())               # of a phase: Phase(..., augment=...)
augment=(crops(), flips(), mixup())      # the last one mixes the examples of a batch, targets included
augment=(swaps(), token_dropout())       # of texts
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
    """Augmentations by name, each with its defaults.

    Args:
        text: Names with commas between them, such as ``"crops,flips"``.

    Returns:
        One Augmentation for each.

    Raises:
        DataError: When there is none of a name.

    Example:
        >>> [step.name for step in named("crops, flips")]
        ['crops', 'flips']
    """
    if not isinstance(text, str):
        raise DataError("named() takes names in one text.", repr(text), 'Write named("crops,flips").')
    names = [name.strip() for name in text.split(",") if name.strip()]
    return tuple(_BY_NAME[name]() if name in _BY_NAME else Augmentation(name) for name in names)


def from_dict(values: Mapping[str, Any]) -> Augmentation:
    """Undo ``Augmentation.to_dict``.

    Args:
        values: What it returned, possibly after a JSON round trip.

    Returns:
        An equal Augmentation.

    Raises:
        DataError: When there is none of this name, or an option is out of range.
        KeyError: When name or options are missing.
        TypeError: When it takes no such option.

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
