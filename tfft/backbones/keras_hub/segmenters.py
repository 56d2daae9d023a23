"""KerasHub's nets for segmentation, SegFormer and DeepLabV3, as nets that can be trained and cut layer by layer."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tfft.backbones.keras_hub.config_values import check_stacks
from tfft.backbones.keras_hub.image_kinds import ENCODER, KINDS
from tfft.core.errors import BackboneError, shortlist
from tfft.core.graph import called, is_functional

if TYPE_CHECKING:
    import keras

# KerasHub 0.32 cannot build the first one from the list that JSON holds, and warns that it does not build the others
_CALLED = ("SpatialPyramidPooling", "OverlappingPatchingAndEmbedding", "HierarchicalTransformerEncoder")
_LAST = "P5"  # DeepLabV3's name for the map of stride 32


def check_encoder(name: str, class_name: str, values: Mapping[str, Any]) -> None:
    """Check that the encoder of a preset for segmentation is a net that tfft knows, before it is made.

    Args:
        name: The name of the preset, for messages.
        class_name: The class of the whole net in ``keras_hub.models``.
        values: The arguments of this class.

    Raises:
        BackboneError: When the preset does not describe its encoder, tfft does not know it, or it is too large; or when the decoder
            does not read the last map of the encoder.

    Example:
        >>> values = {"image_encoder": {"class_name": "XceptionBackbone", "config": {}}}
        >>> check_encoder("folder", "SegFormerBackbone", values)
        Traceback (most recent call last):
        tfft.core.errors.BackboneError: The encoder of 'folder' is not one that tfft knows. Got: 'XceptionBackbone'. For \
SegFormerBackbone it knows 'MiTBackbone'.
    """
    inside: Any = values.get(ENCODER)
    known = KINDS[class_name].encoders
    described = isinstance(inside, Mapping) and isinstance(inside.get("config"), Mapping)
    if not described or inside.get("class_name") not in known:
        raise BackboneError(
            f"The encoder of {name!r} is not one that tfft knows.",
            repr(inside.get("class_name") if described else inside)[:100],
            f"For {class_name} it knows {shortlist(known)}.",
        )
    check_stacks(name, inside["config"])
    read = values.get("spatial_pyramid_pooling_key", _LAST)
    if read != _LAST:
        raise BackboneError(
            f"The decoder of {name!r} does not read the last map of its encoder.",
            repr(read)[:100],
            f"tfft reads {_LAST!r}.",
        )


def encoder_of(values: Mapping[str, Any], height: int, width: int) -> "keras.Model":
    """Make the encoder of a net for segmentation, for one size of images.

    Args:
        values: The arguments of the class of the whole net.
        height: The height of images in pixels.
        width: Their width.

    Returns:
        A net of ``keras_hub.models`` with random weights.
    """
    import keras_hub

    inside = values[ENCODER]
    kind = KINDS[inside["class_name"]]
    made: keras.Model = getattr(keras_hub.models, inside["class_name"]).from_config(
        {**inside["config"], kind.shape: (height, width, 3)}
    )
    return made


def opened(net: "keras.Model", output: str = "") -> "keras.Model":
    """Call the layers of nets inside of a net one by one, so that each can be frozen or trained, and the net can be cut there.

    Args:
        net: A net of ``keras_hub.models``, such as a ``SegFormerBackbone``.
        output: The name of the layer whose output is that of the result; empty for the last layer.

    Returns:
        A net with the same layers and weights.

    Example:
        >>> import keras
        >>> inside, pixels = keras.Sequential([keras.Input((2,)), keras.layers.ReLU()]), keras.Input((2,))
        >>> nested = keras.Model(inside.inputs, inside.outputs)
        >>> [type(layer).__name__ for layer in opened(keras.Model(pixels, nested(pixels))).layers]
        ['InputLayer', 'ReLU']
    """
    import keras

    if output:
        net = keras.Model(net.inputs, net.get_layer(output).output)
    pixels = keras.Input(net.inputs[0].shape[1:], name="pixels")
    found = keras.Model(pixels, called(net, [pixels], _inside), name="backbone")
    for layer in found.layers:
        if type(layer).__name__ == "HierarchicalTransformerEncoder":
            layer.get_config = partial(_loadable, layer)
        if type(layer).__name__ in _CALLED:
            layer.get_build_config = _unbuilt
    return found


def _inside(operation: Any) -> Callable[..., Any]:
    """Return a function that calls the operations of a net; an operation is returned unchanged."""
    if not is_functional(operation):
        return operation
    import keras

    def call(inputs: Any, **arguments: Any) -> Any:
        return called(operation, keras.tree.flatten(inputs), _inside)

    return call


def _unbuilt() -> None:
    """Save no shape: the first call builds a layer."""


def _loadable(layer: Any) -> dict[str, Any]:
    """Return the configuration of a layer of MiT; that of KerasHub 0.32 lacks arguments, and its constructor refuses others."""
    values = type(layer).get_config(layer)
    known = {key: values[key] for key in ("name", "trainable", "dtype", "project_dim", "num_heads")}
    epsilon = layer.norm1.epsilon
    return known | {"sr_ratio": layer.attn.sr_ratio, "drop_prob": layer.drop_prop, "layer_norm_epsilon": epsilon}
