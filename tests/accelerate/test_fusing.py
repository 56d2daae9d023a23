"""Faster GELU and layer norms have the same results as those of Keras, and nets are restored afterwards."""

import keras
import ml_dtypes  # noqa: F401  (NumPy learns bfloat16 from it)
import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.accelerate.fusing import fused, gelu
from tfft.accelerate.gradients import gradient
from tfft.accelerate.precision import computing

RANDOM = np.random.default_rng(0)
STEPS = RANDOM.normal(1, 2, (4, 6, 16)).astype("float32")
UPSTREAM = RANDOM.normal(size=(4, 6, 16)).astype("float32")
NARROW = ["bfloat16", "float16"]


def gelu_approximate(tensor):
    """GELU of Keras, with the name that KerasHub gives it."""
    return keras.activations.gelu(tensor, approximate=True)


def exact_gelu(tensor):
    """GELU of tfft in its exact form."""
    return gelu(tensor, approximate=False)


FORMS = [(gelu, gelu_approximate), (exact_gelu, keras.activations.gelu)]


def distance(found, exact):
    found, exact = (np.asarray(array, "float64") for array in (found, exact))
    return np.linalg.norm(found - exact) / np.linalg.norm(exact)


def activated(function, dtype, values=STEPS):
    """Return the result and the gradient of an activation, for values that ``dtype`` can represent."""
    tensor = tf.cast(values, dtype)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        result = function(tensor)
    upstream = tf.cast(np.resize(UPSTREAM, values.shape), dtype)
    return result, tape.gradient(result, tensor, upstream)


def rounded(dtype):
    return np.asarray(tf.cast(tf.cast(STEPS, dtype), "float32"))


