"""Tiny seeded nets with random weights, for tests and examples: they build in milliseconds and need nothing."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from tfft.backbones.base import Backbone, given_options
from tfft.core.errors import BackboneError
from tfft.core.seed import seeded_initializers
from tfft.core.specs import Block, FeatureSpec
from tfft.preprocess.image import ImagePreprocessor

if TYPE_CHECKING:
    import keras

_WIDTHS = (4, 8, 8)
_MIN_SIZE = 8


def names() -> Iterable[str]:
    """The toy nets there are."""
    return ("toy",)


def backbone(name: str, size: int = 16) -> Backbone:
    """Describe a toy net: three blocks of convolution, batch normalisation and ReLU, each halving the map.

    Args:
        name: ``"toy"``.
        size: Height and width of the input in pixels, at least 8.

    Returns:
        A Backbone whose features are a map (batch, size / 8, size / 8, 8).

    Raises:
        BackboneError: When the size is too small.
    """
    if size < _MIN_SIZE:
        raise BackboneError(
            f"The input of {name!r} must be at least {_MIN_SIZE} pixels.", f"size {size}", "Pass size=16."
        )
    numbers = range(1, len(_WIDTHS) + 1)
    return Backbone(
        handle=name,
        options=given_options(size=size),
        loader=partial(_load, size),
        features=FeatureSpec("map"),
        blocks=tuple(Block(f"block{i}", f"block{i}_" if i < len(_WIDTHS) else "") for i in numbers),
        preprocessor=ImagePreprocessor(size, size),
        pixel_range="minus_one_to_one",
    )


def _load(size: int, seed: int) -> "keras.Model":
    import keras

    with seeded_initializers(seed):
        x = inputs = keras.Input((size, size, 3), name="pixels")
        for index, width in enumerate(_WIDTHS, start=1):
            x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"block{index}_conv")(x)
            x = keras.layers.BatchNormalization(name=f"block{index}_bn")(x)
            x = keras.layers.Activation("relu", name=f"block{index}_relu")(x)
        return keras.Model(inputs, x, name="backbone")
