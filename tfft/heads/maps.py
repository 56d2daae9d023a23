"""The head for one answer for each pixel: a light decoder over the maps of a pyramid."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from tfft.core.errors import TaskError
from tfft.core.layer_names import own_names
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec

if TYPE_CHECKING:
    import keras

_GROUPS = 8
_FORMAT = "channels_last"


@dataclass(frozen=True)
class MapHead:
    """The options of a decoder; ``build`` makes its layers.

    From the coarsest map to the finest: enlarge to the size of the next map, add its channels, and mix both by a separable
    convolution. The logits of the finest map are enlarged to the size of the image.

    Attributes:
        width: The number of channels of the decoder.
        dropout: The dropout rate before the logits, in [0, 1).
        finest: The stride that the finest map must have; None for any.

    Raises:
        TaskError: When an option is out of range.

    Source:
        The skips of U-Net (Ronneberger et al. 2015), with the lateral convolutions of feature pyramids (Lin et al. 2017) and the
        separable convolutions of DeepLabV3+ (Chen et al. 2018), section 3.2. Group normalisation (Wu and He 2018) gives the same
        results for any batch size and any number of replicas.
    """

    width: int = 96
    dropout: float = 0.1
    finest: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.dropout, bool) or not isinstance(self.dropout, Real) or not 0 <= self.dropout < 1:
            raise TaskError(f"dropout={self.dropout!r} must be in [0, 1).", fix="0.1 is a good start.")
        whole = isinstance(self.width, Integral) and not isinstance(self.width, bool)
        if not whole or self.width < _GROUPS or self.width % _GROUPS:
            raise TaskError(f"width={self.width!r} must be a multiple of {_GROUPS}.", fix="96 is a good start.")

    def build(self, features: FeatureSpec, shape: tuple[int | None, ...], outputs: int, seed: int) -> "keras.Model":
        """Make the layers.

        Args:
            features: The features of the backbone, with a pyramid.
            shape: Not used; ``features.pyramid`` has the shapes of all maps.
            outputs: The number of logits for each pixel.
            seed: The seed of initial weights and dropout masks.

        Returns:
            A model from the maps, from the finest to the coarsest, to float32 logits, shape (batch, height, width, outputs), with
            the height and width of the pixels.

        Raises:
            TaskError: When the features are no maps of several sizes, or the finest one has another stride than ``finest``.

        Example:
            >>> spec = FeatureSpec("map", pyramid=((30, 44, 3), (8, 11, 24), (4, 6, 32)))
            >>> MapHead(width=16).build(spec, (4, 6, 32), outputs=5, seed=0).output_shape
            (None, 30, 44, 5)
        """
        import keras

        if features.kind != "map" or not features.pyramid:
            raise TaskError(
                "This task needs maps of several sizes.",
                f"a backbone that gives a {features.kind}",
                'Choose a convolutional net, such as "mobilenet_v2".',
            )
        (height, width, _), *shapes = features.pyramid
        stride = 2 ** round(math.log2(math.sqrt(height * width / (shapes[0][0] * shapes[0][1]))))
        if self.finest not in (None, stride):
            raise TaskError(
                f"finest={self.finest} has no effect on this backbone.",
                f"a finest map of stride {stride}",
                "Leave finest= out, or choose another backbone.",
            )
        with own_names(), seeded_initializers(seed):
            maps = [keras.Input(each, dtype=features.dtype, name=f"map_{index}") for index, each in enumerate(shapes)]
            x = self._mixed(maps[-1], 1, f"lateral_{len(maps) - 1}")
            for index in reversed(range(len(maps) - 1)):
                side = self._mixed(maps[index], 1, f"lateral_{index}")
                x = keras.layers.Concatenate(name=f"join_{index}")(
                    [_resized(x, shapes[index][:2], f"up_{index}"), side]
                )
                x = self._mixed(x, 3, f"mix_{index}")
            x = keras.layers.Dropout(self.dropout, name="dropout")(x)
            x = keras.layers.Conv2D(outputs, 1, data_format=_FORMAT, dtype="float32", name="classes")(x)
            return keras.Model(maps, _resized(x, (height, width), "logits"), name="head")

    def _mixed(self, x: Any, size: int, name: str) -> Any:
        """A convolution, separable when it sees neighbours, with norm and ReLU."""
        from keras import layers

        made = {"padding": "same", "use_bias": False, "data_format": _FORMAT, "name": name}
        kind = layers.Conv2D if size == 1 else layers.SeparableConv2D
        x = kind(self.width, size, **made)(x)
        x = layers.GroupNormalization(_GROUPS, name=f"{name}_norm")(x)
        return layers.Activation("relu", name=f"{name}_relu")(x)


def _resized(x: Any, size: tuple[int, int], name: str) -> Any:
    """Enlarge a map to a size that may be no multiple of its own."""
    import keras

    if tuple(x.shape[1:3]) == tuple(size):
        return keras.layers.Identity(name=name)(x)
    return keras.layers.Resizing(*size, interpolation="bilinear", data_format=_FORMAT, name=name)(x)
