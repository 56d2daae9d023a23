"""Faster convolutions have the same results and gradients as those of Keras."""

import keras
import ml_dtypes  # noqa: F401  (NumPy learns bfloat16 from it)
import numpy as np
import pytest
from keras import layers

from tfft.accelerate import convolutions
from tfft.accelerate.convolutions import biased, convolve, is_plain
from tfft.accelerate.gradients import gradient

PIXELS = np.random.default_rng(0).normal(size=(2, 9, 8, 3)).astype("float32")
OPTIONS = [
    {"kernel_size": 1},
    {"kernel_size": 1, "strides": (2, 3), "padding": "same"},
    {"kernel_size": 3},
    {"kernel_size": (2, 5), "padding": "same"},
    {"kernel_size": (4, 1), "padding": "valid"},
    {"kernel_size": 3, "strides": 2, "padding": "same"},
]


class Ours(layers.Conv2D):
    """A Keras layer that computes with ``convolve``. The test says whether it counts as plain, because it is another class."""

    def call(self, inputs):
        found = convolve(self, inputs, self.kernel, training=True)
        return biased(found, self.bias)


def nets(options, dtype):
    """The same net twice, with two convolutions, so that gradients of the first pass through the second."""
    found = []
    for kind in (layers.Conv2D, Ours):
        inputs = keras.Input(PIXELS.shape[1:])
        x = kind(4, dtype=dtype, kernel_initializer=keras.initializers.GlorotUniform(1), **options)(inputs)
        x = kind(5, dtype=dtype, kernel_initializer=keras.initializers.GlorotUniform(2), **options)(x)
        found.append(keras.Model(inputs, layers.GlobalAveragePooling2D(dtype="float32")(x)))
    return found


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 0.02), ("mixed_float16", 3e-3)])
def test_results_and_gradients_equal_those_of_keras(monkeypatch, options, dtype, tolerance):
    monkeypatch.setattr(convolutions, "is_plain", lambda layer: True)
    monkeypatch.setattr(
        convolutions, "FLOAT32", "nothing"
    )  # use the other way in float32, too, where rounding hides no error
    theirs, ours = nets(options, dtype)
    targets = np.ones((2, 5), np.float32)

    def near(one, other):
        assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other)

    near(np.asarray(ours(PIXELS)), np.asarray(theirs(PIXELS)))
    # in float32: on some processors TensorFlow sums the gradients of biases in bfloat16, which is up to 9 % off here
    exact, _ = nets(options, "float32")
    found = [gradient(net, keras.losses.MeanSquaredError())(PIXELS, targets) for net in (ours, exact)]
    near(*found)
    assert np.linalg.norm(found[0]) > 0


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 3, dilation_rate=2),
        layers.Conv2D(4, 3, groups=2),
        layers.Conv2D(4, 3, data_format="channels_first"),
        layers.DepthwiseConv2D(3),
        layers.Dense(4),
        Ours(4, 3),
    ],
)
def test_convolutions_that_are_not_plain_are_computed_by_keras(layer):
    assert not is_plain(layer)
    assert is_plain(layers.Conv2D(4, 3))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_gradient_of_a_bias_is_summed_in_float32(dtype):
    """TensorFlow 2.21 sums in bfloat16. When it no longer does, ``biased`` can be deleted."""
    import tensorflow as tf

    weights = np.random.default_rng(0).uniform(0, 1, (32, 14, 14, 4)).astype("float32")
    bias, zeros = tf.zeros(4), tf.zeros(weights.shape, dtype)

    def error(add):
        with tf.GradientTape() as tape:
            tape.watch(bias)
            total = tf.reduce_sum(tf.cast(add(zeros, bias), "float32") * weights)
        exact = weights.astype(dtype).astype("float64").sum(axis=(0, 1, 2))
        return np.abs(np.asarray(tape.gradient(total, bias)) / exact - 1).max()

    assert error(biased) < 0.005
    if dtype == "bfloat16":
        assert error(lambda tensor, bias: tf.nn.bias_add(tensor, tf.cast(bias, dtype))) > 0.1
