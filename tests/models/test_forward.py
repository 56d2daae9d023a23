"""A net answers batches of all shapes, and is traced once."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tpu_strategy import directly
from tfft.models.forward import forward

ARCHITECTURES = [np.ones((4, 3), "float32"), np.full((4, 5), 2, "float32"), np.full((1, 7), 3, "float32")]
SPEC = tf.TensorSpec((None, None), tf.float32)


@pytest.fixture
def net():
    first, second = (keras.Input((None,), name=name) for name in "ab")
    summed = keras.ops.sum(first, axis=1, keepdims=True) + 10 * keras.ops.sum(second, axis=1, keepdims=True)
    return keras.Model({"a": first, "b": second}, keras.layers.Dropout(0.5)(summed))


def batches() -> tf.data.Dataset:
    both = tf.data.Dataset.from_generator(
        lambda: ((rows, -rows) for rows in ARCHITECTURES), output_signature=(SPEC, SPEC)
    )
    return both.map(lambda a, b: ((a, b), 0))


def by_name(inputs):
    return dict(zip("ab", inputs, strict=True))


def test_batches_of_other_shapes_are_answered_in_order_by_one_trace_without_dropout(net, monkeypatch):
    traces = []
    call = net.call
    monkeypatch.setattr(net, "call", lambda *given, **options: traces.append(0) or call(*given, **options))
    found = forward(net, batches(), by_name)
    np.testing.assert_allclose(found[:, 0], [-27.0] * 4 + [-90.0] * 4 + [-189.0])
    assert len(traces) == 1


@pytest.mark.parametrize("strategy", [None, tf.distribute.OneDeviceStrategy("CPU:0")])
def test_several_inputs_are_taken_in_their_order(strategy):
    first, second = keras.Input((None,)), keras.Input((None,))
    net = keras.Model(
        [first, second], keras.ops.sum(first, axis=1, keepdims=True) + 10 * keras.ops.sum(second, axis=1, keepdims=True)
    )
    np.testing.assert_allclose(forward(net, batches(), tuple, strategy)[:, 0], [-27.0] * 4 + [-90.0] * 4 + [-189.0])


def test_a_strategy_gives_the_answers_of_one_device(net):
    expected = forward(net, batches(), by_name)
    np.testing.assert_array_equal(forward(net, batches(), by_name, tf.distribute.OneDeviceStrategy("CPU:0")), expected)
    with directly() as strategy:
        inputs = keras.Input((3,))
        with strategy.scope():
            doubled = keras.Model(inputs, 2 * inputs)
        pairs = tf.data.Dataset.from_tensor_slices((np.arange(12.0).reshape(4, 3), np.zeros(4))).batch(2)
        found = forward(doubled, pairs, lambda taken: taken[0], strategy)
    np.testing.assert_array_equal(found, 2 * np.arange(12.0).reshape(4, 3))


def test_the_answers_are_those_of_keras_to_the_last_bit(net):
    alone = batches().map(
        lambda inputs, _: (by_name(inputs),)
    )  # otherwise Keras would use the second tensor as targets
    assert np.array_equal(forward(net, batches(), by_name), net.predict(alone, verbose=0))
