"""Backbones from keras.applications: a table of architectures, and the function that makes a backbone from one of them."""

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, given_options, input_size
from tfft.backbones.weights import check_path, keras_cache, load_weights, not_imagenet
from tfft.core.errors import BackboneError
from tfft.core.layer_names import own_names
from tfft.core.seed import seeded_initializers
from tfft.core.specs import Block, FeatureSpec
from tfft.inputs.image import ImagePreprocessor

if TYPE_CHECKING:
    import keras

ALPHAS_V1 = (0.25, 0.5, 0.75, 1.0)
ALPHAS_V2 = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
ALPHAS_V3 = (0.75, 1.0)
_MAX_ALPHA = 10


@dataclass(frozen=True)
class Architecture:
    """One architecture.

    Attributes:
        function: The name of its function in ``keras.applications``.
        blocks: (name, pattern of the block's last layer) from input to output; the last pattern is empty.
        pixel_range: The pixel range that its weights were trained on; ``"raw"`` when the net itself rescales pixels.
        size: The height and width that its weights were trained at, in pixels.
        min_size: The smallest height and width that leave a feature map, in pixels.
        alphas: The width multipliers with ImageNet weights; empty when the family has no width multiplier.
    """

    function: str
    blocks: tuple[tuple[str, str], ...]
    pixel_range: str
    size: int = 224
    min_size: int = 32
    alphas: tuple[float, ...] = ()


def _numbered(count: int, pattern: str, first: int = 1, name: str = "block") -> tuple[tuple[str, str], ...]:
    """Return blocks ``name1 .. nameN``; the last layer of each matches ``pattern``, filled with its number."""
    numbers = range(first, first + count)
    return tuple((f"{name}{i}", "" if i == numbers[-1] else pattern.format(i)) for i in numbers)


_VGG = _numbered(5, "block{}_")
_RESNET = (("conv1", "pool1_pool"), *_numbered(4, "conv{}_block", first=2, name="conv"))
_DENSENET = (("conv1", "pool1"), *_numbered(4, "pool{}_pool", first=2, name="conv"))
_MOBILENET = (
    ("block1", "conv_pw_1_relu"),
    ("block2", "conv_pw_3_relu"),
    ("block3", "conv_pw_5_relu"),
    ("block4", "conv_pw_11_relu"),
    ("block5", ""),
)
_MOBILENET_V2 = (
    ("block0", "expanded_conv_project_BN"),
    ("block1", "block_2_add"),
    ("block2", "block_5_add"),
    ("block3", "block_9_add"),
    ("block4", "block_12_add"),
    ("block5", ""),
)
_MOBILENET_V3_SMALL = (
    ("block0", "expanded_conv_project_bn"),
    ("block1", "expanded_conv_2_"),
    ("block2", "expanded_conv_5_"),
    ("block3", "expanded_conv_7_"),
    ("block4", ""),
)
_MOBILENET_V3_LARGE = (
    ("block0", "expanded_conv_add"),
    ("block1", "expanded_conv_2_"),
    ("block2", "expanded_conv_5_"),
    ("block3", "expanded_conv_9_"),
    ("block4", "expanded_conv_11_"),
    ("block5", ""),
)
_INCEPTION_V3 = (
    ("mixed0-2", "mixed2"),
    ("mixed3-5", "mixed5"),
    ("mixed6-7", "mixed7"),
    ("mixed8", "mixed8"),
    ("mixed9-10", ""),
)
_INCEPTION_RESNET_V2 = (
    ("entry", "mixed_5b"),
    ("block35", "block35_10_ac"),
    ("block17", "block17_20_ac"),
    ("block8", ""),
)
# Keras numbers the Add layers that end the blocks of Xception: blocks 2-4 end in add .. add_2, blocks 5-12 in add_3 .. add_10
_XCEPTION = (("block1", "block1_"), ("entry", "add_2$"), ("middle", "add_10$"), ("exit", ""))
# cell ids of the mobile variant: two stems, then 4 normal cells, a reduction, 4, a reduction, 4
_NASNET_MOBILE = (
    ("entry", "reduction_concat_stem_2"),
    ("cells1", "normal_concat_3"),
    ("cells2", "normal_concat_8"),
    ("cells3", ""),
)
_CONVNEXT = tuple((f"block{i}", "" if i == 3 else rf"convnext_\w+_stage_{i}_") for i in range(4))
_EFFICIENTNET = _numbered(7, "block{}[a-z]_")
_EFFICIENTNET_V2 = _numbered(6, "block{}[a-z]_")

