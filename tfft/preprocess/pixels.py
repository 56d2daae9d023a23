"""Value ranges: pixels 0..255 -> what a backbone was trained on, as stock Keras layers inside the net.

Inside the net they can be neither forgotten nor done twice, and a saved net opens in plain Keras.

Source: ``keras.applications.imagenet_utils.preprocess_input`` (Keras 3.15), checked value for value by the contract tests.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SPREAD = (0.229, 0.224, 0.225)
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


def _raw(pixels: Any) -> Any:
    return pixels


def _minus_one_to_one(pixels: Any) -> Any:
    import keras

    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="pixel_range")(pixels)


def _zero_to_one(pixels: Any) -> Any:
    import keras

    return keras.layers.Rescaling(1 / 255, name="pixel_range")(pixels)


def _torch(pixels: Any) -> Any:
    import keras

    scale = [1 / (255 * spread) for spread in IMAGENET_SPREAD]
    offset = [-mean / spread for mean, spread in zip(IMAGENET_MEAN, IMAGENET_SPREAD, strict=True)]
    return keras.layers.Rescaling(scale, offset, name="pixel_range")(pixels)


def _caffe(pixels: Any) -> Any:
    import keras

    blue_green_red = keras.ops.flip(pixels, axis=-1)
    return keras.layers.Rescaling(1.0, [-mean for mean in _CAFFE_MEAN_BGR], name="pixel_range")(blue_green_red)


PIXEL_RANGES: dict[str, Callable[[Any], Any]] = {
    "raw": _raw,
    "minus_one_to_one": _minus_one_to_one,
    "zero_to_one": _zero_to_one,
    "torch": _torch,
    "caffe": _caffe,
}
"""What may stand between pixels 0..255 (float32, (batch, height, width, 3), RGB) and a backbone; ``raw`` is nothing."""

_MEAN_AND_SPREAD: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "raw": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "minus_one_to_one": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "zero_to_one": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "torch": (IMAGENET_MEAN, IMAGENET_SPREAD),
}


def range_of(mean: Sequence[float], spread: Sequence[float]) -> str | None:
    """The pixel range that a mean and a spread make.

    Args:
        mean: Of red, green and blue, of pixels between 0 and 1; a net then takes (pixel / 255 - mean) / spread.
        spread: The same.

    Returns:
        A key of ``PIXEL_RANGES``; None where there is none.

    Example:
        >>> range_of([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), range_of([0.48, 0.46, 0.41], [0.27, 0.26, 0.28])
        ('minus_one_to_one', None)
    """
    for name, (means, spreads) in _MEAN_AND_SPREAD.items():
        pairs = (*zip(means, mean, strict=True), *zip(spreads, spread, strict=True))
        if all(math.isclose(ours, theirs, rel_tol=1e-3, abs_tol=1e-6) for ours, theirs in pairs):
            return name
    return None
