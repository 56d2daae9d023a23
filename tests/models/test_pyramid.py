"""A backbone gives a map for each stride, by name and without padding."""

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import TaskError
from tfft.core.specs import Block
from tfft.models.pyramid import pyramid_net, shapes_of


@pytest.mark.parametrize(
    ("name", "maps"),
    [
        ("mobilenet_v2", ["block_2_add", "block_5_add", "block_12_add", "out_relu"]),
        ("resnet50", ["conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"]),
        ("vgg16", ["block2_pool", "block3_pool", "block4_pool", "block5_pool"]),
        ("efficientnet_b0", ["block2b_add", "block3b_add", "block5c_add", "top_activation"]),
        ("densenet121", ["pool1", "pool2_pool", "pool3_pool", "relu"]),
        ("convnext_tiny", ["add_2", "add_5", "add_14", "layer_normalization"]),
    ],
)
def test_the_last_block_of_each_stride_gives_its_map(name, maps):
    described = tfft.load_backbone(name, weights=None, size=64)
    net = pyramid_net(described.load(), name, described.blocks, (4, 8, 16, 32))
    assert [tensor._keras_history.operation.name for tensor in net.outputs] == maps
    assert [tuple(tensor.shape[1:3]) for tensor in net.outputs] == [(16, 16), (8, 8), (4, 4), (2, 2)]
    assert shapes_of(net)[0] == (64, 64, 3)


def test_the_pyramid_shares_its_layers_and_its_last_map_with_the_net():
    described = tfft.load_backbone("toy", size=(20, 28))
    net = described.load()
    found = pyramid_net(net, "toy", described.blocks, (2, 4, 8, 16))
    pixels = np.random.default_rng(0).normal(size=(2, 20, 28, 3)).astype(np.float32)
    assert [tensor.shape[1:3] for tensor in found(pixels)] == [(10, 14), (5, 7), (3, 4)]
    np.testing.assert_array_equal(found(pixels)[-1], net(pixels))
    assert set(map(id, found.weights)) == set(map(id, net.weights))


def test_sides_that_are_no_multiples_of_the_stride_are_known():
    described = tfft.load_backbone("mobilenet_v2", weights=None, size=(180, 240))
    found = pyramid_net(described.load(), "mobilenet_v2", described.blocks, (4, 8, 16, 32))
    assert [shape[:2] for shape in shapes_of(found)] == [(180, 240), (45, 60), (23, 30), (12, 15), (6, 8)]


def test_nets_without_maps_are_refused():
    pixels = keras.Input((8, 8, 3))
    flat = keras.Model(pixels, keras.layers.Dense(4)(keras.layers.Flatten()(pixels)))
    with pytest.raises(TaskError, match=r"maps of several sizes.*features of shape \(None, 4\).*convolutional net"):
        pyramid_net(flat, "flat", [Block("block1")], (4, 8))
    one = keras.Model(pixels, keras.layers.Conv2D(4, 3, strides=4, padding="same")(pixels))
    with pytest.raises(TaskError, match=r"no maps at the strides.*strides 4, read 4, 8"):
        pyramid_net(one, "one", [Block("block1")], (4, 8))


def test_a_net_with_a_decoder_of_its_own_gives_its_output_alone():
    pixels = keras.Input((16, 16, 3))
    coarse = keras.layers.Conv2D(4, 3, strides=8, padding="same", name="block1")(pixels)
    net = keras.Model(pixels, keras.layers.UpSampling2D(2, name="decoder")(coarse))
    found = pyramid_net(net, "own", [Block("block1", "block1"), Block("decoder")], (4, 8, 16))
    assert [tuple(tensor.shape) for tensor in found.outputs] == [(None, 4, 4, 4)]
