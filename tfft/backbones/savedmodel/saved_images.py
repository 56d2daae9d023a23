"""SavedModels that take pictures."""

from functools import partial
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, fixed_size
from tfft.backbones.savedmodel.saved_net import SavedNet
from tfft.core.errors import BackboneError, nearest
from tfft.core.specs import FeatureSpec
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.pixels import PIXEL_RANGES
from tfft.savedmodel.signatures import Contents

if TYPE_CHECKING:
    import keras

# what modules of TensorFlow Hub for pictures agree on: https://www.tensorflow.org/hub/common_signatures/images
RANGE = "zero_to_one"
_AXES = 3


def sees(held: Contents) -> bool:
    """Whether a SavedModel takes pictures.

    Args:
        held: What it says of itself.

    Returns:
        True where its only input is a tensor of shape (batch, height, width, 3).
    """
    return len(held.takes) == 1 and len(held.takes[0].shape) == _AXES and held.takes[0].shape[-1] in (3, None)


def described(
    name: str, options: tuple[tuple[str, Any], ...], net: SavedNet, size: Any, fit: str | None, pixel_range: str
) -> Backbone:
    """A backbone of pictures.

    Args:
        name: Of the backbone.
        options: As given.
        net: Takes pixels of shape (batch, height, width, 3).
        size: In pixels, or None.
        fit: How pictures are brought to it, or None.
        pixel_range: What it expects of pixels.

    Returns:
        A Backbone.

    Raises:
        BackboneError: When the size or the range is not possible.
    """
    if pixel_range not in PIXEL_RANGES:
        raise BackboneError(f"There is no pixel range {pixel_range!r}.", fix=nearest(str(pixel_range), PIXEL_RANGES))
    height, width = fixed_size(name, net.held.takes[0].shape[:2], size)
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    return Backbone(
        handle=name,
        options=options,
        loader=partial(_load, net, (height, width, 3)),
        features=FeatureSpec(net.kind),
        blocks=net.blocks,
        preprocessor=geometry,
        pixel_range=pixel_range,
        can_finetune=bool(net.held.variables),
    )


def _load(net: SavedNet, shape: tuple[int, ...], seed: int) -> "keras.Model":
    import keras

    pixels = keras.Input(shape, name="pixels")
    return keras.Model(pixels, net.layer()(pixels), name="backbone")
