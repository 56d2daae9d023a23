"""Intervals hold the value, repeat, and behave like intervals."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.core.errors import DataError
from tfft.evaluation.intervals import with_intervals
from tfft.evaluation.metrics import per_class, roc_areas
from tfft.evaluation.predictions import Predictions

RANDOM = np.random.default_rng(0)


@pytest.fixture
def single():
    probabilities = RANDOM.dirichlet(np.ones(4), 200)
    targets = np.where(RANDOM.random(200) < 0.6, probabilities.argmax(axis=1), RANDOM.integers(0, 4, 200))
    return Predictions(targets, probabilities)


def test_intervals_hold_the_value_repeat_and_shrink_with_more_examples(single):
    found = with_intervals(single, "single", seed=0)
    assert found == with_intervals(single, "single", seed=0)
    assert found != with_intervals(single, "single", seed=1)
    more = Predictions(np.tile(single.targets, 9), np.tile(single.probabilities, (9, 1)))
    narrow = with_intervals(more, "single", seed=0)
    for name, row in found.items():
        assert row["low"] < row["value"] < row["high"]
        assert narrow[name]["high"] - narrow[name]["low"] < (row["high"] - row["low"]) / 2


def test_the_accuracy_interval_is_close_to_the_binomial_one(single):
    row = with_intervals(single, "single", seed=0)["accuracy"]
    half = 1.96 * (row["value"] * (1 - row["value"]) / 200) ** 0.5
    assert row["low"] == pytest.approx(row["value"] - half, abs=0.015)
    assert row["high"] == pytest.approx(row["value"] + half, abs=0.015)


@pytest.mark.slow
def test_regression_metrics_are_in_the_users_unit():
    targets = np.array([[10.0], [20.0], [30.0]])
    found = with_intervals(Predictions(targets, targets + 2), "real", seed=0)
    assert found["mae"]["value"] == pytest.approx(2.0)
    assert found["rmse"]["value"] == pytest.approx(2.0)
    assert per_class(Predictions(targets, targets + 2), "real", ("age",)) == [
        {"name": "age", "mae": pytest.approx(2.0)}
    ]


def test_no_predictions_are_refused():
    with pytest.raises(DataError, match="nothing to evaluate"):
        with_intervals(Predictions(np.zeros(0, int), np.zeros((0, 2))), "single", 0)


def test_a_class_that_nobody_or_everybody_has_has_no_roc_area():
    predictions = Predictions(np.zeros(10, np.int64), RANDOM.dirichlet(np.ones(3), 10))
    assert np.isnan(roc_areas(predictions)).all()
    assert [row["roc_auc"] for row in per_class(predictions, "single", ("a", "b", "c"))] == [None] * 3
    assert np.isnan(with_intervals(predictions, "single", seed=0, draws=10)["roc_auc"]["value"])


@pytest.mark.parametrize("classes", [4, 5, 6, 30])
def test_the_best_five_count_where_there_are_more_than_five(classes):
    probabilities, targets = RANDOM.dirichlet(np.ones(classes), 300), RANDOM.integers(0, classes, 300)
    found = with_intervals(Predictions(targets, probabilities), "single", seed=0, draws=10)
    if classes <= 5:
        assert "top_5_accuracy" not in found
    else:
        expected = sk.top_k_accuracy_score(targets, probabilities, k=5, labels=range(classes))
        assert found["top_5_accuracy"]["value"] == pytest.approx(expected)
