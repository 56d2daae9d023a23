"""Targets of any type become one array, or an error names the rows."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError
from tfft.data.values import as_array, is_missing


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        ([1, 0, 2], "i"),
        ([True, False], "b"),
        (["a", "b"], "U"),
        (np.array(["a", "b"], object), "U"),
        (np.array([1, 2], object), "i"),
        (np.array([0.5, 2], object), "f"),
        (np.array([b"a", b"\xe7\x8c\xab"]), "U"),
        ([b"a", b"b"], "U"),
        ([Decimal("1.5"), Decimal(2)], "f"),
        ((x for x in "ab"), "U"),
        (pd.Series([1, 2], dtype="Int64"), "i"),
        (pd.Series(["a", "b"], dtype="string"), "U"),
        (pd.Series(["a", "b"], dtype="category"), "U"),
        (pd.Series([1, 2], dtype="category"), "i"),
        (pd.Series([True, False], dtype="boolean"), "b"),
        (pd.Series([1.5, 2], dtype="float32[pyarrow]"), "f"),
        ([1, "a"], "U"),
        ([np.float32(1), np.float32(2)], "f"),
        ([np.array([1.0, 2.0]), np.array([3.0, 4.0])], "f"),
        ([[0, 1], (1, 1)], "i"),
    ],
)
def test_the_type_of_the_values_is_kept(targets, kind):
    assert as_array(targets).dtype.kind == kind


def test_bytes_are_text():
    assert as_array([b"a", "\u732b".encode()]).tolist() == ["a", "猫"]


@pytest.mark.parametrize(
    "rows", [[["b", "a"], []], [("b", "a"), ()], [{"b", "a"}, set()], [np.array(["b", "a"]), np.array([], str)]]
)
def test_lists_of_names_stay_lists_in_a_fixed_order(rows):
    array = as_array(rows)
    assert array.dtype == object
    assert array.tolist() == [["a", "b"], []]


def test_lists_of_one_length_are_still_lists_of_names():
    assert as_array([["b"], ["a"]]).tolist() == [["b"], ["a"]]
    assert as_array([["b"], ["a"]]).dtype == object


@pytest.mark.parametrize(
    "targets",
    [
        ["a", None, "b"],
        ["a", float("nan"), "b"],
        ["a", "", "b"],
        ["a", "  ", "b"],
        np.array(["a", "", "b"]),
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series(["a", pd.NA, "b"], dtype="string"),
        pd.Series(["a", None, "b"], dtype="category"),
        [0.5, np.float32("nan"), 1],
        np.array([0.5, np.inf, 1]),
        np.array([[0.5, 1], [np.nan, 1], [0, 0]]),
        [pd.Timestamp(0), pd.NaT, pd.Timestamp(1)],
    ],
)
def test_missing_values_are_refused_with_their_rows(targets):
    with pytest.raises(DataError, match=r"1 target is (missing|NaN).*Got: row 1, counted from 0\. Drop or fill"):
        as_array(targets)


@pytest.mark.parametrize("targets", ["cats", b"cats", 7, np.array(7), None])
def test_values_that_are_not_a_sequence_are_refused(targets):
    with pytest.raises(DataError, match=r"(?i)targets must.*one"):
        as_array(targets)


@pytest.mark.parametrize("targets", [np.zeros((2, 2, 2)), np.zeros(3, complex), np.zeros(3, "datetime64[D]")])
def test_an_unsupported_rank_or_dtype_is_refused(targets):
    with pytest.raises(DataError, match=r"numbers or names, with one axis or two.*Pass one") as caught:
        as_array(targets)
    assert str(targets.dtype) in str(caught.value)
    assert str(targets.shape) in str(caught.value)


@pytest.mark.parametrize("targets", [[[1, 2], [3]], [["a"], None], [["a"], 3], [["a", 1], ["b"]], [[1, None], [2, 3]]])
def test_ragged_or_mixed_lists_are_refused(targets):
    with pytest.raises(DataError, match=r"lists of label names.*Write|(NaN|missing).*row [01],"):
        as_array(targets)


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, "", " \t"])
def test_these_are_missing(value):
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, False, "0", "None", "nan", b"", 0.0, np.zeros(2)])
def test_these_are_not_missing(value):
    assert not is_missing(value)
