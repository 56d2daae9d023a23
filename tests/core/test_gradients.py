"""The gradient is the one that can be worked out by hand, whatever dropout would do."""

import keras
import numpy as np

from tfft.core.gradients import gradient


def test_it_is_the_derivative_of_the_mean_squared_error():
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    inputs, targets = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[2.0], [-4.0]])
    expected = np.append(-2 * (targets * inputs).mean(axis=0), -2 * targets.mean())
    np.testing.assert_allclose(gradient(net, keras.losses.MeanSquaredError())(inputs, targets), expected, atol=1e-6)


def test_dropout_is_off_and_an_unused_variable_has_zero():
    class Idle(keras.layers.Layer):
        def build(self, shape):
            self.idle = self.add_weight(shape=(3,))

        def call(self, inputs):
            return inputs

    net = keras.Sequential([keras.Input((4,)), Idle(), keras.layers.Dropout(0.9), keras.layers.Dense(1)])
    inputs, targets = np.ones((8, 4), np.float32), np.ones((8, 1), np.float32)
    first, second = (gradient(net, keras.losses.MeanSquaredError())(inputs, targets) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first[:3] == 0).all()
    assert (first[3:] != 0).all()
