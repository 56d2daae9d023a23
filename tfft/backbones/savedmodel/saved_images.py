"""Backbones from SavedModels that take images."""

from functools import partial
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, fixed_size
from tfft.backbones.savedmodel.saved_net import SavedNet
from tfft.core.errors import BackboneError, nearest
from tfft.core.specs import FeatureSpec
from tfft.inputs.image import ImagePreprocessor
from tfft.inputs.pixels import PIXEL_RANGES
from tfft.savedmodel.signatures import Contents

if TYPE_CHECKING:
    import keras

# the convention of TensorFlow Hub for image modules: https://www.tensorflow.org/hub/common_signatures/images
RANGE = "zero_to_one"
_AXES = 3


def sees(held: Contents) -> bool:
    """Return whether a SavedModel takes images.

    Args:
        held: The inputs, outputs and variables of the SavedModel.

    Returns:
        True when its only input is a tensor of shape (batch, height, width, 3).
    """
    return len(held.takes) == 1 and len(held.takes[0].shape) == _AXES and held.takes[0].shape[-1] in (3, None)


def described(
    name: str, options: tuple[tuple[str, Any], ...], net: SavedNet, size: Any, fit: str | None, pixel_range: str
) -> Backbone:
    """Describe an image backbone.

    Args:
        name: The name of the backbone.
        options: The options that the user passed.
        net: A SavedModel that takes pixels of shape (batch, height, width, 3).
        size: Height and width in pixels; None for the size of the model.
        fit: How images are resized; None for the default.
        pixel_range: The range of pixels that the model expects, a key of ``PIXEL_RANGES``.

    Returns:
        A Backbone.

    Raises:
        BackboneError: When the size does not fit the model, or the pixel range does not exist.
    """
    if pixel_range not in PIXEL_RANGES:
        raise BackboneError(
            f"The pixel range {pixel_range!r} does not exist.", fix=nearest(str(pixel_range), PIXEL_RANGES)
        )
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
