"""Quantities: standardised for the net, in the user's own unit everywhere else."""

import numpy as np
import pytest

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.data.targets.label_space import label_space
from tfft.tasks.regression import regression

RAW = np.random.default_rng(0).normal([40, 1e5, -3e-4], [12, 3e4, 2e-5], (200, 3)).astype(np.float32)
LABELS = target_of(label_space(RAW, ["age", "income", "drift"])).fitted(RAW)


def test_targets_are_standardised_and_come_back_in_their_own_unit():
    task = regression(LABELS)
    encoded = task.encode(RAW, {})[0]
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(encoded.std(axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(task.probabilities(encoded), RAW, rtol=1e-5)


def test_the_loss_is_the_mean_squared_error_of_standardised_targets():
    task = regression(LABELS)
    encoded = task.encode(RAW, {})[0]
    assert float(task.loss()(encoded, np.zeros_like(encoded))) == pytest.approx(1, rel=1e-4)


def test_the_mean_absolute_error_is_in_the_users_own_unit():
    age = LabelSpace(("age",), "real", (40.0,), (10.0,))
    task = regression(age)
    (mae,) = task.metrics()
    mae.update_state(task.encode(np.float32([[30], [50]]), {})[0], task.encode(np.float32([[33], [49]]), {})[0])
    assert mae.name == "mae"
    assert float(mae.result()) == pytest.approx(2, rel=1e-5)


def test_a_quantity_that_never_varies_stays_finite():
    raw = np.full((9, 1), 0.1, np.float32)
    task = regression(target_of(label_space(raw)).fitted(raw))
    assert np.abs(task.encode(raw, {})[0]).max() < 1e-6


def test_an_answer_holds_values_and_no_label():
    answer = regression(LABELS).decode(np.array([35.0, 2.0, 0.5]))
    assert (answer.label, answer.probability) == (None, None)
    assert answer.scores == {"age": 35.0, "income": 2.0, "drift": 0.5}


def test_class_labels_are_sent_to_classification():
    with pytest.raises(TaskError, match=r"kind 'real'.*kind 'single'.*tasks.classification"):
        regression(LabelSpace(("a", "b")))


def test_dropout_is_off_unless_asked_for():
    assert regression(LABELS).head.dropout == 0
