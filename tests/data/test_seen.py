"""Seen: contents are known again whatever their names and order are."""

import json

import numpy as np
import pytest

import tfft
from tfft.data.seen import Seen


@pytest.fixture
def data(toy_arrays):
    return tfft.data.from_arrays(*toy_arrays, seed=4)


def test_each_part_is_counted_as_what_it_was_used_for(data):
    seen = Seen.of(data)
    assert seen.counts(data.train) == {"train": len(data.train), "validation": 0}
    assert seen.counts(data.validation) == {"train": 0, "validation": len(data.validation)}
    assert seen.counts(data.test) == {"train": 0, "validation": 0}


def test_contents_count_and_not_positions(data, toy_arrays):
    images, targets = toy_arrays
    shuffled = tfft.data.from_arrays(images[::-1].copy(), targets[::-1].copy(), seed=99)
    assert Seen.of(data).counts(shuffled.everything()) == {
        "train": len(data.train),
        "validation": len(data.validation),
    }


def test_a_second_training_adds_to_the_first(data, toy_arrays):
    images, targets = toy_arrays
    other = tfft.data.from_arrays(255 - images, targets, seed=5)
    both = Seen.of(other, before=Seen.of(data))
    assert both.counts(data.train)["train"] == len(data.train)
    assert both.counts(other.train)["train"] == len(other.train)
    assert both.seed == 5


def test_what_was_trained_on_later_no_longer_counts_as_chosen_by(toy_arrays):
    images, targets = toy_arrays
    first, second = (tfft.data.from_arrays(images, targets, seed=seed) for seed in (1, 2))
    both = Seen.of(second, before=Seen.of(first))
    assert not both.train & both.validation


def test_it_survives_json(data):
    seen = Seen.of(data)
    assert Seen.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen
    assert np.all([len(content) == 16 for content in seen.train])
