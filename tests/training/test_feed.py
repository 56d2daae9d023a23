"""Validation batches weigh classes; the loss before training is the loss of the weights as they are."""

import numpy as np
import pytest

import tfft
from tfft.plans import augmentation
from tfft.training.feed import loss_now, training_feed, validation_batches


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


def feed(model, data, augment=(), class_weight=None):
    phase = tfft.Phase("head", tfft.trainable.nothing(), 2, 1e-3, augment=augment)
    return training_feed(model, data, phase, 8, range(2, 4), 0, class_weight)


def test_a_phase_reads_every_example_once_an_epoch(model, data):
    found = feed(model, data)
    rows = [len(pixels) for pixels, _ in found["x"].as_numpy_iterator()]
    assert sum(rows) == 2 * len(data.train)
    assert len(rows) == 2 * found["steps_per_epoch"]


def test_pictures_are_changed_anew_in_every_epoch_and_alike_in_a_repeated_run(model, data):
    plain, one, again = (
        np.concatenate([pixels for pixels, _ in feed(model, data, augment)["x"].as_numpy_iterator()])
        for augment in ((), augmentation.colors(), augmentation.colors())
    )
    assert np.array_equal(one, again)
    changed = [not np.array_equal(a, b) for a, b in zip(plain, one, strict=True)]
    assert np.mean(changed) > 0.9


def test_a_mixed_example_weighs_what_its_shares_weigh(model, data):
    found = feed(model, data, augmentation.mixup(1.0), {0: 1.0, 1: 2.0, 2: 4.0})
    for _, targets, weights in found["x"].as_numpy_iterator():
        assert weights == pytest.approx(targets @ np.array([1.0, 2.0, 4.0]))
        assert targets.sum(axis=1) == pytest.approx(1)
    assert np.any((targets > 0) & (targets < 1))
