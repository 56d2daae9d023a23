"""The small image backbone that ships inside the package; ``scripts/pretrain_mini.py`` distilled it."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from tfft.backbones.base import Backbone, given_options, input_size
from tfft.core.errors import BackboneError
from tfft.core.specs import Block, FeatureSpec
from tfft.inputs.image import ImagePreprocessor

if TYPE_CHECKING:
    import keras

MIN_SIZE = 32
SIZE = 96
_BLOCKS = tuple((f"block{i}", f"block{i}_out" if i < 5 else "") for i in range(1, 6))


def names() -> Iterable[str]:
    """Return the names of the backbones that ship with tfft."""
    return ("tfft_mini",)


def backbone(name: str, weights: str | None = "tfft", size: int = SIZE) -> Backbone:
    """Describe the backbone that ships with tfft.

    Args:
        name: ``"tfft_mini"``.
        weights: ``"tfft"`` for the weights that ship with the package, None for random weights.
        size: Height and width of the input in pixels, at least 32.

    Returns:
        A Backbone whose features are a map of shape (batch, size / 16, size / 16, channels), sides rounded up.

    Raises:
        BackboneError: When the size is invalid, too small or not square, or ``weights`` is unknown.

    Example:
        >>> backbone("tfft_mini", weights=None, size=64).preprocessor.to_dict()
        {'height': 64, 'width': 64, 'fit': 'crop'}
    """
    if weights not in ("tfft", None):
        raise BackboneError(f"{name!r} has no weights {weights!r}.", fix="Pass 'tfft', or None for random weights.")
    side, width = input_size(name, size, MIN_SIZE)
    if side != width:
        raise BackboneError(f"The input of {name!r} must be square.", f"size {side} x {width}", f"Pass size={side}.")
    return Backbone(
        handle=name,
        options=given_options(weights=weights, size=size),
        loader=partial(_load, weights, side),
        features=FeatureSpec("map"),
        blocks=tuple(Block(*block) for block in _BLOCKS),
        preprocessor=ImagePreprocessor(side, side),
    )


def _load(weights: str | None, size: int, seed: int) -> "keras.Model":
    from tfft.backbones.mini_net import load_weights_into, mini_net

    net = mini_net(size=size, seed=seed)
    if weights is not None:
        load_weights_into(net)
    return net
