"""A measure is a function of weighted sums; its statistics are computed once."""

import numpy as np
import pytest
from scipy import sparse

from tfft.measures.base import Measure, WeighedMeasure, counted, mean, measured


class _Losses:
    """Scores that only have losses."""

    def __init__(self, losses):
        self.losses = np.asarray(losses)

    def __len__(self):
        return len(self.losses)


SCORES = _Losses([1.0, 2.0, 6.0])


def test_statistics_are_computed_once_for_all_weights():
    calls = []
    measure = Measure(lambda scores: calls.append(1) or counted(scores.losses), mean)
    value = measure.of(SCORES)
    assert value(np.ones(3)) == pytest.approx(3.0)
    assert value(np.array([0.0, 1.0, 1.0])) == pytest.approx(4.0)
    assert len(calls) == 1


def test_sparse_statistics_have_the_sums_of_dense_ones():
    dense = Measure(lambda scores: counted(scores.losses), mean)
    thin = Measure(lambda scores: sparse.csr_array(counted(scores.losses)), mean)
    weights = np.array([3.0, 0.0, 2.0])
    assert thin.of(SCORES)(weights) == dense.of(SCORES)(weights) == pytest.approx(3.0)


def test_both_kinds_of_measures_are_called_alike():
    largest = WeighedMeasure(lambda scores, weights: (scores.losses * (weights > 0)).max())
    found = measured({"mean": Measure(lambda scores: counted(scores.losses), mean), "largest": largest}, SCORES)
    assert found == {"mean": pytest.approx(3.0), "largest": 6.0}


def test_several_columns_share_one_column_of_ones():
    assert counted(np.array([[1, 2], [3, 4]])).tolist() == [[1.0, 2.0, 1.0], [3.0, 4.0, 1.0]]
