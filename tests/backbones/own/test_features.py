"""Which tensor of a net is taken for its features."""

import keras
import pytest
from keras import layers

from tfft.backbones.own.features import features_of, maker
from tfft.core.errors import BackboneError


def body(x):
    return layers.ReLU(name="map")(layers.Conv2D(4, 3, name="conv")(x))


def taken(net: keras.Model, layer: str | None = None) -> str:
    return maker(net, features_of(net, "net", layer)).name


def test_a_pooling_that_everything_passes_begins_the_top():
    pixels = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D(keepdims=True)(body(pixels))
    x = layers.Flatten()(layers.Conv2D(10, 1, name="classes")(x))
    assert taken(keras.Model(pixels, layers.Softmax()(x))) == "map"


def test_a_pooling_beside_the_map_is_no_top():
    pixels = keras.Input((8, 8, 3))
    x = body(pixels)
    gate = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply(name="gated")([x, gate])
    assert taken(keras.Model(pixels, layers.Dense(3)(layers.Flatten()(x)))) == "gated"


def test_a_net_without_maps_is_cut_before_its_last_dense_layer():
    pixels = keras.Input((8, 8, 3))
    x = layers.Dense(4, name="hidden")(layers.Flatten()(pixels))
    net = keras.Model(pixels, layers.Dense(2, name="top")(x))
    assert taken(net) == "hidden"
    assert taken(net, "top") == "top"


def test_outputs_that_lead_to_one_map_are_unambiguous_and_others_are_refused():
    pixels = keras.Input((8, 8, 3))
    x = body(pixels)
    pooled = layers.GlobalMaxPooling2D()(x)
    assert taken(keras.Model(pixels, [layers.Dense(2)(pooled), layers.Dense(3)(pooled)])) == "map"
    mask = layers.Conv2D(1, 1, name="mask")(x)
    with pytest.raises(BackboneError, match=r"2 outputs.*map: .*mask: .*layer='map'"):
        features_of(keras.Model(pixels, [layers.Dense(2)(pooled), mask]), "net", None)


def test_a_misspelt_layer_is_refused_with_the_nearest_name():
    pixels = keras.Input((8, 8, 3))
    with pytest.raises(BackboneError, match=r"no layer 'conf'.*'conv'"):
        features_of(keras.Model(pixels, body(pixels)), "net", "conf")
