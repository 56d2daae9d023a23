"""Image backbones from KerasHub: nets that timm, Hugging Face Transformers or KerasHub saved."""

from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, given_options, input_size
from tfft.backbones.keras_hub import hub_files, tensor_files, transformers_nets
from tfft.backbones.keras_hub.config_values import check_stacks, sizes_of
from tfft.backbones.keras_hub.image_inputs import trained_at, trained_on
from tfft.backbones.keras_hub.image_kinds import ENCODER, KINDS, Kind
from tfft.backbones.keras_hub.preset_files import check_weights, reachable
from tfft.backbones.keras_hub.segmenters import check_encoder, encoder_of, opened
from tfft.backbones.keras_hub.transformers_config import stated
from tfft.core.errors import BackboneError, shortlist
from tfft.core.layer_names import own_names
from tfft.core.seed import seeded_initializers
from tfft.core.specs import Block, FeatureSpec
from tfft.inputs.image import ImagePreprocessor

if TYPE_CHECKING:
    import keras

_LEAST = 32  # the smallest height and width in pixels that leave a feature map in convolutional nets


_TRANSFORMERS, _VIT = ("vit",), "ViTBackbone"


def sees(config: Mapping[str, Any]) -> bool:
    """Return whether a configuration describes an image net.

    Args:
        config: The content of the ``config.json`` of a preset.

    Returns:
        True for nets that timm saved, for Transformers' ViT, and for classes in ``KINDS``.

    Example:
        >>> sees({"architecture": "resnet18"}), sees({"model_type": "vit"}), sees({"model_type": "bert"})
        (True, True, False)
    """
    return _of_timm(config) or config.get("model_type") in _TRANSFORMERS or config.get("class_name") in KINDS


def _of_timm(config: Mapping[str, Any]) -> bool:
    return isinstance(config.get("architecture"), str) and "model_type" not in config


def backbone(name: str, config: Mapping[str, Any], weights: bool, size: Any, fit: str | None) -> Backbone:
    """Describe an image net.

    Args:
        name: ``hf://owner/model``, ``kaggle://...``, or a folder.
        config: The content of its ``config.json``, for which ``sees`` returns True.
        weights: Whether to read the weights; otherwise they are random.
        size: The input size in pixels, one number or (height, width); None for the size that the weights were trained at.
        fit: How images are resized: ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.

    Returns:
        A Backbone whose features are a map of shape (batch, height, width, channels), or for a ViT a sequence (batch, patches,
        width).

    Raises:
        BackboneError: When KerasHub has no converter, the size is not possible, or the files do not name the range of pixels.
        WeightsError: When the preset cannot be reached.
    """
    net = stated(name, "vit", config) if config.get("model_type") in _TRANSFORMERS else None
    kind, values, class_name = _described(name, config) if net is None else (KINDS[_VIT], net.arguments, _VIT)
    if weights:
        check_weights(name, config)
    trained = trained_at(name, config, values, fixed=kind.patches)
    height, width = input_size(name, trained if size is None else size, 1 if kind.patches else _LEAST)
    if kind.patches and (height, width) != trained:
        raise BackboneError(
            f"{name!r} cuts images into patches, and takes only images of one size.",
            f"size={size!r}",
            f"Leave size out: tfft resizes images to {trained!r} pixels.",
        )
    _check_sides(name, kind, height, width)
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    unused: list[str] = []
    make = partial(_preset, name, class_name, weights, values, (height, width), _of_timm(config))
    if net is not None:
        make = partial(transformers_nets.load, name, net, class_name, weights, unused)
    return Backbone(
        handle=name,
        options=given_options(weights="pretrained" if weights else None, size=size, fit=fit),
        loader=partial(_load, name, make),
        features=FeatureSpec("sequence", pooling="first") if kind.patches else FeatureSpec("map"),
        blocks=_blocks(name, kind, values),
        preprocessor=geometry,
        pixel_range=trained_on(name, config),
        unused=unused,
    )


def _described(name: str, config: Mapping[str, Any]) -> tuple[Kind, Mapping[str, Any], str]:
    """Return the architecture, the arguments of its class, and the name of the class."""
    from keras_hub.src.utils.preset_utils import get_preset_loader

    with reachable(name):
        try:
            loader = get_preset_loader(name)
            own = "registered_name" in loader.config
            values = loader.config["config"] if own else loader.converter.convert_backbone_config(loader.config)
        except (KeyError, ValueError) as error:
            raise _not_converted(name, config, error) from None
        class_name = loader.check_backbone_class().__name__
    if class_name not in KINDS:
        raise BackboneError(
            f"{name!r} holds {class_name!r}, which tfft does not know.", fix=f"It knows {shortlist(KINDS)}."
        )
    if own:
        sizes_of(name, config)
        check_stacks(name, values)
    if KINDS[class_name].encoders:
        check_encoder(name, class_name, values)
    return KINDS[class_name], values, class_name


