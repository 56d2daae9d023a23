"""Blocks of users' nets."""

import keras
import pytest
from keras import layers

from tfft.backbones.own.blocks import blocks_of
from tfft.core.blocks import assign_blocks
from tfft.core.errors import BackboneError


@pytest.fixture
def net():
    x = pixels = keras.Input((16, 16, 3))
    for number in range(3):
        x = layers.Conv2D(4, 3, strides=2, padding="same", name=f"conv{number}")(x)
        x = keras.ops.relu(x)
    return keras.Model(pixels, x)


def patterns(blocks):
    return [block.pattern for block in blocks]


def test_a_block_ends_where_maps_become_smaller_whatever_stands_between(net):
    assert patterns(blocks_of(net, (), 3)) == ["conv0$", "conv1$", ""]
    assert set(assign_blocks(net, blocks_of(net, (), 3)).values()) == {"block1", "block2", "block3"}


def test_a_block_may_end_at_a_layer_or_at_another_operation(net):
    relu = net.operations[2].name
    assert patterns(blocks_of(net, [relu], 3)) == patterns(blocks_of(net, ["conv0"], 3)) == ["conv0$", ""]
    with pytest.raises(BackboneError, match=r"blocks= takes names.*'conv7'"):
        blocks_of(net, ["conv7"], 3)


def test_with_channels_first_the_other_axes_are_the_map():
    pixels = keras.Input((16, 16, 3))
    x = layers.Permute((3, 1, 2))(pixels)
    for number, width in enumerate((8, 16)):
        x = layers.Conv2D(width, 3, strides=2, padding="same", data_format="channels_first", name=f"c{number}")(x)
    assert patterns(blocks_of(keras.Model(pixels, x), (), 1)) == ["c0$", ""]
