"""The kind of labels is inferred once, from training, and is the same for all parts."""

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError
from tfft.data.targets import target_of
from tfft.data.targets.label_space import label_space


@pytest.mark.parametrize(
    ("targets", "kind", "names"),
    [
        (["b", "a", "b"], "single", ("a", "b")),
        ([3, 1, 3], "single", ("1", "3")),
        ([True, False], "single", ("False", "True")),
        (["ant colony", "猫"], "single", ("ant colony", "猫")),
        ([[0, 1], [1, 1]], "multi", ("label_0", "label_1")),
        (np.float32([[0, 1], [1, 1]]), "multi", ("label_0", "label_1")),
        ([["b"], ["a", "b"], []], "multi", ("a", "b")),
        ([0.5, 2.0], "real", ("target",)),
        ([[0.5, 2.0], [1.0, 3.0]], "real", ("target_0", "target_1")),
        (pd.Series(["y", "x"], dtype="category"), "single", ("x", "y")),
    ],
)
def test_the_kind_is_read_off_the_targets(targets, kind, names):
    labels = label_space(targets)
    assert (labels.kind, labels.names) == (kind, names)


def test_numbers_are_sorted_as_numbers():
    assert label_space([10, 9, 100]).names == ("9", "10", "100")


@pytest.mark.parametrize("targets", [["a", "a"], [4, 4, 4], [True], ["only"]])
def test_one_class_is_refused_by_name(targets):
    with pytest.raises(DataError, match=r"two classes.*another class") as caught:
        label_space(targets)
    assert repr(str(targets[0])) in str(caught.value)


def test_no_targets_are_refused():
    with pytest.raises(DataError, match=r"no examples.*0 targets.*path"):
        label_space([])


def test_empty_lists_only_are_refused():
    with pytest.raises(DataError, match=r"No example has a label.*2 empty lists.*Add"):
        label_space([[], []])


@pytest.mark.parametrize("targets", [[[3, 3], [1, 1], [2, 2]], [[0, 2], [1, 0]], [["a", 1], ["b", 2]]])
def test_columns_that_are_no_zeros_and_ones_are_refused(targets):
    with pytest.raises(DataError, match=r"zeros and ones|lists"):
        label_space(targets)


@pytest.mark.parametrize(
    ("targets", "kind", "encoded"),
    [
        (np.array([[3], [1], [3]]), "single", [1, 0, 1]),
        ([[3], [1], [3]], "single", [1, 0, 1]),
        (np.array([[1], [0], [1]]), "single", [1, 0, 1]),
        (np.array([["b"], ["a"], ["b"]]), "single", [1, 0, 1]),
        (np.array([["b"], ["a"], ["b"]], object), "single", [1, 0, 1]),
        (pd.DataFrame({"label": ["b", "a", "b"]}), "single", [1, 0, 1]),
        (np.array([[1.5], [2.0], [1.5]]), "real", [[1.5], [2.0], [1.5]]),
        (np.array([[1.0], [0.0], [1.0]]), "real", [[1.0], [0.0], [1.0]]),
    ],
)
def test_one_column_is_one_label_for_each_example(targets, kind, encoded):
    labels = label_space(targets)
    assert (labels.kind, target_of(labels).read(targets, "train").tolist()) == (kind, encoded)


def test_a_target_with_keys_is_refused():
    with pytest.raises(DataError, match=r"Target 1 is a mapping"):
        label_space(["a", {"name": "b"}])


def test_a_blank_among_several_labels_is_refused_with_its_rows():
    with pytest.raises(DataError, match=r"1 list of labels holds a blank label.*row 1\. Remove the blank labels"):
        label_space([["dog"], ["dog", ""], []])
