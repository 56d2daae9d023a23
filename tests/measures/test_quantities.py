"""Metrics of quantities agree with scikit-learn, and are in the unit of the user."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.core.specs import LabelSpace
from tfft.measures.base import measured
from tfft.measures.quantities import MEASURES, QuantityScores


def scored(targets, values, scale=1.0):
    names = tuple(f"target_{index}" for index in range(targets.shape[1]))
    return QuantityScores(LabelSpace(names, "real", (0.0,) * len(names), (scale,) * len(names)), targets, values)


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
    found = {name: measure.of(scored(targets, said))(weights) for name, measure in MEASURES.items()}
    assert found == pytest.approx(expected, rel=1e-12)


def test_metrics_are_in_the_unit_of_the_user():
    targets = np.array([[10.0], [20.0], [30.0]])
    scores = scored(targets, targets + 2, scale=4.0)
    found = measured(MEASURES, scores)
    assert (found["mae"], found["rmse"]) == (pytest.approx(2.0), pytest.approx(2.0))
    assert scores.sections()["per_class"] == [{"name": "target_0", "mae": pytest.approx(2.0)}]
    assert scores.losses == pytest.approx([0.25] * 3), "the loss is in units of the standard deviation"


def test_r2_of_equal_targets_is_not_defined():
    same = scored(np.full((20, 1), 3.0), np.random.default_rng(0).normal(size=(20, 1)))
    assert np.isnan(MEASURES["r2"].of(same)(np.ones(20)))
    drawn_twice = scored(np.array([[1.0], [2.0], [3.0]]), np.ones((3, 1)))
    assert np.isnan(MEASURES["r2"].of(drawn_twice)(np.array([0.0, 3.0, 0.0])))


def test_residuals_are_those_of_at_most_two_thousand_examples():
    targets = np.arange(5000.0)[:, None]
    kept = scored(targets, targets + 1).sections()["residuals"]
    assert 1000 < len(kept["true"]) == len(kept["predicted"]) <= 2000
    assert (np.array(kept["predicted"]) - np.array(kept["true"]) == 1).all()
    assert kept["true"][-1][0] > 4900
