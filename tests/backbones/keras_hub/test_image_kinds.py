"""Each image net of KerasHub has blocks, whose order is that of its layers."""

import pytest

from tfft.backbones.keras_hub.image_kinds import ENCODER, KINDS

CONFIGS = {
    "ResNetBackbone": {"stackwise_num_filters": [64, 128]},
    "DenseNetBackbone": {"stackwise_num_repeats": [6, 12]},
    "VGGBackbone": {"stackwise_num_repeats": [2, 2, 3]},
    "EfficientNetBackbone": {"stackwise_num_repeats": [1, 2]},
    "MobileNetBackbone": {"stackwise_num_blocks": [1, 2]},
    "ViTBackbone": {"num_layers": 3},
    "MiTBackbone": {"num_layers": 4},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_last_block_of_an_encoder_reaches_to_the_output(name):
    blocks = KINDS[name].blocks(CONFIGS[name])
    assert [block.pattern == "" for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert len({block.name for block in blocks}) == len(blocks)


@pytest.mark.parametrize(("name", "encoder"), [(name, each) for name in KINDS for each in KINDS[name].encoders])
def test_a_segmenter_has_the_blocks_of_its_encoder_and_a_decoder(name, encoder):
    inside = KINDS[encoder].blocks(CONFIGS[encoder])
    blocks = KINDS[name].blocks({ENCODER: {"class_name": encoder, "config": CONFIGS[encoder]}})
    assert [block.name for block in blocks] == [*(block.name for block in inside), "decoder"]
    assert [block.pattern == "" for block in blocks] == [False] * len(inside) + [True]


def test_every_kind_is_tried_here():
    assert {*CONFIGS, *(name for name, kind in KINDS.items() if kind.encoders)} == set(KINDS)