@pytest.mark.parametrize(("own", "of_keras"), FORMS)
def test_gelu_and_its_gradient_equal_those_of_keras(own, of_keras):
    values = np.linspace(-12, 12, 4097).astype("float32")
    for ours, theirs in zip(activated(own, "float32", values), activated(of_keras, "float32", values), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", NARROW)
# Keras rounds each step of the tanh form, and both steps of the exact form
@pytest.mark.parametrize(("own", "of_keras", "ratio"), [(*FORMS[0], 0.9), (*FORMS[1], 1.0)])
def test_gelu_in_low_precision_is_more_exact_than_that_of_keras(own, of_keras, ratio, dtype):
    exact = activated(of_keras, "float64", rounded(dtype).astype("float64"))
    ours, theirs = activated(own, dtype), activated(of_keras, dtype)
    assert {tensor.dtype.name for tensor in ours} == {dtype}
    # the upstream gradient is rounded in the same way for both
    for near, far, truth in zip(ours, theirs, exact, strict=True):
        assert distance(near, truth) < ratio * distance(far, truth)


@pytest.mark.parametrize("dtype", ["float32", *NARROW])
@pytest.mark.parametrize("own", [gelu, exact_gelu])
def test_gelu_of_large_values_is_finite_and_equals_the_value_or_zero(own, dtype):
    values = np.array([-60000, -300, -20, 0, 20, 300, 60000], "float32")
    result, slopes = activated(own, dtype, values)
    held = np.asarray(tf.cast(tf.cast(values, dtype), "float32"))
    np.testing.assert_array_equal(np.asarray(result, "float32"), np.maximum(held, 0))
    share = np.asarray(slopes, "float32") / np.asarray(tf.cast(np.resize(UPSTREAM, 7), dtype), "float32")
    np.testing.assert_allclose(share, [0, 0, 0, 0.5, 1, 1, 1], atol=1e-3)


@pytest.fixture
def norm():
    """A layer norm whose scale and offset differ from their initial values."""
    inputs = keras.Input((6, 16))
    layer = keras.layers.LayerNormalization(epsilon=1e-5)
    net = keras.Model(inputs, layer(inputs))
    layer.gamma.assign(RANDOM.normal(1, 0.5, 16))
    layer.beta.assign(RANDOM.normal(size=16))
    return net


def normalized(net, values, is_fused, dtype="float32"):
    """Return the result and the gradients of inputs, scale and offset."""
    tensor = tf.constant(values)
    scope = fused(net) if is_fused else computing(net, dtype)
    with tf.GradientTape() as tape, computing(net, dtype), scope:
        tape.watch(tensor)
        result = net(tensor)
        loss = tf.reduce_sum(tf.cast(result, "float32") * UPSTREAM)
    return [result, *tape.gradient(loss, [tensor, *(variable.value for variable in net.trainable_variables)])]


def test_a_layer_norm_and_its_gradients_equal_those_of_keras(norm):
    for ours, theirs in zip(normalized(norm, STEPS, True), normalized(norm, STEPS, False), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)
        assert np.linalg.norm(theirs) > 0


@pytest.mark.parametrize("dtype", NARROW)
def test_a_layer_norm_in_low_precision_is_as_exact_as_that_of_keras(norm, dtype):
    """Keras 3.15 also computes norms in float32 internally, so that tfft cannot be more exact."""
    values = rounded(dtype)
    exact = normalized(norm, values, False)
    ours, theirs = (normalized(norm, values, is_fused, dtype) for is_fused in (True, False))
    assert [tensor.dtype.name for tensor in ours] == [dtype, *["float32"] * 3]
    for near, far, truth in zip(ours, theirs, exact, strict=True):
        assert 0 < distance(near, truth) <= 1.01 * distance(far, truth)


def test_a_layer_norm_keeps_its_own_epsilon(norm):
    """For steps that are nearly equal, epsilon determines the size of the result."""
    flat = (STEPS * 1e-3).astype("float32")
    for epsilon in (1e-3, 1e-12):
        norm.layers[-1].epsilon = epsilon
        ours, theirs = normalized(norm, flat, True), normalized(norm, flat, False)
        assert distance(ours[0], theirs[0]) < 1e-5
        assert distance(ours[1], theirs[1]) < 1e-4


def kept(layer):
    """Return the ids of the values of a layer's attributes."""
    return {name: id(value) for name, value in vars(layer).items()}


def changed(layer, shape=(6, 6)):
    """Return the attributes of a layer that change while its net is fused."""
    inputs = keras.Input(shape)
    net = keras.Model(inputs, layer(inputs))
    before = kept(layer)
    with fused(net):
        inside = kept(layer)
    assert kept(layer) == before
    return {name for name in {*before, *inside} if before.get(name) != inside.get(name)}


class OwnNorm(keras.layers.LayerNormalization):
    """A subclass, which may compute anything."""


def test_both_forms_of_gelu_and_plain_layer_norms_are_changed():
    assert changed(keras.layers.Dense(3, activation=gelu_approximate)) == {"activation"}
    assert changed(keras.layers.Dense(3, activation="gelu")) == {"activation"}
    assert changed(keras.layers.LayerNormalization()) == {"call"}
    assert changed(keras.layers.LayerNormalization(axis=2)) == {"call"}


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Dense(3),
        keras.layers.Dense(3, activation="relu"),
        keras.layers.LayerNormalization(scale=False),
        keras.layers.LayerNormalization(center=False),
        keras.layers.LayerNormalization(axis=(1, 2)),
        keras.layers.LayerNormalization(rms_scaling=True),
        keras.layers.RMSNormalization(),
        keras.layers.BatchNormalization(),
        OwnNorm(),
    ],
    ids=lambda layer: layer.name,
)
def test_all_other_layers_are_computed_by_keras(layer):
    assert changed(layer) == set()


def test_a_layer_norm_over_another_axis_than_the_last_is_computed_by_keras():
    layer = keras.layers.LayerNormalization(axis=1)
    inputs = keras.Input((6, 6))
    net = keras.Model(inputs, layer(inputs))
    values = STEPS[:, :, :6]
    exact = np.asarray(net(values))
    with fused(net):
        np.testing.assert_allclose(net(values), exact, atol=1e-5)


@pytest.fixture
def text_net():
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]))
    model.apply(tfft.trainable.everything(), train_norms=True)
    return model.net


def tokens(count=3, length=10):
    ids = np.random.default_rng(1).integers(5, 60, (count, length)).astype("int32")
    mask = (np.arange(length) < np.array([length, 6, 4])[:count, None]).astype("int32")
    return {"token_ids": ids * mask, "segment_ids": np.zeros_like(ids), "padding_mask": mask}


