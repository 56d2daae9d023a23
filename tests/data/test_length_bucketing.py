"""Batches of similar lengths hold every example once and little padding, in a random order."""

from itertools import pairwise

import numpy as np
import pytest

from tfft.data.length_bucketing import batches, by_length
from tfft.data.pipeline import steps

LENGTHS = np.random.default_rng(0).integers(1, 200, 5000)


def shuffled(count, seed=0):
    return np.random.default_rng(seed).permutation(count)


def grouped(chosen, batch_size, lengths=LENGTHS, seed=0):
    return batches(chosen, batch_size, lengths, np.random.default_rng(seed))


def padding(found):
    """The share of padding in all steps of the padded batches."""
    whole = sum(len(batch) * LENGTHS[batch].max() for batch in found)
    return 1 - sum(LENGTHS[batch].sum() for batch in found) / whole


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize(
    ("count", "batch_size"), [(1, 1), (7, 3), (6, 3), (5, 8), (50 * 4, 4), (50 * 4 + 1, 4), (999, 7)]
)
def test_each_example_stands_in_one_batch_and_there_are_as_many_batches_as_keras_is_told(lengths, count, batch_size):
    chosen = shuffled(count)
    found = grouped(chosen, batch_size, lengths)
    assert sorted(np.concatenate(found).tolist()) == list(range(count))
    assert len(found) == steps(count, batch_size)
    assert sorted(map(len, found))[1:] == [batch_size] * (len(found) - 1)


def test_some_of_the_examples_may_be_chosen():
    chosen = np.array([40, 3, 17, 5, 90])
    assert sorted(np.concatenate(grouped(chosen, 2)).tolist()) == sorted(chosen)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_of_no_examples_no_batch_is_made(lengths):
    assert grouped(np.empty(0, np.int64), 4, lengths) == []


def test_where_all_are_alike_the_order_is_kept_and_nothing_is_drawn():
    random = np.random.default_rng(0)
    chosen = shuffled(10)
    assert np.concatenate(batches(chosen, 3, None, random)).tolist() == chosen.tolist()
    assert random.integers(1 << 30) == np.random.default_rng(0).integers(1 << 30)


def test_little_of_a_batch_is_padding():
    chosen = shuffled(len(LENGTHS))
    plain = padding([chosen[start : start + 32] for start in range(0, len(chosen), 32)])
    assert plain > 0.4
    assert padding(grouped(chosen, 32)) < plain / 10


def test_batches_do_not_come_by_length():
    """Otherwise the head would see short texts first, and some lengths only at the highest learning rate."""
    found = [LENGTHS[batch].mean() for batch in grouped(shuffled(len(LENGTHS)), 8)]
    assert abs(np.corrcoef(found, np.arange(len(found)))[0, 1]) < 0.1


def test_examples_meet_others_in_every_epoch():
    """If all examples were sorted together, the same ones would be neighbours in every epoch."""
    pairs = [
        {pair for batch in grouped(shuffled(5000, epoch), 10, seed=epoch) for pair in pairwise(batch.tolist())}
        for epoch in range(2)
    ]
    assert len(pairs[0] & pairs[1]) < 0.1 * len(pairs[0])


def test_batches_are_made_within_a_window_of_the_order():
    chosen, batch_size = shuffled(5000), 4
    place = np.argsort(chosen)
    spread = [np.ptp(place[batch]) for batch in grouped(chosen, batch_size)]
    assert max(spread) < 50 * batch_size < len(chosen) / 10


def test_the_same_order_and_seed_give_the_same_batches_and_another_seed_others():
    def listed(seed):
        return [batch.tolist() for batch in grouped(shuffled(400), 8, seed=seed)]

    assert listed(1) == listed(1)
    assert listed(1) != listed(2)
    assert sorted(listed(1)) == sorted(listed(2)), "the seed orders the batches, and the order of the epoch makes them"


def test_nothing_that_is_passed_is_changed():
    chosen, lengths = shuffled(60), LENGTHS.copy()
    grouped(chosen, 8, lengths)
    assert chosen.tolist() == shuffled(60).tolist()
    np.testing.assert_array_equal(lengths, LENGTHS)


def test_by_length_goes_from_the_longest_on_and_keeps_equals_in_their_order():
    order = by_length(LENGTHS)
    assert sorted(order.tolist()) == list(range(len(LENGTHS)))
    assert (np.diff(LENGTHS[order]) <= 0).all()
    assert by_length(np.array([2, 5, 2, 5])).tolist() == [1, 3, 0, 2]
    assert by_length(np.array([3, 1], np.uint8)).tolist() == [0, 1], "a number without a sign has no negative"
