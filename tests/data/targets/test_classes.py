"""Class ids keep their meaning in every part, and other shapes are refused."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.data.targets.classes import Classes
from tfft.data.targets.label_space import label_space


def test_ids_get_the_names_in_their_order():
    labels = label_space([2, 0, 1], ["zebra", "ant", "bee"])
    assert labels.names == ("zebra", "ant", "bee")
    assert target_of(labels).read([2, 0], "train", by_position=True).tolist() == [2, 0]


def test_names_that_look_like_numbers_do_not_change_what_an_id_means():
    labels = label_space([0, 1, 2], ["1", "2", "0"])
    assert target_of(labels).read([0, 1, 2], "train", by_position=True).tolist() == [0, 1, 2]


def test_booleans_with_names_are_ids():
    labels = label_space([True, False], ["no", "yes"])
    assert target_of(labels).read([True, False], "train", by_position=True).tolist() == [1, 0]


def test_names_for_text_labels_set_the_order():
    labels = label_space(["b", "a"], ["b", "a"])
    assert target_of(labels).read(["b", "a"], "train", by_position=True).tolist() == [0, 1]


def test_ids_read_off_training_keep_their_meaning_in_other_parts():
    """Training has 0, 1, 3: a 2 in the test part is unknown, not the third class."""
    labels = label_space([0, 1, 3])
    assert target_of(labels).read([3, 0], "test").tolist() == [2, 0]
    with pytest.raises(DataError, match=r"test part has labels that training does not have: '2'.*'0', '1', '3'"):
        target_of(labels).read([2], "test")
    with pytest.raises(DataError, match="'0', '1'"):
        target_of(label_space([5, 6, 7])).read([0, 1], "test")


def test_one_hot_rows_are_refused_for_single_labels():
    with pytest.raises(DataError, match=r"must be one class for each example.*shape \(2, 2\).*argmax"):
        Classes(LabelSpace(("a", "b"))).read(np.eye(2), "validation")


def test_statistics_leave_classes_alone():
    labels = LabelSpace(("a", "b"))
    assert target_of(labels).fitted(np.zeros(3)) is labels


def test_lists_of_labels_are_refused_for_single_labels():
    with pytest.raises(DataError, match=r"test targets must be one class for each example.*lists of labels.*argmax"):
        Classes(LabelSpace(("a", "b"))).read([["a"], ["b", "a"]], "test")


def test_class_ids_of_a_smaller_dataset_become_those_of_the_model():
    classes = Classes(LabelSpace(("a", "b", "c")))
    assert classes.adopt(np.array([0, 1, 1]), LabelSpace(("c", "a"))).tolist() == [2, 0, 0]
    with pytest.raises(DataError, match=r"other labels than the model.*'d'"):
        classes.adopt(np.array([0, 1]), LabelSpace(("a", "d")))


def test_the_members_of_a_class_are_one_hot_rows():
    classes = Classes(LabelSpace(("a", "b", "c")))
    assert classes.members(np.array([2, 0])).tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert classes.strata(np.array([2, 0])).tolist() == [2, 0]
