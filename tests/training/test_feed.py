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
