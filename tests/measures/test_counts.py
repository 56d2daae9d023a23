"""Precision, recall and F1 come from three sparse counts of each example."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.measures import counts

RANDOM = np.random.default_rng(0)
TRUE, PREDICTED = RANDOM.random((80, 4)) < 0.4, RANDOM.random((80, 4)) < 0.5


@pytest.fixture(scope="module")
def sums():
    return counts.as_rows(TRUE & PREDICTED, PREDICTED, TRUE).T @ np.ones(80)


def test_the_sums_are_those_of_the_columns(sums):
    hits, predicted, true = counts.split(sums)
    assert hits.tolist() == (TRUE & PREDICTED).sum(axis=0).tolist()
    assert predicted.tolist() == PREDICTED.sum(axis=0).tolist()
    assert true.tolist() == TRUE.sum(axis=0).tolist()


def test_the_table_equals_scikit_learns(sums):
    rows = counts.table(tuple("abcd"), sums, np.array([0.5, 0.6, np.nan, 0.8]))
    precision, recall, f1, support = sk.precision_recall_fscore_support(TRUE, PREDICTED)
    assert [row["precision"] for row in rows] == pytest.approx(precision)
    assert [row["recall"] for row in rows] == pytest.approx(recall)
    assert [row["f1"] for row in rows] == pytest.approx(f1)
    assert [row["support"] for row in rows] == support.tolist()
    assert [row["roc_auc"] for row in rows] == [0.5, 0.6, None, 0.8]
    assert counts.macro_f1(sums) == pytest.approx(f1.mean())
    assert counts.weighted_f1(sums) == pytest.approx(np.average(f1, weights=support))
    assert counts.balanced_accuracy(sums) == pytest.approx(recall.mean())


def test_a_class_without_true_and_predicted_examples_has_no_f1():
    sums = np.array([2.0, 0.0, 3.0, 0.0, 2.0, 0.0])
    rows = counts.table(("a", "b"), sums, np.full(2, np.nan))
    assert [row["f1"] for row in rows] == [pytest.approx(0.8), None]
    assert counts.macro_f1(sums) == pytest.approx(0.8)
    assert np.isnan(counts.macro_f1(np.zeros(6)))
    assert np.isnan(counts.weighted_f1(np.zeros(6)))
