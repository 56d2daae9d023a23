"""Value ranges: pixels 0..255 -> what a backbone was trained on, as stock Keras layers inside the net.

Inside the net they can be neither forgotten nor done twice, and a saved net opens in plain Keras.

Source: ``keras.applications.imagenet_utils.preprocess_input`` (Keras 3.15), checked value for value by the contract tests.
"""

from collections.abc import Callable
from typing import Any

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SPREAD = (0.229, 0.224, 0.225)
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


def _raw(pixels: Any) -> Any:
    return pixels


def _minus_one_to_one(pixels: Any) -> Any:
    import keras

    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="pixel_range")(pixels)


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
    "torch": _torch,
    "caffe": _caffe,
}
"""What may stand between pixels 0..255 (float32, (batch, height, width, 3), RGB) and a backbone; ``raw`` is nothing."""
