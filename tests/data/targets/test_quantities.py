"""Quantities are numbers that float32 can tell apart; their statistics are those of training."""

import numpy as np
import pytest

from tfft.core.errors import DataError, TaskError
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.data.targets.label_space import label_space
from tfft.data.targets.quantities import Quantities


def test_text_for_a_quantity_is_refused():
    with pytest.raises(DataError, match=r"test targets must be numbers.*dtype <U3.*float"):
        target_of(LabelSpace(("age",), "real", (0.0,), (1.0,))).read(["1.5", "old"], "test")


def test_integers_are_fine_for_a_quantity_outside_training():
    assert target_of(LabelSpace(("age",), "real", (0.0,), (1.0,))).read([1, 2], "test").tolist() == [[1.0], [2.0]]


def test_statistics_are_those_of_training_and_a_constant_gets_scale_one():
    targets = np.float32([[1, 0.1], [2, 0.1], [6, 0.1]])
    labels = target_of(label_space(targets)).fitted(targets)
    np.testing.assert_allclose(labels.mean, [3, 0.1], rtol=1e-6)
    np.testing.assert_allclose(labels.scale, [np.std([1, 2, 6]), 1])


def test_quantities_that_float32_cannot_tell_apart_are_refused():
    seconds = 1.7e9 + np.random.default_rng(0).random(60) * 60
    labels = label_space(seconds)
    with pytest.raises(
        DataError, match=r"differ by less than the precision of float32.*1\.7\d*e\+09|1700000.*Subtract a constant"
    ):
        target_of(labels).read(seconds, "train")
    assert target_of(labels).read(seconds - 1.7e9, "train").std() > 10
    same = target_of(label_space(np.full(5, 1.7e9 + 1))).read(np.full(5, 1.7e9 + 1), "train")
    assert len(same) == 5


def test_a_quantity_without_statistics_is_refused():
    with pytest.raises(TaskError, match=r"1 quantities.*0 means and 0 scales.*tfft.data"):
        Quantities(LabelSpace(("age",), "real"))


def test_other_quantities_are_not_adopted():
    age = Quantities(LabelSpace(("age",), "real", (40.0,), (10.0,)))
    other = LabelSpace(("age",), "real", (0.0,), (1.0,))
    assert age.adopt(np.float32([[20.0]]), other).tolist() == [[20.0]], "values are in the unit of the user"
    for given in (LabelSpace(("height",), "real", (0.0,), (1.0,)), LabelSpace(("age",))):
        with pytest.raises(DataError, match=r"other labels than the model.*Evaluate on data"):
            age.adopt(np.float32([[20.0]]), given)
