"""Intervals hold the value, repeat, and behave like intervals."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.measures import quantities
from tfft.measures.base import WeighedMeasure
from tfft.measures.bootstrap import difference, with_intervals
from tfft.measures.classes import ClassScores, measures

RANDOM = np.random.default_rng(0)
LABELS = LabelSpace(("a", "b", "c", "d"))


@pytest.fixture
def single():
    probabilities = RANDOM.dirichlet(np.ones(4), 200)
    targets = np.where(RANDOM.random(200) < 0.6, probabilities.argmax(axis=1), RANDOM.integers(0, 4, 200))
    return ClassScores(LABELS, targets, probabilities)


def test_intervals_hold_the_value_repeat_and_shrink_with_more_examples(single):
    found = with_intervals(measures(4), single, seed=0)
    assert found == with_intervals(measures(4), single, seed=0)
    assert found != with_intervals(measures(4), single, seed=1)
    more = ClassScores(LABELS, np.tile(single.targets, 9), np.tile(single.probabilities, (9, 1)))
    narrow = with_intervals(measures(4), more, seed=0)
    for name, row in found.items():
        assert row["low"] < row["value"] < row["high"]
        assert narrow[name]["high"] - narrow[name]["low"] < (row["high"] - row["low"]) / 2


def test_the_accuracy_interval_is_close_to_the_binomial_one(single):
    row = with_intervals(measures(4), single, seed=0)["accuracy"]
    half = 1.96 * (row["value"] * (1 - row["value"]) / 200) ** 0.5
    assert row["low"] == pytest.approx(row["value"] - half, abs=0.015)
    assert row["high"] == pytest.approx(row["value"] + half, abs=0.015)


def test_no_examples_are_refused():
    with pytest.raises(DataError, match="nothing to evaluate"):
        with_intervals(measures(2), ClassScores(LABELS, np.zeros(0, int), np.zeros((0, 4))), 0)


def test_a_slow_measure_is_computed_in_fewer_draws_and_once_for_its_value(single):
    seen = []
    slow = WeighedMeasure(lambda scores, weights: seen.append(weights.sum()) or 1.0, fewer_draws=4)
    found = with_intervals({"slow": slow}, single, seed=0, draws=20)
    assert seen == [200.0] * (20 // 4 + 1)
    assert found == {"slow": {"value": 1.0, "low": 1.0, "high": 1.0}}


def test_a_measure_that_is_never_defined_has_no_interval(single):
    undefined = WeighedMeasure(lambda scores, weights: float("nan"))
    row = with_intervals({"undefined": undefined}, single, seed=0, draws=3)["undefined"]
    assert all(np.isnan(value) for value in row.values())


def test_a_paired_difference_has_the_sign_of_the_change_and_a_narrower_interval_than_two_values(single):
    better = single.probabilities.copy()
    wrong = np.flatnonzero(single.chosen != single.targets)[:10]
    better[wrong] = np.eye(4)[single.targets[wrong]]
    after = ClassScores(LABELS, single.targets, better)
    measure = measures(4)["accuracy"]
    found = difference(measure, single, after, seed=0)
    assert found["value"] == pytest.approx(10 / 200)
    assert 0 < found["low"] < 0.05 < found["high"] < 0.1
    alone = with_intervals({"accuracy": measure}, single, seed=0)["accuracy"]
    assert found["high"] - found["low"] < 0.6 * (alone["high"] - alone["low"])
    assert difference(measure, single, single, seed=0) == {"value": 0.0, "low": 0.0, "high": 0.0}
    with pytest.raises(DataError, match=r"answered different examples.*200 and 3 examples"):
        difference(measure, single, ClassScores(LABELS, single.targets[:3], single.probabilities[:3]), seed=0)


def test_lower_errors_and_losses_are_better():
    kinds = {**measures(9), **quantities.MEASURES}
    assert {name for name, measure in kinds.items() if not measure.higher_is_better} == {"mae", "rmse", "log_loss"}
