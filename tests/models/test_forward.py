"""A net answers batches of all shapes, and is traced once."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tpu_strategy import directly
from tfft.models import forward as module

ARCHITECTURES = [np.ones((4, 3), "float32"), np.full((4, 5), 2, "float32"), np.full((1, 7), 3, "float32")]
SPEC = tf.TensorSpec((None, None), tf.float32)


def forward(*arguments, **options):
    """The outputs of all batches in one array."""
    return np.concatenate(list(module.forward(*arguments, **options)))


@pytest.fixture
def net():
    first, second = (keras.Input((None,), name=name) for name in "ab")
    summed = keras.ops.sum(first, axis=1, keepdims=True) + 10 * keras.ops.sum(second, axis=1, keepdims=True)
    return keras.Model({"a": first, "b": second}, keras.layers.Dropout(0.5)(summed))


def batches() -> tf.data.Dataset:
    both = tf.data.Dataset.from_generator(
        lambda: ((rows, -rows) for rows in ARCHITECTURES), output_signature=(SPEC, SPEC)
    )
    return both.map(lambda a, b: ({"a": a, "b": b}, 0))


def test_batches_of_other_shapes_are_answered_in_order_by_one_trace_without_dropout(net, monkeypatch):
    traces = []
    call = net.call
    monkeypatch.setattr(net, "call", lambda *given, **options: traces.append(0) or call(*given, **options))
    found = forward(net, batches())
    np.testing.assert_allclose(found[:, 0], [-27.0] * 4 + [-90.0] * 4 + [-189.0])
    assert len(traces) == 1


@pytest.mark.parametrize("strategy", [None, tf.distribute.OneDeviceStrategy("CPU:0")])
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_several_inputs_are_taken_by_their_names_whatever_their_order(names, strategy):
    inputs = {name: keras.Input((None,), name=name) for name in names}
    first, second = (keras.ops.sum(inputs[name], axis=1, keepdims=True) for name in "ab")
    by_name = keras.Model(inputs, first + 10 * second)
    in_order = keras.Model([inputs["a"], inputs["b"]], first + 10 * second)
    shuffled = batches().map(lambda given, _: ({name: given[name] for name in reversed(names)}, 0))
    for net, as_argument in ((by_name, dict), (in_order, lambda given: [given["a"], given["b"]])):
        found = forward(net, shuffled, as_argument, strategy)
        np.testing.assert_allclose(found[:, 0], [-27.0] * 4 + [-90.0] * 4 + [-189.0])


def test_a_strategy_gives_the_answers_of_one_device(net):
    expected = forward(net, batches())
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    np.testing.assert_array_equal(forward(net, batches(), strategy=one), expected)
    with directly() as strategy:
        inputs = keras.Input((3,))
        with strategy.scope():
            doubled = keras.Model(inputs, 2 * inputs)
        given = {"x": np.arange(12.0).reshape(4, 3)}
        pairs = tf.data.Dataset.from_tensor_slices((given, np.zeros(4))).batch(2)
        found = forward(doubled, pairs, lambda taken: taken["x"], strategy)
    np.testing.assert_array_equal(found, 2 * np.arange(12.0).reshape(4, 3))


def test_the_answers_are_those_of_keras_to_the_last_bit(net):
    alone = batches().map(lambda inputs, _: inputs)
    assert np.array_equal(forward(net, batches()), net.predict(alone, verbose=0))
