"""Names, ids and columns that training does not have are refused and named."""

import numpy as np
import pytest

from tfft.core.errors import DataError, quantity
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.data.targets.label_space import label_space


def test_a_text_label_without_a_name_is_refused():
    with pytest.raises(DataError, match=r"not among the names: 'c'.*'a', 'b'"):
        target_of(label_space(["a", "c"], ["a", "b"])).read(["a", "c"], "train", by_position=True)


def test_a_label_missing_in_training_is_named():
    with pytest.raises(DataError, match=r"test part.*'wasp'.*'ant', 'bee'.*add training examples"):
        target_of(LabelSpace(("ant", "bee"))).read(["wasp", "ant"], "test")
    with pytest.raises(DataError, match="'wasp'"):
        target_of(LabelSpace(("ant", "bee"), "multi")).read([["wasp"], []], "test")


def test_a_label_in_another_unicode_form_is_said_to_be_alike():
    with pytest.raises(DataError, match="differ only in capitals, spaces or Unicode form"):
        target_of(LabelSpace(("caf\u00e9", "bar"))).read(["cafe\u0301", "bar"], "test")


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
        target_of(labels).read(targets, "test")


def test_names_must_match_the_columns():
    with pytest.raises(DataError, match=r"3 names cannot name 2 columns.*'cat', 'dog'.*shape \(n,\)"):
        label_space(np.array([[0, 1], [1, 0]]), ["cat", "dog", "cow"])
    with pytest.raises(DataError, match="1 name cannot name 2 columns"):
        label_space(np.array([[0.5, 1], [1, 2]]), ["x"])


@pytest.mark.parametrize("targets", [["a", "b\ud83d"], [["a"], ["b\ud83d"]]])
def test_half_an_emoji_is_no_label(targets):
    with pytest.raises(DataError, match=r"half a character \(a lone surrogate\).*'b\\ud83d'"):
        label_space(targets)


@pytest.mark.parametrize("targets", [[0, 1, 2], [0, 1, -1]])
def test_an_id_without_a_name_is_refused(targets):
    with pytest.raises(DataError, match=r"class ids that have no name.*2 class names.*from 0 to 1") as caught:
        label_space(targets, ["a", "b"])
    assert str(targets[2]) in str(caught.value)
