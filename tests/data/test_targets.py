"""The kind of labels is inferred once, from training, and is the same for all parts."""

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError, quantity
from tfft.core.specs import LabelSpace
from tfft.data.targets import encode, label_space, with_statistics


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
    assert (labels.kind, encode(targets, labels, "train").tolist()) == (kind, encoded)


def test_a_model_of_one_yes_or_no_still_takes_a_column_of_zeros_and_ones():
    labels = LabelSpace(("damaged",), "multi")
    for targets in (np.array([[0], [1]]), [0, 1], [0.0, 1.0]):
        assert encode(targets, labels, "test").tolist() == [[0.0], [1.0]]


def test_a_target_with_keys_is_refused():
    with pytest.raises(DataError, match=r"Target 1 is a mapping"):
        label_space(["a", {"name": "b"}])


def test_ids_get_the_names_in_their_order():
    labels = label_space([2, 0, 1], ["zebra", "ant", "bee"])
    assert labels.names == ("zebra", "ant", "bee")
    assert encode([2, 0], labels, "train", by_position=True).tolist() == [2, 0]


def test_names_that_look_like_numbers_do_not_change_what_an_id_means():
    labels = label_space([0, 1, 2], ["1", "2", "0"])
    assert encode([0, 1, 2], labels, "train", by_position=True).tolist() == [0, 1, 2]


def test_booleans_with_names_are_ids():
    labels = label_space([True, False], ["no", "yes"])
    assert encode([True, False], labels, "train", by_position=True).tolist() == [1, 0]


def test_names_for_text_labels_set_the_order():
    labels = label_space(["b", "a"], ["b", "a"])
    assert encode(["b", "a"], labels, "train", by_position=True).tolist() == [0, 1]


@pytest.mark.parametrize("targets", [[0, 1, 2], [0, 1, -1]])
def test_an_id_without_a_name_is_refused(targets):
    with pytest.raises(DataError, match=r"class ids that have no name.*2 class names.*from 0 to 1") as caught:
        label_space(targets, ["a", "b"])
    assert str(targets[2]) in str(caught.value)


def test_a_text_label_without_a_name_is_refused():
    with pytest.raises(DataError, match=r"not among the names: 'c'.*'a', 'b'"):
        encode(["a", "c"], label_space(["a", "c"], ["a", "b"]), "train", by_position=True)


def test_names_must_match_the_columns():
    with pytest.raises(DataError, match=r"3 names cannot name 2 columns.*'cat', 'dog'.*shape \(n,\)"):
        label_space(np.array([[0, 1], [1, 0]]), ["cat", "dog", "cow"])
    with pytest.raises(DataError, match="1 name cannot name 2 columns"):
        label_space(np.array([[0.5, 1], [1, 2]]), ["x"])


def test_ids_read_off_training_keep_their_meaning_in_other_parts():
    """Training has 0, 1, 3: a 2 in the test part is unknown, not the third class."""
    labels = label_space([0, 1, 3])
    assert encode([3, 0], labels, "test").tolist() == [2, 0]
    with pytest.raises(DataError, match=r"test part has labels that training does not have: '2'.*'0', '1', '3'"):
        encode([2], labels, "test")
    with pytest.raises(DataError, match="'0', '1'"):
        encode([0, 1], label_space([5, 6, 7]), "test")


def test_a_label_missing_in_training_is_named():
    with pytest.raises(DataError, match=r"test part.*'wasp'.*'ant', 'bee'.*add training examples"):
        encode(["wasp", "ant"], LabelSpace(("ant", "bee")), "test")
    with pytest.raises(DataError, match="'wasp'"):
        encode([["wasp"], []], LabelSpace(("ant", "bee"), "multi"), "test")


def test_one_hot_rows_are_refused_for_single_labels():
    with pytest.raises(DataError, match=r"'single' must have one axis.*shape \(2, 2\).*argmax"):
        encode(np.eye(2), LabelSpace(("a", "b")), "validation")


def test_lists_become_many_hot_rows():
    labels = LabelSpace(("a", "b", "c"), "multi")
    np.testing.assert_array_equal(encode([["c", "a", "a"], []], labels, "train"), np.float32([[1, 0, 1], [0, 0, 0]]))


@pytest.mark.parametrize(
    ("labels", "targets"),
    [
        (LabelSpace(("a", "b"), "multi"), np.ones((2, 3), int)),
        (LabelSpace(("a",), "real", (0.0,), (1.0,)), np.full((2, 3), 0.5)),
    ],
)
def test_another_number_of_columns_than_in_training_is_refused(labels, targets):
    with pytest.raises(
        DataError, match=rf"must have {quantity(len(labels), 'column')}, as in training.*shape \(2, 3\).*'a'"
    ):
        encode(targets, labels, "test")


def test_text_for_a_quantity_is_refused():
    with pytest.raises(DataError, match=r"test targets must be numbers.*dtype <U3.*float"):
        encode(["1.5", "old"], LabelSpace(("age",), "real", (0.0,), (1.0,)), "test")


def test_integers_are_fine_for_a_quantity_outside_training():
    assert encode([1, 2], LabelSpace(("age",), "real", (0.0,), (1.0,)), "test").tolist() == [[1.0], [2.0]]


def test_statistics_are_those_of_training_and_a_constant_gets_scale_one():
    targets = np.float32([[1, 0.1], [2, 0.1], [6, 0.1]])
    labels = with_statistics(label_space(targets), targets)
    np.testing.assert_allclose(labels.mean, [3, 0.1], rtol=1e-6)
    np.testing.assert_allclose(labels.scale, [np.std([1, 2, 6]), 1])


def test_statistics_leave_classes_alone():
    labels = LabelSpace(("a", "b"))
    assert with_statistics(labels, np.zeros(3)) is labels


def test_a_blank_among_several_labels_is_refused_with_its_rows():
    with pytest.raises(DataError, match=r"1 list of labels holds a blank label.*row 1\. Remove the blank labels"):
        label_space([["dog"], ["dog", ""], []])


def test_quantities_that_float32_cannot_tell_apart_are_refused():
    seconds = 1.7e9 + np.random.default_rng(0).random(60) * 60
    labels = label_space(seconds)
    with pytest.raises(
        DataError, match=r"differ by less than the precision of float32.*1\.7\d*e\+09|1700000.*Subtract a constant"
    ):
        encode(seconds, labels, "train")
    assert encode(seconds - 1.7e9, labels, "train").std() > 10
    same = encode(np.full(5, 1.7e9 + 1), label_space(np.full(5, 1.7e9 + 1)), "train")
    assert len(same) == 5


@pytest.mark.parametrize("targets", [["a", "b\ud83d"], [["a"], ["b\ud83d"]]])
def test_half_an_emoji_is_no_label(targets):
    with pytest.raises(DataError, match=r"half a character \(a lone surrogate\).*'b\\ud83d'"):
        label_space(targets)
