"""A Loading becomes a TensorFlow function that loads the same arrays, from memory or by calling Python."""

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from tfft.core.values import Loaded
from tfft.data.load_functions import HEADER, load_function
from tfft.data.loading import Loading

ROW = tf.constant([7, 1, 2, 0, -1], tf.int64)


def load(epoch, chosen):
    return Loaded({"b": chosen * 1.0 + epoch, "a": np.stack([chosen, chosen], axis=1)}, chosen * 10)


@pytest.mark.parametrize("held", [False, True])
def test_the_function_gives_what_load_gives_by_name(held):
    kept = load(7, np.arange(3)) if held else None
    function, called = load_function(Loading(3, load, held=kept), 7)
    found = function(ROW)
    expected = load(7, np.array([2, 0]))
    assert (called is None) == held
    assert found.counted is None
    assert set(found.inputs) == {"a", "b"}
    for name in ("a", "b"):
        np.testing.assert_array_equal(found.inputs[name], expected.inputs[name])
    np.testing.assert_array_equal(found.targets, expected.targets)
    assert len(ROW) == HEADER + 3


def test_bfloat16_keeps_its_bits():
    values = np.arange(3).astype(ml_dtypes.bfloat16) + ml_dtypes.bfloat16(0.5)
    function, _ = load_function(Loading(3, lambda _, chosen: Loaded({"x": values[chosen]}, chosen)), 0)
    assert function(ROW).inputs["x"].dtype == tf.bfloat16
    np.testing.assert_array_equal(function(ROW).inputs["x"].numpy(), values[[2, 0]])


def test_targets_of_tokens_are_as_long_as_the_inputs_of_their_batch():
    def tokens(_, chosen):
        width = int(chosen.max()) + 1
        ids = np.tile(np.arange(width, dtype=np.int32), (len(chosen), 1))
        return Loaded({"ids": ids}, ids, (ids < chosen[:, None]).astype(np.float32))

    loading = Loading(3, tokens, lengths=np.arange(3), shapes={"ids": (None,)})
    found = load_function(loading, 0)[0](ROW)
    assert found.targets.shape == found.counted.shape == (2, 3)
    assert found.counted.numpy().sum() == 2
    dataset = tf.data.Dataset.from_tensors(ROW).map(load_function(loading, 0)[0])
    assert dataset.element_spec.targets.shape.as_list() == [None, None]
