"""A net with folded norms gives the same results and the same training as before."""

import keras
import numpy as np
import pytest
from keras import layers

from tfft.accelerate.folding import foldable, run
from tfft.accelerate.gradients import gradient
from tfft.accelerate.precision import computing

PIXELS = np.random.default_rng(0).normal(size=(4, 12, 12, 3)).astype("float32")


def lively(net):
    """Give the norms of a new net random values, because their initial values have no effect."""
    random = np.random.default_rng(1)
    for weight in net.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape) if len(weight.shape) == 1 else np.asarray(weight))
    return net


def chained(*inner):
    found = inputs = keras.Input((12, 12, 3))
    for layer in (*inner, layers.GlobalAveragePooling2D(), layers.Dense(2)):
        found = layer(found)
    return lively(keras.Model(inputs, found))


def norm_of(net):
    return next(layer for layer in net.layers if isinstance(layer, layers.BatchNormalization))


KINDS = {
    "plain": lambda: layers.Conv2D(6, 3),
    "without bias": lambda: layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False),
    "one pixel": lambda: layers.Conv2D(6, 1, strides=(2, 3), padding="same"),
    "groups": lambda: layers.Conv2D(6, 3, groups=3, dilation_rate=2),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
    "separable": lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_convolution_is_folded_with_the_same_result(kind):
    net = chained(KINDS[kind](), layers.BatchNormalization(), layers.ReLU())
    assert len(foldable(net, training=False)) == 1
    np.testing.assert_allclose(run(net, PIXELS, training=False), net(PIXELS, training=False), rtol=1e-5, atol=1e-5)
    norm_of(net).trainable = False
    np.testing.assert_allclose(run(net, PIXELS, training=True), net(PIXELS, training=False), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"epsilon": 0.1}])
def test_norms_with_all_options_are_folded(options):
    net = chained(layers.Conv2D(6, 3), layers.BatchNormalization(**options))
    assert len(foldable(net, training=False)) == 1
    np.testing.assert_allclose(run(net, PIXELS, training=False), net(PIXELS, training=False), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_gradients_through_a_folded_norm_are_the_same(size, training):
    net = chained(layers.Conv2D(6, size), layers.BatchNormalization(), layers.ReLU(), layers.DepthwiseConv2D(3))
    norm_of(net).trainable = False
    targets = np.eye(2, dtype="float32")[[0, 1, 0, 1]]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    expected = gradient(net, loss)(PIXELS, targets)

    now = training

    class Folded(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = net

        def call(self, inputs, training=None):
            return run(self.inner, inputs, now)

    np.testing.assert_allclose(gradient(Folded(), loss)(PIXELS, targets), expected, rtol=1e-4, atol=1e-6)


def branching(build):
    inputs = keras.Input((12, 12, 3))
    return lively(keras.Model(inputs, build(inputs)))


def shared(inputs):
    convolution = layers.Conv2D(3, 3, padding="same")
    return layers.BatchNormalization()(convolution(convolution(inputs)))


def read_twice(inputs):
    found = layers.Conv2D(3, 3, padding="same")(inputs)
    return layers.Add()([layers.BatchNormalization()(found), found])


def activated(inputs):
    return layers.BatchNormalization()(layers.Conv2D(3, 3, activation="relu")(inputs))


def answered(inputs):
    found = layers.Conv2D(3, 3)(inputs)
    return [found, layers.BatchNormalization()(found)]


def over_rows(inputs):
    return layers.BatchNormalization(axis=1)(layers.Conv2D(3, 3)(inputs))


@pytest.mark.parametrize("build", [shared, read_twice, activated, answered, over_rows])
def test_norms_that_cannot_be_folded_are_computed_by_keras(build):
    net = branching(build)
    assert foldable(net, training=False) == []
    for one, other in zip(keras.tree.flatten(run(net, PIXELS, False)), keras.tree.flatten(net(PIXELS)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_trainable_norm_is_folded_only_in_inference():
    net = chained(layers.Conv2D(6, 3), layers.BatchNormalization())
    assert len(foldable(net, training=False)) == 1
    assert foldable(net, training=True) == []
    norm_of(net).trainable = False
    assert len(foldable(net, training=True)) == 1


def test_training_reaches_the_layers_that_are_not_folded():
    net = chained(layers.Conv2D(6, 3), layers.BatchNormalization(), layers.Dropout(0.9))
    norm_of(net).trainable = False
    answers = [np.asarray(run(net, PIXELS, training=training)) for training in (False, False, True)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2], atol=0.1)


def test_a_net_that_is_not_functional_is_called_unchanged():
    class Own(keras.Model):
        def call(self, inputs, training=None):
            return inputs * 2

    np.testing.assert_array_equal(run(Own(), PIXELS, training=False), PIXELS * 2)
    stack = keras.Sequential([keras.Input((12, 12, 3)), layers.Conv2D(2, 3), layers.BatchNormalization()])
    np.testing.assert_array_equal(run(stack, PIXELS, training=False), stack(PIXELS, training=False))


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    "convolution",
    [layers.Conv2D(6, 1, strides=2), layers.Conv2D(6, 3, activation=None), layers.Conv2D(6, (2, 4), padding="same")],
)
def test_a_convolution_in_low_precision_gives_nearly_the_float32_result(convolution, dtype, norm):
    layer = layers.Conv2D.from_config(convolution.get_config())
    net = chained(layer, *([layers.BatchNormalization()] if norm else []), layers.ReLU())
    net.layers[2].trainable = not norm
    net.layers[-1].kernel.assign(abs(net.layers[-1].kernel))  # sums of mixed signs would enlarge the relative error
    with computing(net, dtype):
        near = run(net, PIXELS, training=True)
        assert keras.backend.standardize_dtype(near.dtype) == dtype
    exact = np.asarray(net(PIXELS))
    assert 0 < np.linalg.norm(np.asarray(near, "float32") - exact) / np.linalg.norm(exact) < 0.01
