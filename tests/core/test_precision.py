"""A net computes in another precision while it is called for it, and its variables and its own precision stay as they are."""

import keras
import numpy as np
import pytest

from tfft.core.precision import Precision, computing

PIXELS = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


@pytest.fixture
def net():
    inner = keras.Sequential([keras.layers.Conv2D(8, 3), keras.layers.BatchNormalization()])
    return keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.GlobalAveragePooling2D()])


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.02), ("float16", 0.003)])
def test_what_is_called_inside_computes_in_it(net, dtype, tolerance):
    exact = np.asarray(net(PIXELS))
    with computing(net, dtype):
        near = net(PIXELS)
    assert keras.backend.standardize_dtype(near.dtype) == dtype
    distance = np.linalg.norm(np.asarray(near, "float32") - exact) / np.linalg.norm(exact)
    assert 0 < distance < tolerance
    assert {variable.dtype for variable in net.variables} == {"float32"}
    np.testing.assert_array_equal(net(PIXELS), exact)


def test_an_error_inside_puts_everything_back(net):
    with pytest.raises(KeyError), computing(net, "bfloat16"):
        raise KeyError
    assert {layer.compute_dtype for layer in net._flatten_layers(recursive=True)} == {"float32"}


def test_gradients_are_those_of_the_float32_variables(net):
    import tensorflow as tf

    with tf.GradientTape() as tape, computing(net, "bfloat16"):
        loss = tf.reduce_sum(tf.cast(net(PIXELS, training=True), "float32"))
    gradients = tape.gradient(loss, [variable.value for variable in net.trainable_variables])
    assert {gradient.dtype.name for gradient in gradients} == {"float32"}


def test_the_default_is_float32():
    assert Precision() == Precision("float32", "float32")
