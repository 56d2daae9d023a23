"""Batches of a fixed size hold every example once that counts, and have static shapes."""

import numpy as np
import pytest
import tensorflow as tf

from tfft.core.values import Batch, Loaded
from tfft.data.fixed_batches import cyclic, filled, full_batches
from tfft.data.loading import Loading
from tfft.data.pipeline import evaluation_batches, steps, training_batches, validation_batches

COUNT = 11


def loading(**options):
    def load(epoch, chosen):
        return Loaded({"x": chosen * 1.0}, np.stack([chosen * 10.0, chosen * 0.0 + epoch], axis=1))

    return Loading(COUNT, load, **options)


def shapes(dataset):
    return [spec.shape.as_list() for spec in tf.nest.flatten(dataset.element_spec)]


@pytest.mark.parametrize("lengths", [None, np.arange(COUNT) % 5 + 1])
@pytest.mark.parametrize(("batch_size", "replicas"), [(4, 1), (4, 2), (5, 3), (8, 4), (COUNT, 1)])
def test_the_examples_that_count_are_those_of_smaller_batches(batch_size, replicas, lengths):
    own, size = loading(lengths=lengths), steps(batch_size, replicas)
    for make in (
        lambda: training_batches(own, batch_size, range(2), 3, replicas),
        lambda: validation_batches(own, batch_size, replicas=replicas),
    ):
        dataset = filled(make(), size)
        assert shapes(dataset) == [[size], [size, 2], [size], [size]]
        for batch, smaller in zip(dataset.as_numpy_iterator(), make().as_numpy_iterator(), strict=True):
            there = len(smaller.targets)
            tf.nest.assert_same_structure(batch, smaller)
            for full, part in zip(tf.nest.flatten(batch), tf.nest.flatten(smaller), strict=True):
                np.testing.assert_array_equal(full[:there], part)
            assert not batch.counted[there:].any()
            assert not batch.weights[there:].any()
            assert set(batch.inputs["x"]) == set(smaller.inputs["x"]), "filled up with its own examples"


def test_a_share_without_examples_stays_without_any():
    three = Loading(3, lambda _, chosen: Loaded({"x": chosen}, chosen))
    last = list(filled(validation_batches(three, 2, replicas=2), 1))[-1]
    assert last.counted.numpy().tolist() == last.weights.numpy().tolist() == [0.0]


def test_several_inputs_are_filled_alike():
    inputs = {"ids": np.arange(3), "mask": np.arange(6).reshape(3, 2)}
    batch = Batch(inputs, np.ones((3, 1)), np.ones(3), np.ones(3))
    found, targets, weights, counted, _ = next(iter(filled(tf.data.Dataset.from_tensors(batch), 5)))
    assert set(found) == {"ids", "mask"}
    assert found["ids"].numpy().tolist() == [0, 1, 2, 0, 1]
    assert found["mask"].numpy()[:, 1].tolist() == [1, 3, 5, 1, 3]
    assert (targets.shape, weights.numpy().tolist()) == ((5, 1), [1, 1, 1, 0, 0])
    assert counted.numpy().tolist() == [1, 1, 1, 0, 0]


def test_positions_after_the_end_begin_again_and_do_not_count():
    batch = Batch({"x": np.array([7, 8, 9])}, np.zeros((3, 1)), np.full(3, 2.0), np.ones(3))
    found = cyclic(batch, np.array([2, 3, 4]), 3)
    assert found.inputs["x"].numpy().tolist() == [9, 7, 8]
    assert found.weights.numpy().tolist() == [2, 0, 0]


@pytest.mark.parametrize(("batch_size", "copies", "size"), [(4, 1, 4), (5, 2, 4), (1, 2, 2), (64, 1, 11), (64, 4, 12)])
def test_an_evaluation_has_batches_of_one_size_in_the_given_order(batch_size, copies, size):
    order = np.random.default_rng(0).permutation(COUNT)
    dataset = full_batches(loading(), batch_size, order, copies)
    assert shapes(dataset) == [[size], [size, 2]]
    assert dataset.options().autotune.enabled is False
    for _ in range(2):
        found = np.concatenate([inputs["x"] for inputs, _ in dataset.as_numpy_iterator()])
        assert found[:COUNT].tolist() == order.tolist()
        assert set(found[COUNT:]) <= {order[-1]}
        assert len(found) - COUNT < size
    if COUNT % size == 0:
        same = evaluation_batches(loading(), size, order)
        assert [inputs["x"].tolist() for inputs, _ in same.as_numpy_iterator()] == [found.tolist()]
