"""The image nets of KerasHub that tfft knows: their blocks, and the sizes of images that they take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tfft.core.specs import Block

ENCODER = "image_encoder"
# the layers of the decoders of DeepLabV3 and SegFormer begin with these words
_DECODER = "spatial_pyramid|encoder_output|encoder_decoder|decoder_|segmentation_head"


@dataclass(frozen=True)
class Kind:
    """One architecture of KerasHub.

    Attributes:
        blocks: Its configuration -> its blocks, from input to output.
        shape: The name of the argument for the shape of an image; empty when its encoder alone has one.
        patches: Whether it cuts an image into a fixed number of patches; if not, it takes images of many sizes.
        square: Whether it takes only square images.
        multiple: Both sides of an image must be multiples of this number of pixels.
        encoders: The classes of encoders that it can have inside; empty for a net without one.
        opened: Whether nets inside of it are called layer by layer.
        output: The name of the layer whose output is the features; empty for the output of the net.
    """

    blocks: Callable[[Mapping[str, Any]], tuple[Block, ...]]
    shape: str = "image_shape"
    patches: bool = False
    square: bool = False
    multiple: int = 1
    encoders: tuple[str, ...] = ()
    opened: bool = False
    output: str = ""


def _stacks(pattern: str, config: Mapping[str, Any], count: str, first: int = 0) -> tuple[Block, ...]:
    """Return a block for the first layers and one for each stack; the last block reaches to the output."""
    stacks = len(config[count])
    inner = [Block(f"conv{i + 2}", pattern.format(i + first)) for i in range(stacks - 1)]
    return Block("conv1", "pool1"), *inner, Block(f"conv{stacks + 1}")


def _numbered(pattern: str, config: Mapping[str, Any], count: str) -> tuple[Block, ...]:
    # seven blocks is the default of the class; KerasHub's converter passes no number for timm's EfficientNets b0 to b5
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


def _mixed(config: Mapping[str, Any]) -> tuple[Block, ...]:
    stages = int(config["num_layers"])
    inner = [Block(f"stage{i}", f"output_level_{i - 1}$") for i in range(1, stages)]
    return *inner, Block(f"stage{stages}")


def _with_decoder(end: str, config: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return the blocks of the encoder, and one for the decoder."""
    inside = config[ENCODER]
    *inner, last = KINDS[inside["class_name"]].blocks(inside["config"])
    return *inner, replace(last, pattern=end), Block("decoder")


KINDS: dict[str, Kind] = {
    "ResNetBackbone": Kind(partial(_stacks, "stack{}_", count="stackwise_num_filters")),
    "DenseNetBackbone": Kind(partial(_stacks, "transition{}_", count="stackwise_num_repeats", first=1)),
    "VGGBackbone": Kind(partial(_numbered, "block{}_", count="stackwise_num_repeats")),
    "EfficientNetBackbone": Kind(partial(_numbered, "block{}[a-z]_", count="stackwise_num_repeats"), "input_shape"),
    "MobileNetBackbone": Kind(_mobile),
    "ViTBackbone": Kind(_layers, patches=True),
    "MiTBackbone": Kind(_mixed, square=True, multiple=32, opened=True),
    # the layer after this one enlarges the map to the size of the image
    "DeepLabV3Backbone": Kind(
        partial(_with_decoder, f"(?!{_DECODER})"),
        multiple=32,
        encoders=("ResNetBackbone",),
        opened=True,
        output="segmentation_head_relu",
    ),
    "SegFormerBackbone": Kind(
        partial(_with_decoder, r"output_level_\d+$"),
        shape="",
        square=True,
        multiple=32,
        encoders=("MiTBackbone",),
        opened=True,
    ),
}
"""Class in ``keras_hub.models`` -> its blocks and inputs. Nets for segmentation have an encoder and a decoder in the backbone."""