ARCHITECTURES: dict[str, Architecture] = {
    "vgg16": Architecture("VGG16", _VGG, "caffe"),
    "vgg19": Architecture("VGG19", _VGG, "caffe"),
    "resnet50": Architecture("ResNet50", _RESNET, "caffe"),
    "resnet101": Architecture("ResNet101", _RESNET, "caffe"),
    "resnet152": Architecture("ResNet152", _RESNET, "caffe"),
    "resnet50_v2": Architecture("ResNet50V2", _RESNET, "minus_one_to_one"),
    "resnet101_v2": Architecture("ResNet101V2", _RESNET, "minus_one_to_one"),
    "resnet152_v2": Architecture("ResNet152V2", _RESNET, "minus_one_to_one"),
    "inception_v3": Architecture("InceptionV3", _INCEPTION_V3, "minus_one_to_one", 299, 75),
    "inception_resnet_v2": Architecture("InceptionResNetV2", _INCEPTION_RESNET_V2, "minus_one_to_one", 299, 75),
    "xception": Architecture("Xception", _XCEPTION, "minus_one_to_one", 299, 71),
    "mobilenet": Architecture("MobileNet", _MOBILENET, "minus_one_to_one", alphas=ALPHAS_V1),
    "mobilenet_v2": Architecture("MobileNetV2", _MOBILENET_V2, "minus_one_to_one", alphas=ALPHAS_V2),
    "mobilenet_v3_small": Architecture("MobileNetV3Small", _MOBILENET_V3_SMALL, "raw", alphas=ALPHAS_V3),
    "mobilenet_v3_large": Architecture("MobileNetV3Large", _MOBILENET_V3_LARGE, "raw", alphas=ALPHAS_V3),
    "densenet121": Architecture("DenseNet121", _DENSENET, "torch"),
    "densenet169": Architecture("DenseNet169", _DENSENET, "torch"),
    "densenet201": Architecture("DenseNet201", _DENSENET, "torch"),
    "nasnet_mobile": Architecture("NASNetMobile", _NASNET_MOBILE, "minus_one_to_one"),
    "efficientnet_b0": Architecture("EfficientNetB0", _EFFICIENTNET, "raw"),
    "efficientnet_b1": Architecture("EfficientNetB1", _EFFICIENTNET, "raw", 240),
    "efficientnet_b2": Architecture("EfficientNetB2", _EFFICIENTNET, "raw", 260),
    "efficientnet_b3": Architecture("EfficientNetB3", _EFFICIENTNET, "raw", 300),
    "efficientnet_v2_b0": Architecture("EfficientNetV2B0", _EFFICIENTNET_V2, "raw"),
    "efficientnet_v2_b1": Architecture("EfficientNetV2B1", _EFFICIENTNET_V2, "raw", 240),
    "efficientnet_v2_b2": Architecture("EfficientNetV2B2", _EFFICIENTNET_V2, "raw", 260),
    "efficientnet_v2_b3": Architecture("EfficientNetV2B3", _EFFICIENTNET_V2, "raw", 300),
    "efficientnet_v2_s": Architecture("EfficientNetV2S", _EFFICIENTNET_V2, "raw", 384),
    "convnext_tiny": Architecture("ConvNeXtTiny", _CONVNEXT, "raw"),
    "convnext_small": Architecture("ConvNeXtSmall", _CONVNEXT, "raw"),
}


def names() -> Iterable[str]:
    """Return the names of all architectures."""
    return ARCHITECTURES


def places() -> dict[str, Path]:
    """Return the folder where Keras keeps downloaded weights."""
    return {"ImageNet weights of Keras": keras_cache()}


