"""Metrics of several labels agree with scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.core.specs import LabelSpace
from tfft.measures.base import measured
from tfft.measures.labels import MEASURES, LabelScores

RANDOM = np.random.default_rng(0)


def scored(targets, probabilities, thresholds=0.5, names=("a", "b", "c")):
    return LabelScores(LabelSpace(names[: targets.shape[1]], "multi"), targets, probabilities, thresholds)


@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_multi_label_metrics_equal_scikit_learns_at_the_tasks_threshold(threshold):
    targets = (RANDOM.random((100, 3)) < 0.4).astype(np.float32)
    probabilities = RANDOM.random((100, 3))
    found = measured(MEASURES, scored(targets, probabilities, threshold))
    assert found["subset_accuracy"] == pytest.approx(sk.accuracy_score(targets, probabilities >= threshold))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(targets, probabilities >= threshold, average="macro"))
    assert found["weighted_f1"] == pytest.approx(sk.f1_score(targets, probabilities >= threshold, average="weighted"))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(targets, probabilities))
    losses = [sk.log_loss(targets[:, i], probabilities[:, i]) for i in range(3)]
    assert found["log_loss"] == pytest.approx(np.mean(losses))


def test_every_label_has_its_own_threshold():
    found = scored(np.ones((1, 2)), np.array([[0.4, 0.4]]), np.array([0.3, 0.5]))
    assert found.explain(0) == {"true": ["a", "b"], "predicted": ["a"]}
    assert [row["threshold"] for row in found.sections()["per_class"]] == [0.3, 0.5]


def test_one_column_of_several_labels_is_one_class_not_two():
    targets = np.float32([[1], [1], [1], [1], [0], [0]])
    probabilities = np.array([[0.9], [0.9], [0.9], [0.1], [0.9], [0.1]])
    scores = scored(targets, probabilities, names=("dog",))
    assert scores.sections()["per_class"] == [
        {
            "name": "dog",
            "threshold": 0.5,
            "precision": 0.75,
            "recall": 0.75,
            "f1": 0.75,
            "support": 4,
            "roc_auc": 0.625,
        }
    ]
    assert MEASURES["macro_f1"].of(scores)(np.ones(6)) == 0.75


def test_f1_is_not_defined_where_nothing_is_true_or_predicted():
    nothing = scored(np.zeros((5, 2)), np.full((5, 2), 0.1))
    assert np.isnan(MEASURES["macro_f1"].of(nothing)(np.ones(5)))
    assert np.isnan(MEASURES["weighted_f1"].of(nothing)(np.ones(5)))
