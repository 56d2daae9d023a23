"""Augmentation, and how it is carried out: a picture or a batch and a generator -> another view of it.

Pillow and NumPy do the arithmetic, in the threads that decode. Keras has layers for most of these; on a CPU its ``RandomFlip``
takes 2 ms a picture of 224 x 224 pixels and its ``RandAugment`` 45 ms, which is five times the training step of a MobileNet, draws
one choice of operations for a whole batch, and keeps its random state where parallel calls race for it (Keras 3.15, measured).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tfft.augment import image_changes, mixing, words
from tfft.core.errors import DataError, nearest
from tfft.core.specs import Text
from tfft.images.decoding import decoded
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.text import TextPreprocessor

_PICTURE: dict[str, Callable[..., Image.Image]] = {
    "flips": image_changes.flip,
    "rotation": image_changes.rotate,
    "zoom": image_changes.zoom,
    "colors": image_changes.change_colors,
    "rand_augment": image_changes.rand_augment,
    "erasing": image_changes.erase,
}
_BATCH: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"mixup": mixing.mixup, "cutmix": mixing.cutmix}
_CROPS = "crops"
_TOKENS = "token_dropout"


@dataclass(frozen=True)
class Augmentation:
    """One kind of change.

    Attributes:
        name: Of the constructor in ``augment/augmentation.py``.
        options: Its arguments, sorted by name.

    Raises:
        DataError: When there is none of this name.

    Example:
        >>> Augmentation.of("flips", horizontal=True, vertical=False).describe()
        'flips(horizontal=True, vertical=False)'
    """

    name: str
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        known = (*_PICTURE, *_BATCH, _CROPS, *words.WORDS, _TOKENS)
        if self.name not in known:
            raise DataError(f"There is no augmentation {self.name!r}.", fix=nearest(str(self.name), known))

    @classmethod
    def of(cls, name: str, **options: Any) -> "Augmentation":
        """An Augmentation from its options by name.

        Args:
            name: Of the constructor.
            **options: Its arguments.

        Returns:
            An Augmentation.

        Raises:
            DataError: When there is none of this name.
        """
        return cls(name, tuple(sorted(options.items())))

    @property
    def mixes(self) -> bool:
        """Whether it makes one example of two, so that targets of shape (batch, outputs) change as well."""
        return self.name in _BATCH

    @property
    def of_texts(self) -> bool:
        """Whether it changes texts, and not pictures of shape (height, width, 3)."""
        return self.of_words or self.name == _TOKENS

    @property
    def of_words(self) -> bool:
        """Whether it changes the words of a text, which are then turned into tokens, shape (tokens, 2), anew."""
        return self.name in words.WORDS

    def describe(self) -> str:
        """The call that makes it, numbers rounded to four digits."""
        shown = {
            key: f"{len(value)} words" if key == "table" and value else _short(value) for key, value in self.options
        }
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in shown.items())})"

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON values."""
        return {"name": self.name, "options": {k: list(v) if isinstance(v, tuple) else v for k, v in self.options}}


def read(
    item: Any, preprocessor: ImagePreprocessor, augment: Iterable[Augmentation], random: np.random.Generator
) -> np.ndarray:
    """Read one picture and change it.

    Args:
        item: As for the preprocessor.
        preprocessor: Brings it to its size.
        augment: In order, but crops first, since they are taken from the original; what mixes batches is left out.
        random: Of this picture in this epoch.

    Returns:
        uint8 pixels, shape (height, width, 3).

    Raises:
        DataError: When the picture cannot be decoded.

    Example:
        >>> geometry, random = ImagePreprocessor(8, 8), np.random.default_rng(0)
        >>> mirror = Augmentation.of("flips", horizontal=True, vertical=False)
        >>> read(np.zeros((20, 30, 3), np.uint8), geometry, (mirror,), random).shape
        (8, 8, 3)
    """
    size = (preprocessor.width, preprocessor.height)
    steps = [(step.name, dict(step.options)) for step in augment if not step.mixes]
    crops = [options for name, options in steps if name == _CROPS]
    if crops:
        larger = crops[0]["scale"][0] ** -0.5  # so that the smallest box still holds as many pixels as the net takes
        with decoded(item, (round(size[0] * larger), round(size[1] * larger))) as image:
            for options in crops:
                image = image_changes.crop(image, random, size, **options)
    else:
        image = Image.fromarray(preprocessor(item))
    for name, options in steps:
        image = image if name == _CROPS else _PICTURE[name](image, random, **options)
    return np.asarray(image)


def mix(
    pixels: np.ndarray, targets: np.ndarray, augment: Iterable[Augmentation], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix the examples of one batch.

    Args:
        pixels: uint8, shape (batch, height, width, 3).
        targets: float32, shape (batch, outputs).
        augment: What mixes is carried out, in order; everything else is left out.
        random: Of this batch in this epoch.

    Returns:
        Pixels and targets of the same shapes and dtypes.
    """
    for step in augment:
        if step.mixes:
            pixels, targets = _BATCH[step.name](pixels, targets, random, **dict(step.options))
    return pixels, targets


def read_texts(
    items: Sequence[Text | np.ndarray],
    preprocessor: TextPreprocessor,
    augment: Sequence[Augmentation],
    randoms: Sequence[np.random.Generator],
) -> list[np.ndarray]:
    """Change texts, and turn them into tokens.

    Args:
        items: One or more; or, where no words change, what they are as tokens, int32 of shape (tokens, 2) each, which saves most of
            the time.
        preprocessor: Of the backbone.
        augment: In order, but those of tokens last.
        randoms: Of each text in this epoch.

    Returns:
        int32 of shape (tokens, 2) for each.

    Raises:
        DataError: When synonyms are wanted and there are none.
    """
    steps = [(step.name, dict(step.options)) for step in augment]
    taken: Sequence[Any] = items
    if any(step.of_words for step in augment):
        several = [
            tuple(words.changed(part, steps, random) for part in (item.first, item.second) if part is not None)
            for item, random in zip(taken, randoms, strict=True)
        ]
        taken = [each if len(each) > 1 else each[0] for each in several]
    if not isinstance(taken[0], np.ndarray):
        taken = preprocessor.many(taken).rows
    rows = [np.asarray(row) for row in taken]
    for name, options in steps:
        if name == _TOKENS:
            mask, special = preprocessor.tokenizer.mask, preprocessor.tokenizer.special
            rows = [
                words.drop_tokens(row, random, mask=mask, special=special, **options)
                for row, random in zip(rows, randoms, strict=True)
            ]
    return rows


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_short, value))})"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
