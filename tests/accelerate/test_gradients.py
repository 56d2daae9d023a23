"""The gradient equals values computed by hand, without dropout."""

import gc
import weakref

import keras
import numpy as np

import tfft
from tfft.accelerate.gradients import forgotten, gradient
from tfft.accelerate.precision import Precision
from tfft.models.cuts import cut
from tfft.models.trunk import whole_net


def test_the_gradient_is_the_derivative_of_the_mean_squared_error():
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    inputs, targets = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[2.0], [-4.0]])
    expected = np.append(-2 * (targets * inputs).mean(axis=0), -2 * targets.mean())
    np.testing.assert_allclose(gradient(net, keras.losses.MeanSquaredError())(inputs, targets), expected, atol=1e-6)


def test_dropout_is_off_and_unused_variables_have_a_gradient_of_zero():
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


def test_the_gradient_is_computed_as_in_training_including_biases():
    """TensorFlow 2.21 sums the gradient of a bfloat16 bias in bfloat16, which is wrong by more than a quarter."""
    model = tfft.build(tfft.load_backbone("toy", size=64), tfft.tasks.classification(["a", "b"]), seed=1)
    overview = model.apply(tfft.trainable.everything())
    pixels = np.random.default_rng(0).integers(0, 256, (32, 64, 64, 3)).astype("float32")
    targets = np.eye(2, dtype="float32")[np.arange(32) % 2]
    found = {}
    for dtype in ("float32", "bfloat16"):
        net = whole_net(model, cut(model, overview), Precision("float32", dtype))
        model.head_net.get_layer("logits").kernel.assign(np.random.default_rng(1).normal(size=(8, 2)))
        flat = gradient(net, model.task.loss())({"pixels": pixels}, targets)
        sizes = [int(np.prod(variable.shape)) for variable in net.trainable_variables]
        names = [variable.path for variable in net.trainable_variables]
        found[dtype] = dict(zip(names, np.split(flat, np.cumsum(sizes)[:-1]), strict=True))
    exact, near = found["float32"]["block1_conv/bias"], found["bfloat16"]["block1_conv/bias"]
    assert np.linalg.norm(near - exact) < 0.05 * np.linalg.norm(exact)


def test_a_graph_with_custom_gradients_is_freed():
    import tensorflow as tf
    from tensorflow.python.framework import ops

    @tf.custom_gradient
    def doubled(value):
        return 2 * value, lambda upstream: 2 * upstream

    def differentiated():
        variable = tf.Variable(3.0)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                answer = doubled(variable * 1)
            return tape.gradient(answer, variable)

        assert float(step()) == 2
        return weakref.ref(step.get_concrete_function().graph)

    before = set(ops.gradient_registry.list())
    with forgotten():
        graph = differentiated()
        gc.collect()
        assert graph() is not None, "TensorFlow keeps it"
    gc.collect()
    assert graph() is None
    assert set(ops.gradient_registry.list()) == before
