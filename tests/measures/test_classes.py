"""Metrics of classes agree with scikit-learn, with equal and with other weights."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.core.specs import LabelSpace
from tfft.measures.base import measured
from tfft.measures.bootstrap import with_intervals
from tfft.measures.classes import ClassScores, measures

RANDOM = np.random.default_rng(0)


def scored(targets, probabilities):
    names = tuple(map(str, range(probabilities.shape[1])))
    return ClassScores(LabelSpace(names), targets, probabilities)


@pytest.fixture
def single():
    probabilities = RANDOM.dirichlet(np.ones(4), 200)
    targets = np.where(RANDOM.random(200) < 0.6, probabilities.argmax(axis=1), RANDOM.integers(0, 4, 200))
    return scored(targets, probabilities)


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
    found = {name: measure.of(single)(weights) for name, measure in measures(6).items()}
    assert found == pytest.approx(expected)


def test_a_bootstrap_draw_by_weights_equals_a_draw_by_copying(single):
    drawn = RANDOM.integers(0, 200, 200)
    weights = np.bincount(drawn, minlength=200).astype(float)
    copied = scored(single.targets[drawn], single.probabilities[drawn])
    for measure in measures(6).values():
        assert measure.of(single)(weights) == pytest.approx(measure.of(copied)(np.ones(200)))


def test_confusion_rows_are_true_classes(single):
    predicted = single.probabilities.argmax(axis=1)
    assert np.array_equal(single.confusion(), sk.confusion_matrix(single.targets, predicted))
    assert single.sections()["confusion"] == single.confusion().tolist()


def test_a_class_never_seen_and_never_predicted_has_support_zero():
    rows = scored(np.array([0, 0]), np.array([[0.9, 0.1, 0.0]] * 2)).sections()["per_class"]
    assert [row["support"] for row in rows] == [2, 0, 0]
    assert [row["precision"] for row in rows] == [1.0, 0.0, 0.0]


def test_ties_count_half_in_the_roc_area():
    for seed in range(20):
        random = np.random.default_rng(seed)
        scores, targets = random.integers(0, 4, 50) / 4, random.integers(0, 2, 50)
        rows = scored(targets, np.stack([1 - scores, scores], axis=1)).sections()["per_class"]
        assert [row["roc_auc"] for row in rows] == pytest.approx([sk.roc_auc_score(targets, scores)] * 2)


def test_a_class_that_nobody_or_everybody_has_has_no_roc_area():
    scores = scored(np.zeros(10, np.int64), RANDOM.dirichlet(np.ones(3), 10))
    assert [row["roc_auc"] for row in scores.sections()["per_class"]] == [None] * 3
    assert np.isnan(with_intervals(measures(3), scores, seed=0, draws=10)["roc_auc"]["value"])


@pytest.mark.parametrize("classes", [4, 5, 6, 30])
def test_the_best_five_count_where_there_are_more_than_five(classes):
    probabilities, targets = RANDOM.dirichlet(np.ones(classes), 300), RANDOM.integers(0, classes, 300)
    found = measured(measures(classes), scored(targets, probabilities))
    if classes <= 5:
        assert "top_5_accuracy" not in found
    else:
        expected = sk.top_k_accuracy_score(targets, probabilities, k=5, labels=range(classes))
        assert found["top_5_accuracy"] == pytest.approx(expected)


def test_the_cost_does_not_grow_with_the_square_of_the_classes():
    """Every table of 30,000 classes would hold 900 million cells."""
    random = np.random.default_rng(0)
    found = scored(random.integers(0, 30_000, 50), random.random((50, 30_000), np.float32))
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "top_5_accuracy"):
        assert 0 <= measures(30_000)[name].of(found)(np.ones(50)) <= 1


def test_the_place_of_the_true_class_agrees_with_the_choice_also_among_equals():
    probabilities = np.array([[0.2, 0.4, 0.4], [0.25, 0.5, 0.25], [1 / 3, 1 / 3, 1 / 3]])
    places = [scored(np.full(3, target), probabilities).rank.tolist() for target in range(3)]
    assert places == [[2, 1, 0], [0, 0, 1], [1, 2, 2]]
    for target in range(3):
        found = scored(np.full(3, target), probabilities)
        assert np.array_equal(found.rank == 0, found.chosen == target)


def test_an_example_is_explained_by_both_labels_and_their_probabilities():
    assert scored(np.array([1]), np.array([[0.75, 0.25]])).explain(0) == {
        "true": "1",
        "predicted": "0",
        "true_probability": 0.25,
        "predicted_probability": 0.75,
    }
