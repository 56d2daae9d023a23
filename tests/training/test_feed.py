"""Validation batches weigh classes; the loss before training is the loss of the weights as they are."""

import numpy as np
import pytest

import tfft
from tfft.training.feed import loss_now, validation_batches


@pytest.fixture
def data(toy_arrays):
    return tfft.data.from_arrays(*toy_arrays)


@pytest.fixture
def model(data):
    return tfft.build("toy", tfft.tasks.classification(data.labels))


def test_weights_follow_the_class_of_each_example(model, data):
    batches = validation_batches(model, data, 4, {0: 1.0, 1: 2.0, 2: 3.0})
    weights = np.concatenate([row[2] for row in batches.as_numpy_iterator()])
    assert np.array_equal(weights, data.validation.targets + 1.0)


def test_without_weights_there_are_pairs(model, data):
    assert all(len(row) == 2 for row in validation_batches(model, data, 4, None).as_numpy_iterator())


def test_the_loss_before_training_is_that_of_chance(model, data):
    model.net.compile(loss=model.task.loss())
    batches = validation_batches(model, data, 4, None)
    assert loss_now(model.net, batches, len(data.validation), 4) == pytest.approx(np.log(3), abs=0.01)
    model.head_net.get_layer("logits").bias.assign([np.nan, 0, 0])
    assert loss_now(model.net, batches, len(data.validation), 4) is None


def test_a_phase_reads_every_example_once_an_epoch(model, data):
    from tfft.training.feed import phase_feed

    feed = phase_feed(model, data, 8, range(2, 4), seed=0)
    rows = [len(pixels) for pixels, _ in feed["x"].as_numpy_iterator()]
    assert sum(rows) == 2 * len(data.train)
    assert len(rows) == 2 * feed["steps_per_epoch"]
