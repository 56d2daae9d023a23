"""Channels first and last."""

import keras
import numpy as np
import pytest
from keras import layers

from tfft.backbones.own.axes import channel_axis, channels_last, has_channels_first
from tfft.core.errors import BackboneError
from tfft.core.passages import before


def first():
    pixels = keras.Input((8, 8, 3))
    x = layers.Permute((3, 1, 2))(pixels)
    return pixels, layers.MaxPooling2D(data_format="channels_first")(x) + 1


def test_features_with_channels_first_are_permuted():
    pixels, x = first()
    net = keras.Model(pixels, x)
    assert has_channels_first(net)
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    found = keras.Model(pixels, channels_last(net, x, "net"))(images)
    np.testing.assert_array_equal(found, layers.MaxPooling2D()(images) + 1)


def test_features_that_were_permuted_back_stay():
    pixels, x = first()
    x = keras.ops.transpose(x, (0, 2, 3, 1))
    net = keras.Model(pixels, x)
    assert channels_last(net, x, "net") is x
    assert channel_axis({id(t): n for n in before(net, x) for t in n.outputs}, x) == 3


def test_a_norm_over_axis_1_says_where_channels_are():
    pixels = keras.Input((8, 8, 3))
    x = layers.BatchNormalization(axis=1)(layers.Permute((3, 1, 2))(pixels))
    assert channels_last(keras.Model(pixels, x), x, "net").shape == (None, 8, 8, 3)


def test_an_unknown_channel_axis_is_refused_with_advice():
    pixels, x = first()
    x = layers.Reshape((4, 4, 3))(x)
    with pytest.raises(BackboneError, match=r"channels first.*Permute\(\(2, 3, 1\)\)"):
        channels_last(keras.Model(pixels, x), x, "net")
