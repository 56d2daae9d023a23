"""Metrics agree with scikit-learn; intervals behave like intervals."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.evaluation.metrics import METRICS, confusion, per_class, roc_areas
from tfft.evaluation.predictions import Predictions

RANDOM = np.random.default_rng(0)


@pytest.fixture
def single():
    probabilities = RANDOM.dirichlet(np.ones(4), 200)
    targets = np.where(RANDOM.random(200) < 0.6, probabilities.argmax(axis=1), RANDOM.integers(0, 4, 200))
    return Predictions(targets, probabilities)


@pytest.mark.parametrize("weights", [np.ones(200), np.random.default_rng(1).integers(1, 4, 200).astype(float)])
def test_single_label_metrics_equal_scikit_learns(single, weights):
    targets, probabilities, predicted = single.targets, single.probabilities, single.probabilities.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(targets, predicted, sample_weight=weights),
        "balanced_accuracy": sk.balanced_accuracy_score(targets, predicted, sample_weight=weights),
        "macro_f1": sk.f1_score(targets, predicted, average="macro", sample_weight=weights),
        "weighted_f1": sk.f1_score(targets, predicted, average="weighted", sample_weight=weights),
        "roc_auc": sk.roc_auc_score(targets, probabilities, multi_class="ovr", sample_weight=weights),
        "top_5_accuracy": 1.0,
        "log_loss": sk.log_loss(targets, probabilities, sample_weight=weights, labels=range(4)),
    }
    found = {name: metric(single, weights) for name, metric in METRICS["single"].items()}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_multi_label_metrics_equal_scikit_learns_at_the_tasks_threshold(threshold):
    targets = (RANDOM.random((100, 3)) < 0.4).astype(np.float32)
    probabilities = RANDOM.random((100, 3))
    predictions = Predictions(targets, probabilities, threshold)
    found = {name: metric(predictions, np.ones(100)) for name, metric in METRICS["multi"].items()}
    assert found["subset_accuracy"] == pytest.approx(sk.accuracy_score(targets, probabilities >= threshold))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(targets, probabilities >= threshold, average="macro"))
    assert found["weighted_f1"] == pytest.approx(sk.f1_score(targets, probabilities >= threshold, average="weighted"))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(targets, probabilities))
    losses = [sk.log_loss(targets[:, i], probabilities[:, i]) for i in range(3)]
    assert found["log_loss"] == pytest.approx(np.mean(losses))


def test_a_bootstrap_draw_by_weights_equals_a_draw_by_copying(single):
    drawn = RANDOM.integers(0, 200, 200)
    weights = np.bincount(drawn, minlength=200).astype(float)
    for metric in METRICS["single"].values():
        by_copy = metric(Predictions(single.targets[drawn], single.probabilities[drawn]), np.ones(200))
        assert metric(single, weights) == pytest.approx(by_copy)


def test_confusion_rows_are_true_classes(single):
    predicted = single.probabilities.argmax(axis=1)
    assert np.array_equal(confusion(single), sk.confusion_matrix(single.targets, predicted))


def test_a_class_never_seen_and_never_predicted_has_support_zero():
    rows = per_class(Predictions(np.array([0, 0]), np.array([[0.9, 0.1, 0.0]] * 2)), "single", ("a", "b", "c"))
    assert [row["support"] for row in rows] == [2, 0, 0]
    assert [row["precision"] for row in rows] == [1.0, 0.0, 0.0]


def test_one_column_of_several_labels_is_one_class_not_two():
    targets = np.float32([[1], [1], [1], [1], [0], [0]])
    probabilities = np.array([[0.9], [0.9], [0.9], [0.1], [0.9], [0.1]])
    row = per_class(Predictions(targets, probabilities), "multi", ("dog",))[0]
    assert row == {
        "name": "dog",
        "precision": 0.75,
        "recall": 0.75,
        "f1": 0.75,
        "support": 4,
        "roc_auc": 0.625,
        "threshold": 0.5,
    }
    assert METRICS["multi"]["macro_f1"](Predictions(targets, probabilities), np.ones(6)) == 0.75


def test_ties_count_half_in_the_roc_area():
    for seed in range(20):
        random = np.random.default_rng(seed)
        scores, targets = random.integers(0, 4, 50) / 4, random.integers(0, 2, 50)
        predictions = Predictions(targets, np.stack([1 - scores, scores], axis=1))
        assert roc_areas(predictions) == pytest.approx([sk.roc_auc_score(targets, scores)] * 2)


@pytest.mark.parametrize("weights", [np.ones(60), np.random.default_rng(1).integers(0, 4, 60).astype(float)])
def test_metrics_of_quantities_equal_scikit_learns(weights):
    random = np.random.default_rng(2)
    targets = random.normal(5, 2, (60, 2))
    said = targets + random.normal(0.3, 1, (60, 2))
    expected = {
        "mae": sk.mean_absolute_error(targets, said, sample_weight=weights),
        "rmse": sk.root_mean_squared_error(targets, said, sample_weight=weights),
        "r2": sk.r2_score(targets, said, sample_weight=weights),
    }
    assert {name: metric(Predictions(targets, said), weights) for name, metric in METRICS["real"].items()} == expected


def test_what_is_not_defined_is_no_number():
    same = Predictions(np.full((20, 1), 3.0), np.random.default_rng(0).normal(size=(20, 1)))
    assert np.isnan(METRICS["real"]["r2"](same, np.ones(20)))
    drawn_twice = Predictions(np.array([[1.0], [2.0], [3.0]]), np.ones((3, 1)))
    assert np.isnan(METRICS["real"]["r2"](drawn_twice, np.array([0.0, 3.0, 0.0])))
    nothing = Predictions(np.zeros((5, 2)), np.full((5, 2), 0.1))
    assert np.isnan(METRICS["multi"]["macro_f1"](nothing, np.ones(5)))
    assert np.isnan(METRICS["multi"]["weighted_f1"](nothing, np.ones(5)))


def test_the_cost_does_not_grow_with_the_square_of_the_classes():
    """Every table of 30,000 classes would hold 900 million cells."""
    random = np.random.default_rng(0)
    found = Predictions(random.integers(0, 30_000, 50), random.random((50, 30_000), np.float32))
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "top_5_accuracy"):
        assert 0 <= METRICS["single"][name](found, np.ones(50)) <= 1
