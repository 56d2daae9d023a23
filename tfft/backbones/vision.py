"""KerasHub's nets of pictures as backbones: of timm, of Hugging Face Transformers, or saved by KerasHub itself."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, given_options, input_size
from tfft.backbones.preset_files import further, reachable
from tfft.core.errors import BackboneError, shortlist
from tfft.core.names import own_names
from tfft.core.seed import seeded_initializers
from tfft.core.specs import Block, FeatureSpec
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.pixels import range_of

if TYPE_CHECKING:
    import keras

_SIZE = 224  # in pixels, where a configuration says nothing: of most ImageNet weights


@dataclass(frozen=True)
class Kind:
    """One architecture of KerasHub.

    Attributes:
        blocks: Its configuration -> its blocks, from input to output.
        shape: Name of the argument that takes the shape of a picture.
        patches: Whether it sees a sequence of patches, of which it knows a fixed number; otherwise pictures of many sizes.
    """

    blocks: Callable[[Mapping[str, Any]], tuple[Block, ...]]
    shape: str = "image_shape"
    patches: bool = False


def _stacks(pattern: str, config: Mapping[str, Any], count: str, first: int = 0) -> tuple[Block, ...]:
    """The entry, and a block for each stack but the last, which goes to the output."""
    stacks = len(config[count])
    inner = [Block(f"conv{i + 2}", pattern.format(i + first)) for i in range(stacks - 1)]
    return Block("conv1", "pool1"), *inner, Block(f"conv{stacks + 1}")


def _numbered(pattern: str, config: Mapping[str, Any], count: str) -> tuple[Block, ...]:
    blocks = len(config.get(count) or range(7))
    inner = [Block(f"block{i}", pattern.format(i)) for i in range(1, blocks)]
    return *inner, Block(f"block{blocks}")


def _mobile(config: Mapping[str, Any]) -> tuple[Block, ...]:
    stacks = len(config["stackwise_num_blocks"])
    return *(Block(f"block{i}", f"block_{i}_") for i in range(stacks + 1)), Block(f"block{stacks + 1}")


def _layers(config: Mapping[str, Any]) -> tuple[Block, ...]:
    layers = int(config["num_layers"])
    inner = [Block(f"layer{i}", f"transformer_block_{i}$") for i in range(1, layers)]
    return Block("embeddings", "(vit_patching_and_embedding|dropout)$"), *inner, Block(f"layer{layers}")


KINDS: dict[str, Kind] = {
    "ResNetBackbone": Kind(partial(_stacks, "stack{}_", count="stackwise_num_filters")),
    "DenseNetBackbone": Kind(partial(_stacks, "transition{}_", count="stackwise_num_repeats", first=1)),
    "VGGBackbone": Kind(partial(_numbered, "block{}_", count="stackwise_num_repeats")),
    "EfficientNetBackbone": Kind(partial(_numbered, "block{}[a-z]_", count="stackwise_num_repeats"), "input_shape"),
    "MobileNetBackbone": Kind(_mobile),
    "ViTBackbone": Kind(_layers, patches=True),
}
"""Class in ``keras_hub.models`` -> how it becomes a backbone."""

_TRANSFORMERS = ("vit",)


def sees(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is of a net of pictures.

    Args:
        config: ``config.json`` of a preset.

    Returns:
        True for what timm saves, Transformers' ViT, and classes of ``KINDS``.

    Example:
        >>> sees({"architecture": "resnet18"}), sees({"model_type": "vit"}), sees({"model_type": "bert"})
        (True, True, False)
    """
    timm = "architecture" in config and "model_type" not in config
    return timm or config.get("model_type") in _TRANSFORMERS or config.get("class_name") in KINDS


def backbone(name: str, config: Mapping[str, Any], weights: bool, size: Any, fit: str | None) -> Backbone:
    """Describe a net of pictures.

    Args:
        name: ``hf://owner/model``, ``kaggle://...``, or a folder.
        config: Its ``config.json``, which ``sees``.
        weights: Whether to read them; otherwise they are random.
        size: Of the input in pixels, one number or (height, width); None for the size the weights were trained at.
        fit: How pictures are brought to the size: ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.

    Returns:
        A Backbone whose features are a map of shape (batch, height, width, channels); of a ViT a sequence (batch, patches, width).

    Raises:
        BackboneError: When KerasHub has no converter, the size is not possible, or the files do not say in what range pixels are.
        WeightsError: When the preset is not to be reached.
    """
    kind, values, class_name = _described(name, config)
    trained = _trained_at(name, config, values)
    height, width = input_size(name, trained if size is None else size, 32)
    if kind.patches and (height, width) != input_size(name, trained, 1):
        raise BackboneError(
            f"{name!r} cuts pictures into patches, and knows them at one size only.",
            f"size={size!r}",
            f"Leave it out; pictures of any size are brought to {trained!r} pixels.",
        )
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    shape = {} if kind.patches else {kind.shape: (height, width, 3)}
    return Backbone(
        handle=name,
        options=given_options(weights="pretrained" if weights else None, size=size, fit=fit),
        loader=partial(_load, name, class_name, weights, shape, "architecture" in config),
        features=FeatureSpec("sequence", pooling="first") if kind.patches else FeatureSpec("map"),
        blocks=kind.blocks(values),
        preprocessor=geometry,
        pixel_range=_range(name, config),
    )