def layers(net):
    return list(net._flatten_layers(include_self=True, recursive=True))


def test_every_gelu_and_norm_in_an_encoder_of_keras_hub_is_changed(text_net):
    """Two transformer layers have one GELU and two norms each, and one norm follows the embeddings."""
    with fused(text_net):
        dense = [layer for layer in layers(text_net) if isinstance(layer, keras.layers.Dense)]
        assert sum(layer.activation is gelu for layer in dense) == 2
        assert sum("call" in vars(layer) for layer in layers(text_net)) == 5


def test_a_net_is_restored_exactly(text_net):
    before = [kept(layer) for layer in layers(text_net)]
    with fused(text_net):
        assert [kept(layer) for layer in layers(text_net)] != before
    assert [kept(layer) for layer in layers(text_net)] == before
    with pytest.raises(KeyError, match="inside"), fused(text_net):
        raise KeyError("inside")
    assert [kept(layer) for layer in layers(text_net)] == before
    with fused(text_net), fused(text_net):
        pass
    assert [kept(layer) for layer in layers(text_net)] == before


def test_no_weight_is_tracked_twice(text_net):
    before = [id(variable) for variable in text_net.weights]
    with fused(text_net):
        assert [id(variable) for variable in text_net.weights] == before
        text_net(tokens())
    assert [id(variable) for variable in text_net.weights] == before


def test_a_layer_that_occurs_twice_in_a_net_is_restored():
    inputs = keras.Input((6, 8))
    shared = keras.layers.LayerNormalization()
    inner = keras.Sequential([keras.Input((6, 8)), shared])
    net = keras.Model(inputs, inner(shared(inputs)))
    exact, before = np.asarray(net(STEPS[:, :, :8])), kept(shared)
    with fused(net):
        assert distance(net(STEPS[:, :, :8]), exact) < 1e-5
    assert kept(shared) == before


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_eager_and_traced_calls_agree_for_batches_of_any_size(text_net, dtype):
    @tf.function(input_signature=[{name: tf.TensorSpec((None, None), tf.int32) for name in tokens()}])
    def traced(inputs):
        with tf.GradientTape() as tape, computing(text_net, dtype), fused(text_net):
            result = tf.cast(text_net(inputs), tf.float32)
        return result, tape.gradient(result, [variable.value for variable in text_net.trainable_variables])

    for count, length in ((3, 10), (2, 8), (1, 5)):
        inputs = {name: tf.constant(array) for name, array in tokens(count, length).items()}
        (logits, slopes), (eager, eager_slopes) = traced(inputs), traced.python_function(inputs)
        np.testing.assert_allclose(logits, eager, atol=1e-5 if dtype == "float32" else 0.02)
        for one, other in zip(slopes, eager_slopes, strict=True):
            assert (one is None) == (other is None)
            if one is not None and dtype == "float32":
                np.testing.assert_allclose(tf.convert_to_tensor(one), tf.convert_to_tensor(other), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_the_logits_and_gradient_of_a_whole_encoder_equal_those_of_keras(text_net):
    inputs, targets = tokens(), np.eye(2, dtype="float32")[[0, 1, 1]]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    exact, slopes = np.asarray(text_net(inputs)), gradient(text_net, loss)(inputs, targets)
    with fused(text_net):
        np.testing.assert_allclose(text_net(inputs), exact, atol=1e-5)
        np.testing.assert_allclose(gradient(text_net, loss)(inputs, targets), slopes, atol=1e-5)
    assert np.linalg.norm(slopes) > 0.01


def test_dropout_draws_the_same_random_numbers(text_net):
    def noisy():
        keras.utils.set_random_seed(3)
        for layer in layers(text_net):
            if hasattr(layer, "seed_generator") and isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([3, 3])
        return np.asarray(text_net(tokens(), training=True))

    exact = noisy()
    assert distance(exact, text_net(tokens())) > 1e-3, "or dropout is off"
    with fused(text_net):
        np.testing.assert_allclose(noisy(), exact, atol=1e-5)
