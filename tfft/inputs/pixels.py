"""Value ranges: convert pixels 0..255 to the range a backbone was trained on, with Keras layers inside the network.

Inside the network, the conversion can be neither forgotten nor applied twice, and plain Keras opens the saved network.

Source: ``keras.applications.imagenet_utils.preprocess_input`` (Keras 3.15), checked value for value by the contract tests.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SPREAD = (0.229, 0.224, 0.225)
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


def _name(pixels: Any) -> str:
    """The name of the layer: a net with several images has one for each."""
    return "pixel_range" if pixels.name == "pixels" else f"{pixels.name}_pixel_range"


def _raw(pixels: Any) -> Any:
    return pixels


def _minus_one_to_one(pixels: Any) -> Any:
    import keras

    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name=_name(pixels))(pixels)


def _zero_to_one(pixels: Any) -> Any:
    import keras

    return keras.layers.Rescaling(1 / 255, name=_name(pixels))(pixels)


def _torch(pixels: Any) -> Any:
    import keras

    scale = [1 / (255 * spread) for spread in IMAGENET_SPREAD]
    offset = [-mean / spread for mean, spread in zip(IMAGENET_MEAN, IMAGENET_SPREAD, strict=True)]
    return keras.layers.Rescaling(scale, offset, name=_name(pixels))(pixels)


def _caffe(pixels: Any) -> Any:
    import keras

    blue_green_red = keras.ops.flip(pixels, axis=-1)
    return keras.layers.Rescaling(1.0, [-mean for mean in _CAFFE_MEAN_BGR], name=_name(pixels))(blue_green_red)


PIXEL_RANGES: dict[str, Callable[[Any], Any]] = {
    "raw": _raw,
    "minus_one_to_one": _minus_one_to_one,
    "zero_to_one": _zero_to_one,
    "torch": _torch,
    "caffe": _caffe,
}
"""Name -> function that converts pixels 0..255 (float32, (batch, height, width, 3), RGB); ``raw`` leaves them unchanged."""

_MEAN_AND_SPREAD: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "raw": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "minus_one_to_one": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "zero_to_one": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "torch": (IMAGENET_MEAN, IMAGENET_SPREAD),
}


def range_of(mean: Sequence[float], spread: Sequence[float]) -> str | None:
    """Find the pixel range with this mean and spread.

    Args:
        mean: Mean of red, green and blue, shape (3,), for pixels in [0, 1]; the network takes (pixel / 255 - mean) / spread.
        spread: Standard deviation of red, green and blue, in the same unit.

    Returns:
        A key of ``PIXEL_RANGES``; None when no range matches.

    Example:
        >>> range_of([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), range_of([0.48, 0.46, 0.41], [0.27, 0.26, 0.28])
        ('minus_one_to_one', None)
    """
    for name, (means, spreads) in _MEAN_AND_SPREAD.items():
        pairs = (*zip(means, mean, strict=True), *zip(spreads, spread, strict=True))
        if all(math.isclose(known, given, rel_tol=1e-3, abs_tol=1e-6) for known, given in pairs):
            return name
    return None
