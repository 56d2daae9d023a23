"""Augmentation, and the functions that apply it to an image, a batch or texts with a random generator.

Pillow and NumPy do the work, in the threads that decode images. Keras has layers for most augmentations, but on a CPU they are
slow: for each image of 224 x 224 pixels, ``RandomFlip`` takes 2 ms and ``RandAugment`` 45 ms, five times the training step of a
MobileNet. ``RandAugment`` also draws the same operations for a whole batch, and parallel calls race for its random state (Keras
3.15, measured).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tfft.augment import image_changes, mixing, words
from tfft.core.errors import DataError, nearest
from tfft.core.specs import Text
from tfft.core.values import Arrays
from tfft.images.decoding import decoded
from tfft.images.sizes import size_of
from tfft.inputs.alignment import Alignment
from tfft.inputs.base import Preprocessor
from tfft.inputs.image import ImagePreprocessor
from tfft.inputs.text import TextPreprocessor

_IMAGE: dict[str, Callable[..., Image.Image]] = {
    "flips": image_changes.flip,
    "rotation": image_changes.rotate,
    "zoom": image_changes.zoom,
    "colors": image_changes.change_colors,
    "rand_augment": image_changes.rand_augment,
    "erasing": image_changes.erase,
}
_MASK = {
    name: _IMAGE[name] for name in ("flips", "rotation", "zoom", "rand_augment", "erasing")
}  # changes that move pixels or hide them
_BATCH: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"mixup": mixing.mixup, "cutmix": mixing.cutmix}
_CROPS = "crops"
_TOKENS = "token_dropout"


@dataclass(frozen=True)
class Augmentation:
    """One kind of change.

    Attributes:
        name: Name of the constructor in ``augment/augmentation.py``.
        options: Arguments of the constructor, sorted by name.

    Raises:
        DataError: When the name does not exist.

    Example:
        >>> Augmentation.of("flips", horizontal=True, vertical=False).describe()
        'flips(horizontal=True, vertical=False)'
    """

    name: str
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        known = (*_IMAGE, *_BATCH, _CROPS, *words.WORDS, _TOKENS)
        if self.name not in known:
            raise DataError(f"There is no augmentation {self.name!r}.", fix=nearest(str(self.name), known))

    @classmethod
    def of(cls, name: str, **options: Any) -> "Augmentation":
        """Make an Augmentation from named options.

        Args:
            name: Name of the constructor.
            **options: Arguments of the constructor.

        Returns:
            An Augmentation.

        Raises:
            DataError: When the name does not exist.
        """
        return cls(name, tuple(sorted(options.items())))

    @property
    def mixes(self) -> bool:
        """Whether it mixes two examples, so that targets of shape (batch, outputs) change as well."""
        return self.name in _BATCH

    @property
    def noun(self) -> str:
        """What it changes: ``"text"``, or ``"image"`` of shape (height, width, 3), as in ``Preprocessor.noun``."""
        return "text" if self.of_words or self.name == _TOKENS else "image"

    @property
    def of_words(self) -> bool:
        """Whether it changes the words of a text, so that the text must be tokenized again, to shape (tokens, 2)."""
        return self.name in words.WORDS

    def describe(self) -> str:
        """The call that makes this augmentation, with numbers rounded to four digits."""
        shown = {
            key: f"{len(value)} words" if key == "table" and value else _short(value) for key, value in self.options
        }
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in shown.items())})"

    def to_dict(self) -> dict[str, Any]:
        """Name and options as plain JSON values."""
        return {"name": self.name, "options": {k: list(v) if isinstance(v, tuple) else v for k, v in self.options}}


def changed(
    items: Sequence[Any],
    preprocessor: Preprocessor,
    augment: Sequence[Augmentation],
    randoms: Sequence[np.random.Generator],
) -> list[np.ndarray]:
    """Read the inputs of a batch, and change each of them at random.

    Args:
        items: At least one raw input, as for the preprocessor. When no augmentation changes words, texts may be tokens already,
            each int32 of shape (tokens, 2), which saves most of the time.
        preprocessor: The preprocessor of the backbone.
        augment: Augmentations in order. Crops come first, because they need the original image; those of tokens come last. Those
            that mix are skipped.
        randoms: The generator of each input in this epoch.

    Returns:
        A row for each input: uint8 pixels of shape (height, width, 3), or int32 tokens of shape (tokens, 2).

    Raises:
        DataError: When an image cannot be decoded, or an augmentation needs WordNet, and it is not installed.

    Example:
        >>> geometry, random = ImagePreprocessor(8, 8), np.random.default_rng(0)
        >>> mirror = Augmentation.of("flips", horizontal=True, vertical=False)
        >>> changed([np.zeros((20, 30, 3), np.uint8)], geometry, (mirror,), [random])[0].shape
        (8, 8, 3)
    """
    rows: list[np.ndarray] = _BY_NOUN[preprocessor.noun](items, preprocessor, augment, randoms)
    return rows


def moved(
    mask: np.ndarray, alignment: Alignment, augment: Sequence[Augmentation], random: np.random.Generator
) -> np.ndarray:
    """Change a mask as ``changed`` changes its image, with the same random draws.

    Args:
        mask: uint8 class ids, shape (height, width) of the image.
        alignment: Where images are in the input of the network.
        augment: Augmentations of images; those of colours leave the mask unchanged.
        random: A generator in the state that the generator of the image had.

    Returns:
        uint8, of the height and width of the network's input; 255 (no class) outside of the image, and where noise replaces it.

    Example:
        >>> mirror = Augmentation.of("flips", horizontal=True, vertical=False)
        >>> moved(np.uint8([[1, 2]]), Alignment(1, 2), [mirror], np.random.default_rng(5)).tolist()
        [[2, 1]]
    """
    steps = _steps(augment, random)
    size = (alignment.width, alignment.height)
    crops = [(options, own) for name, options, own in steps if name == _CROPS]
    image = Image.fromarray(mask)
    if crops:
        for options, own in crops:
            box = image_changes.crop_box(image.size, own, **options)
            image = image_changes.cut(image, box, size, image_changes.MASK)
    else:
        image = Image.fromarray(alignment.place(mask))
    for name, options, own in steps:
        if name in _MASK:
            image = _MASK[name](image, own, **options, like=image_changes.MASK)
    return np.asarray(image)


def mix(
    inputs: Arrays, targets: np.ndarray, augment: Iterable[Augmentation], random: np.random.Generator
) -> tuple[Arrays, np.ndarray]:
    """Mix the examples of one batch.

    Args:
        inputs: The inputs of the network by name; where an augmentation mixes, only pixels, uint8, (batch, height, width, 3).
        targets: float32, shape (batch, outputs).
        augment: Augmentations in order; those that do not mix are skipped.
        random: The generator of this batch in this epoch.

    Returns:
        Inputs and targets of the same shapes and dtypes.
    """
    for step in augment:
        if step.mixes:
            pixels, targets = _BATCH[step.name](inputs["pixels"], targets, random, **dict(step.options))
            inputs = {"pixels": pixels}
    return inputs, targets


def _changed_images(
    items: Sequence[Any],
    preprocessor: ImagePreprocessor,
    augment: Sequence[Augmentation],
    randoms: Sequence[np.random.Generator],
) -> list[np.ndarray]:
    return [_changed_image(item, preprocessor, augment, random) for item, random in zip(items, randoms, strict=True)]


def _changed_image(
    item: Any, preprocessor: ImagePreprocessor, augment: Iterable[Augmentation], random: np.random.Generator
) -> np.ndarray:
    size = (preprocessor.width, preprocessor.height)
    steps = _steps(augment, random)
    crops = [(options, own) for name, options, own in steps if name == _CROPS]
    if crops:
        larger = crops[0][0]["scale"][0] ** -0.5  # then even the smallest box has enough pixels for the network
        upright = size_of(item)  # a large image is decoded smaller, but the draws must be those of its mask
        whole = (upright.width, upright.height)
        with decoded(item, (round(size[0] * larger), round(size[1] * larger))) as image:
            for options, own in crops:
                image = image_changes.cut(image, image_changes.crop_box(whole, own, **options), size)
                whole = size
    else:
        image = Image.fromarray(preprocessor(item))
    for name, options, own in steps:
        image = image if name == _CROPS else _IMAGE[name](image, own, **options)
    return np.asarray(image)


def _steps(
    augment: Iterable[Augmentation], random: np.random.Generator
) -> list[tuple[str, dict[str, Any], np.random.Generator]]:
    """Name, options and random generator of each change, crops first.

    Each has a generator of its own, so that a mask needs the draws of some of them only.
    """
    steps = sorted((step for step in augment if not step.mixes), key=lambda step: step.name != _CROPS)
    return [(step.name, dict(step.options), own) for step, own in zip(steps, random.spawn(len(steps)), strict=True)]


def _changed_texts(
    items: Sequence[Text | np.ndarray],
    preprocessor: TextPreprocessor,
    augment: Sequence[Augmentation],
    randoms: Sequence[np.random.Generator],
) -> list[np.ndarray]:
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


_BY_NOUN: dict[str, Callable[..., list[np.ndarray]]] = {"image": _changed_images, "text": _changed_texts}


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_short, value))})"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