def _described(name: str, config: Mapping[str, Any]) -> tuple[Kind, Mapping[str, Any], str]:
    """The architecture, what its class is made with, and the class' name."""
    from keras_hub.src.utils.preset_utils import get_preset_loader

    with reachable(name):
        try:
            loader = get_preset_loader(name)
            own = "registered_name" in loader.config
            values = loader.config["config"] if own else loader.converter.convert_backbone_config(loader.config)
        except (KeyError, ValueError) as error:
            if "architecture" not in config:
                raise BackboneError(
                    f"The configuration of {name!r} lacks {error}.", fix="Copy the model again."
                ) from None
            raise BackboneError(
                f"KerasHub 0.32 does not convert timm's {config['architecture']!r}, which {name!r} holds.",
                fix='It converts, among others, "resnet18", "vgg16", "efficientnet_b0", "densenet121" and '
                '"mobilenetv3_small_100".',
            ) from None
        class_name = loader.check_backbone_class().__name__
    if class_name not in KINDS:
        raise BackboneError(
            f"tfft does not know {class_name!r}, which {name!r} holds.", fix=f"It knows {shortlist(KINDS)}."
        )
    return KINDS[class_name], values, class_name


def _trained_at(name: str, config: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width in pixels that the weights were trained at."""
    sizes: tuple[Sequence[Any], ...] = (
        config.get("pretrained_cfg", {}).get("input_size", [])[1:],
        further(name, "image_converter.json").get("config", {}).get("image_size") or [],
        (values.get("image_shape") or values.get("input_shape") or [])[:2],
    )
    return next(((int(size[0]), int(size[1])) for size in sizes if len(size) == 2 and all(size)), (_SIZE, _SIZE))


def _range(name: str, config: Mapping[str, Any]) -> str:
    """The pixel range its files tell of: timm's and Transformers' as mean and spread, KerasHub's as scale and offset."""
    timm = config.get("pretrained_cfg", {})
    transformers = further(name, "preprocessor_config.json")
    mean, spread = (
        timm.get("mean") or transformers.get("image_mean"),
        timm.get("std") or transformers.get("image_std"),
    )
    if mean is None or spread is None:
        hub = further(name, "image_converter.json").get("config")
        if hub is None:
            raise BackboneError(
                f"{name!r} does not say in what range pixels go into its net.",
                fix="timm says it in config.json (pretrained_cfg: mean, std), Transformers in preprocessor_config.json, KerasHub "
                "in image_converter.json: copy the whole model again, or save the converter beside it.",
            )
        scale, offset = hub.get("scale"), hub.get("offset")
        if scale is None and offset is None:
            return "raw"
        scales, offsets = (
            [value] * 3 if isinstance(value, (int, float)) else value or [0.0] * 3 for value in (scale, offset)
        )
        spread = [1 / (255 * scale) for scale in scales]
        mean = [-offset * one for offset, one in zip(offsets, spread, strict=True)]
    found = range_of(mean, spread)
    if found is None:
        raise BackboneError(
            f"{name!r} was trained on pixels in a range that tfft does not have.",
            f"mean {mean!r}, spread {spread!r}, of pixels between 0 and 1",
            "It has ImageNet's mean and spread, -1 to 1, and 0 to 1.",
        )
    return found


def _load(name: str, class_name: str, weights: bool, shape: Mapping[str, Any], timm: bool, seed: int) -> "keras.Model":
    import keras
    import keras_hub

    # KerasHub 0.32 prints a line for each weight of a MobileNet
    with reachable(name), own_names(), seeded_initializers(seed), redirect_stdout(StringIO()):
        net = getattr(keras_hub.models, class_name).from_preset(name, load_weights=weights, **shape)
    if class_name == "DenseNetBackbone" and timm:
        values = net.get_weights()
        net = keras.models.clone_model(net, call_function=_padded_as_in_torch)
        net.set_weights(values)
    encoder = next((layer for layer in net.layers if type(layer).__name__ == "ViTEncoder"), None)
    return keras.Model(net.input, net.output if encoder is None else _unrolled(encoder), name="backbone")


def _padded_as_in_torch(layer: Any, inputs: Any, **arguments: Any) -> Any:
    """Call a layer of a DenseNet; its entry pads both sides alike, as the weights of timm were trained.

    KerasHub 0.32 pads "same": of a convolution of width 7 and stride 2 one pixel less in front, by which features of timm's
    densenet121 are 9 % off.
    """
    import keras

    around = {"conv1_conv": 3, "pool1": 1}.get(layer.name)
    if around is None:
        return layer(inputs, **arguments)
    layer.padding = "valid"
    return layer(keras.layers.ZeroPadding2D(around, name=f"{layer.name}_pad")(inputs), **arguments)


def _unrolled(encoder: Any) -> Any:
    """The layers of KerasHub's ViTEncoder one by one, so that some of them may train while others do not, and a cut finds them."""
    for layer in (encoder.input._keras_history.operation, *encoder.encoder_layers):
        layer.get_config = partial(_loadable, layer)
    sequence = encoder.dropout(encoder.input)
    for layer in encoder.encoder_layers:
        sequence = layer(sequence)
    return encoder.layer_norm(sequence)


def _loadable(layer: Any) -> dict[str, Any]:
    """A layer's configuration without what KerasHub 0.32 adds to it and its constructor does not take: Keras would not load it."""
    values = type(layer).get_config(layer)
    return {key: value for key, value in values.items() if key not in ("num_patches", "num_positions", "key_dim")}
