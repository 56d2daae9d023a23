"""Tiny seeded nets with random weights, for tests and examples: they build in milliseconds and need no files."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from tfft.backbones.base import Backbone, given_options, input_size
from tfft.core.seed import seeded_initializers
from tfft.core.specs import Block, FeatureSpec
from tfft.inputs.image import ImagePreprocessor

if TYPE_CHECKING:
    import keras

_WIDTHS = (4, 8, 8)
_MIN_SIZE = 8


def names() -> Iterable[str]:
    """Return the names of the toy nets."""
    return ("toy",)


def backbone(name: str, size: int | tuple[int, int] = 16) -> Backbone:
    """Describe a toy net: three blocks of convolution, batch normalisation and ReLU, each halving the map.

    Args:
        name: ``"toy"``.
        size: The input size in pixels, one number or (height, width), at least 8.

    Returns:
        A Backbone whose features are a map of shape (batch, height / 8, width / 8, 8), sides rounded up.

    Raises:
        BackboneError: When the size is invalid or too small.

    Example:
        >>> backbone("toy", size=(16, 20)).load().output_shape
        (None, 2, 3, 8)
    """
    height, width = input_size(name, size, _MIN_SIZE)
    numbers = range(1, len(_WIDTHS) + 1)
    return Backbone(
        handle=name,
        options=given_options(size=size),
        loader=partial(_load, (height, width)),
        features=FeatureSpec("map"),
        blocks=tuple(Block(f"block{i}", f"block{i}_" if i < len(_WIDTHS) else "") for i in numbers),
        preprocessor=ImagePreprocessor(height, width),
        pixel_range="minus_one_to_one",
    )


def _load(size: tuple[int, int], seed: int) -> "keras.Model":
    import keras

    with seeded_initializers(seed):
        x = inputs = keras.Input((*size, 3), name="pixels")
        for index, width in enumerate(_WIDTHS, start=1):
            x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"block{index}_conv")(x)
            x = keras.layers.BatchNormalization(name=f"block{index}_bn")(x)
            x = keras.layers.Activation("relu", name=f"block{index}_relu")(x)
        return keras.Model(inputs, x, name="backbone")