def options(name: str) -> list[str]:
    """List the options of one architecture: ``alpha`` only when its family has a width multiplier.

    Args:
        name: A key of ``ARCHITECTURES``.

    Returns:
        The names of arguments of ``backbone``.

    Example:
        >>> options("vgg16")
        ['weights', 'size', 'fit']
    """
    return ["weights", "size", *(["alpha"] if ARCHITECTURES[name].alphas else []), "fit"]


def backbone(
    name: str,
    weights: "str | os.PathLike[str] | None" = "imagenet",
    size: int | tuple[int, int] | None = None,
    alpha: float | None = None,
    fit: str | None = None,
) -> Backbone:
    """Describe one architecture.

    Args:
        name: A key of ``ARCHITECTURES``.
        weights: ``"imagenet"``, a path (legacy ``.h5``, ``.weights.h5``, ``.keras``), or None for random weights.
        size: The input size in pixels, one number or (height, width); None for the size that the weights were trained at.
        alpha: The width multiplier; None for 1.0.
        fit: How images are resized: ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.

    Returns:
        A Backbone whose features are a map of shape (batch, height, width, channels).

    Raises:
        BackboneError: When the size is invalid or too small, or the architecture does not have this alpha.
        WeightsError: When ``weights`` is not one of these, or is a path that does not exist.

    Example:
        >>> described = backbone("mobilenet", alpha=0.25, size=128)  # reads no weights
        >>> described.pixel_range, [block.name for block in described.blocks][-2:]
        ('minus_one_to_one', ['block4', 'block5'])
    """
    row = ARCHITECTURES[name]
    height, width = input_size(name, row.size if size is None else size, row.min_size)
    _check_alpha(name, row, alpha, weights)
    if weights not in (None, "imagenet"):
        weights = check_path(weights)
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    return Backbone(
        handle=name,
        options=given_options(weights=weights, size=size, alpha=alpha, fit=fit),
        loader=partial(_load, name, weights, (height, width), alpha),
        features=FeatureSpec("map"),
        blocks=tuple(Block(*block) for block in row.blocks),
        preprocessor=geometry,
        pixel_range=row.pixel_range,
    )


def _check_alpha(name: str, row: Architecture, alpha: float | None, weights: Any) -> None:
    if alpha is None:
        return
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha <= _MAX_ALPHA:
        raise BackboneError(
            f"alpha={alpha!r} is not a valid width for {name!r}.", fix=f"Common widths are {row.alphas!r}."
        )
    if weights == "imagenet" and alpha not in row.alphas:
        raise BackboneError(
            f"{name!r} has no ImageNet weights for alpha={alpha!r}.",
            fix=f"Pass one of {row.alphas!r}, or other weights.",
        )


def _load(name: str, weights: str | None, size: tuple[int, int], alpha: float | None, seed: int) -> "keras.Model":
    import keras

    row = ARCHITECTURES[name]
    # without name="backbone", because EfficientNetV2, ConvNeXt and others find weights and layer names by the name of the model
    options: dict[str, Any] = {"input_shape": (*size, 3), "include_top": False}
    if alpha is not None:
        options["alpha"] = alpha
    make = partial(getattr(keras.applications, row.function), **options)
    with own_names(), seeded_initializers(seed):
        net = _with_imagenet(name, make) if weights == "imagenet" else make(weights=None)
    if weights not in (None, "imagenet"):
        load_weights(net, str(weights), name)
    return keras.Model(net.input, net.output, name="backbone")


def _with_imagenet(name: str, make: Any) -> "keras.Model":
    with warnings.catch_warnings():
        # Keras warns that "weights for input shape (224, 224) will be loaded"; they fit, because convolutions work at any size
        warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square", category=UserWarning)
        try:
            return make(weights="imagenet")
        except Exception as error:
            # keras.utils.get_file raises a plain Exception without a network (Keras 3.15)
            described = not_imagenet(name, error)
            if described is error:
                raise
            raise described from None  # the new message already quotes the errors of Keras and urllib