def _check_sides(name: str, kind: Kind, height: int, width: int) -> None:
    if (kind.square and height != width) or height % kind.multiple or width % kind.multiple:
        near = [max(1, round(side / kind.multiple)) * kind.multiple for side in (height, width)]
        raise BackboneError(
            f"{name!r} takes only {'square ' * kind.square}images whose sides are multiples of {kind.multiple} pixels.",
            f"{height}x{width} pixels",
            f"Pass size={near[0] if kind.square or near[0] == near[1] else tuple(near)}.",
        )


def _blocks(name: str, kind: Kind, values: Mapping[str, Any]) -> tuple[Block, ...]:
    try:
        return kind.blocks(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackboneError(
            f"The configuration of {name!r} does not describe the layers of its net.",
            repr(error)[:100],
            "Copy the model again.",
        ) from None


def _not_converted(name: str, config: Mapping[str, Any], error: Exception) -> BackboneError:
    if _of_timm(config):
        return BackboneError(
            f"{name!r} holds timm's {config['architecture']!r}, which KerasHub 0.32 does not convert.",
            fix='It converts, among others, "resnet18", "vgg16", "efficientnet_b0", "densenet121" and '
            '"mobilenetv3_small_100".',
        )
    if isinstance(error, KeyError):
        return BackboneError(f"The configuration of {name!r} lacks {error}.", fix="Copy the model again.")
    reason = (str(error).splitlines() or [""])[0]
    return BackboneError(f"The configuration of {name!r} cannot be used: {reason}", fix="Copy the model again.")


def _preset(
    name: str, class_name: str, weights: bool, values: Mapping[str, Any], size: tuple[int, int], timm: bool
) -> Any:
    import keras
    import keras_hub

    kind = KINDS[class_name]
    if not timm:
        hub_files.check_net(name, class_name, {ENCODER: kind.encoders} if kind.encoders else {})
    if weights:
        (tensor_files if timm else hub_files).check_weights(name)
    made: dict[str, Any] = {} if kind.patches or not kind.shape else {kind.shape: (*size, 3)}
    if kind.encoders:
        made[ENCODER] = encoder_of(values, *size)
    net = getattr(keras_hub.models, class_name).from_preset(name, load_weights=weights, **made)
    if kind.opened:
        return opened(net, kind.output)
    if class_name == "DenseNetBackbone" and timm:
        values = net.get_weights()
        net = keras.models.clone_model(net, call_function=_padded_as_in_torch)
        net.set_weights(values)
    return net


def _load(name: str, make: Callable[[], Any], seed: int) -> "keras.Model":
    import keras

    # KerasHub 0.32 prints one line for each weight of a MobileNet
    with reachable(name), own_names(), seeded_initializers(seed), redirect_stdout(StringIO()):
        net = make()
    encoder = next((layer for layer in net.layers if type(layer).__name__ == "ViTEncoder"), None)
    return keras.Model(net.input, net.output if encoder is None else _unrolled(encoder), name="backbone")


def _padded_as_in_torch(layer: Any, inputs: Any, **arguments: Any) -> Any:
    """Call a layer of a DenseNet; pad both sides of its first layers equally, as in the training of timm's weights.

    KerasHub 0.32 uses "same" padding, which adds one pixel less before the image in a convolution of width 7 and stride 2. The
    features of timm's densenet121 would be 9 % off.
    """
    import keras

    around = {"conv1_conv": 3, "pool1": 1}.get(layer.name)
    if around is None:
        return layer(inputs, **arguments)
    layer.padding = "valid"
    return layer(keras.layers.ZeroPadding2D(around, name=f"{layer.name}_pad")(inputs), **arguments)


def _unrolled(encoder: Any) -> Any:
    """Call the layers of KerasHub's ViTEncoder one by one, so that each can be frozen or trained, and a net can be cut there."""
    for layer in (encoder.input._keras_history.operation, *encoder.encoder_layers):
        layer.get_config = partial(_loadable, layer)
    sequence = encoder.dropout(encoder.input)
    for layer in encoder.encoder_layers:
        sequence = layer(sequence)
    return encoder.layer_norm(sequence)


def _loadable(layer: Any) -> dict[str, Any]:
    """Return the configuration of a layer without values that KerasHub 0.32 adds, but its constructor does not take."""
    values = type(layer).get_config(layer)
    return {key: value for key, value in values.items() if key not in ("num_patches", "num_positions", "key_dim")}
