"""Users' nets as one flat graph."""

import keras
import numpy as np
import pytest

from tfft.backbones.own.nets import as_graph, has_clashes, image_input, unfolded
from tfft.core.errors import BackboneError


def inner(name: str = "inner", size: int | None = 8) -> keras.Model:
    pixels = keras.Input((size, size, 3))
    return keras.Model(
        pixels, keras.layers.ReLU(name="relu")(keras.layers.Conv2D(3, 3, name="conv")(pixels)), name=name
    )


def test_models_inside_are_unfolded_and_answer_the_same():
    pixels = keras.Input((8, 8, 3))
    net = keras.Model(pixels, inner()(inputs := pixels / 255) + 1)
    assert inputs is not None
    flat = unfolded(net, "net", (8, 8))
    assert [layer.name for layer in flat.layers if layer.name in ("conv", "relu")] == ["conv", "relu"]
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    np.testing.assert_array_equal(flat(images), net(images))


def test_a_flat_net_of_the_right_size_is_returned_as_it_is():
    net = inner()
    assert unfolded(net, "net", (8, 8)) is net


def test_operations_that_share_a_name_are_renamed():
    pixels = keras.Input((8, 8, 3))
    net = keras.Model(pixels, inner("b", None)(inner("a")(pixels)))
    assert has_clashes(net)
    names = [operation.name for operation in unfolded(net, "net", (8, 8)).operations]
    assert names[1:] == ["conv", "relu", "b_conv", "b_relu"]
    assert not has_clashes(inner())


def test_an_open_size_and_a_fixed_batch_are_settled():
    batched = keras.Input(batch_shape=(7, None, None, 3))
    flat = unfolded(keras.Model(batched, keras.layers.Conv2D(4, 3)(batched)), "net", (8, 6))
    assert flat.inputs[0].shape == (None, 8, 6, 3)
    assert flat.outputs[0].shape == (None, 6, 4, 4)


def test_a_size_that_is_too_small_is_refused_with_the_reason():
    pixels = keras.Input((None, None, 3))
    net = keras.Model(pixels, keras.layers.Conv2D(4, 5)(pixels))
    with pytest.raises(BackboneError, match=r"cannot be called with images of 3 x 3 pixels.*size="):
        unfolded(net, "net", (3, 3))


def test_what_is_no_graph_has_none():
    assert as_graph(keras.layers.ReLU()) is None
    assert as_graph(keras.Sequential([keras.layers.ReLU()])) is None
    net = inner()
    assert as_graph(net) is net
    assert image_input(net, "net") is net.inputs[0]
