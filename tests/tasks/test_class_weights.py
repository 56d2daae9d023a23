"""Class weights are those of scikit-learn, or those of the user."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.tasks.class_weights import check_weights, weights_of, written_weights

SPACE = LabelSpace(("a", "b"))


def test_balanced_weights_are_those_of_scikit_learn():
    found = weights_of("balanced", SPACE, {"a": 3, "b": 1})
    assert list(found.values()) == pytest.approx(
        compute_class_weight("balanced", classes=np.array([0, 1]), y=[0, 0, 0, 1]).tolist()
    )
    with pytest.raises(TaskError, match=r"needs a training example of every class.*none of 'b'"):
        weights_of("balanced", SPACE, {"a": 3, "b": 0})


def test_own_weights_go_by_name():
    assert weights_of({"b": 2, "a": 1}, SPACE, {}) == {1: 2.0, 0: 1.0}
    assert weights_of(None, SPACE, {}) is None
    assert written_weights({"a": np.float32(2)}) == {"a": 2.0}


@pytest.mark.parametrize(
    "wrong",
    ["auto", {"a": 1}, {"a": 1, "b": 0}, {"a": 1, "b": "2"}, 3, {"a": 1, "b": float("nan")}, {"a": 10**400, "b": 1}],
)
def test_other_weights_are_refused(wrong):
    with pytest.raises(TaskError, match="class_weights must be"):
        check_weights(wrong, SPACE)


def test_a_misspelt_class_is_named_and_the_advice_keeps_the_numbers():
    with pytest.raises(TaskError, match="class_weights must be") as caught:
        check_weights({"a": 3, "bb": 2}, SPACE)
    assert caught.value.got == "{'a': 3, 'bb': 2}; missing: 'b'; unknown: 'bb'"
    assert caught.value.fix == "Write class_weights={'a': 3, 'b': 1.0}."
