"""Labels in cells: numbers, decimal commas, lists as text, several labels in one cell."""

import contextlib
import warnings

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.core.specs import LabelSpace
from tfft.data import from_csv, from_dataframe
from tfft.data.data_warnings import warn_labels
from tfft.data.tables.spellings import (
    are_comma_numbers,
    as_list,
    as_spelt,
    comma_number,
    is_number,
    looks_like_list,
    may_group_thousands,
    refuse_doubtful_commas,
    taken_apart,
)
from tfft.data.targets import target_of


@pytest.mark.parametrize(
    ("cells", "decimal", "read"),
    [
        (["1", "2"], None, [1, 2]),
        (["1", "2.5"], None, [1.0, 2.5]),
        ([" 1", "2 "], None, [1, 2]),
        ([" 1.5", "2"], None, [1.5, 2.0]),
        (["+1.5", "-2.5", "3"], None, [1.5, -2.5, 3.0]),
        (["+1", "-1"], None, ["+1", "-1"]),
        (["\u22121.5", "2.5"], None, [-1.5, 2.5]),
        (["\u22121", "1"], None, [-1, 1]),
        (["\u22121", "x"], None, ["\u22121", "x"]),
        (["+-1.5", "2.5"], None, ["+-1.5", "2.5"]),
        ([" ", "2"], None, [" ", "2"]),
        (["1", "", "NA", None], None, [1, None, None, None]),
        (["007", "7"], None, ["007", "7"]),
        (["None", "a", ""], None, ["None", "a", None]),
        (["1,5", "2"], None, ["1,5", "2"]),
        (["1,5", "2", "NA"], ",", [1.5, 2.0, None]),
        (["1,5", "x"], ",", ["1,5", "x"]),
        (["1", "2"], ",", [1, 2]),
        (["[spam]", "['a']"], None, ["[spam]", "['a']"]),
        (["", ""], None, [None, None]),
    ],
)
def test_numbers_are_numbers_where_all_are(cells, decimal, read):
    found = as_spelt(cells, decimal)
    assert found == read
    assert [type(value) for value in found] == [type(value) for value in read]


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("[]", []),
        ("[ ]", []),
        ("['a', \"b\"]", ["a", "b"]),
        ("['a' 'b'\n 'c']", ["a", "b", "c"]),
        ("['it\\'s', 'a]b', '[c]']", ["it's", "a]b", "[c]"]),
        ("[1, 2]", ["1", "2"]),
        ("[1 02]", ["1", "02"]),
        ("['a',]", ["a"]),
        ("['a''b']", ["a", "b"]),
    ],
)
def test_lists_as_text_are_lists(cell, labels):
    assert looks_like_list(cell)
    assert as_list(cell) == labels


@pytest.mark.parametrize("cell", ["[spam]", "[a, b]", "[[1]]", "[", "]", "[spam", "dog", "", 3, None, ["a"]])
def test_other_text_is_a_name(cell):
    assert not looks_like_list(cell)


@pytest.mark.parametrize("cell", ["['a", "['a' b]", "['a']]", "['\\x']", "['a', ['b']]"])
def test_lists_that_are_broken_are_refused(cell):
    with pytest.raises(ValueError, match="is not a list of labels"):
        as_list(cell)


def test_numbers_with_commas():
    assert are_comma_numbers(["1,5", "-2,25", "1.000,5", "7"])
    assert not any(map(are_comma_numbers, (["1,5", "x"], ["1"], [], [1.5], ["1,5,2"], ["1.00,5"], ["1,5", 2])))
    assert [comma_number(cell) for cell in ("1,5", "-1.000,25", "7")] == [1.5, -1000.25, 7.0]
    with pytest.raises(ValueError, match=r"'1\.5' is not a number with a decimal comma"):
        comma_number("1.5")
    assert may_group_thousands(["1,234", "12,345,678", "5"])
    assert not may_group_thousands(["0,234"])
    assert is_number("1e3")
    assert not is_number("x")


@pytest.mark.parametrize(("decimal", "raises"), [(None, True), (",", False), (".", False)])
def test_commas_are_doubtful_until_the_user_says(decimal, raises):
    refuse_doubtful_commas("label", ["1", "2"], decimal)
    if raises:
        with pytest.raises(DataError, match=r"column 'label'.*'1,5'.*decimal=\",\".*separator=\",\".*decimal=\"\.\""):
            refuse_doubtful_commas("label", ["1,5", "2"], decimal)
    else:
        refuse_doubtful_commas("label", ["1,5", "2"], decimal)


def test_labels_in_one_cell():
    assert taken_apart(["a", "b"], "|") == ["a", "b"]
    assert taken_apart(5, "|") == ["5"]
    assert taken_apart("a||b", "|") == ["a", "", "b"]


LABELS = ["1,5", "2,25", "3,5", "4,75"] * 5


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_decimal_commas_are_never_classes_without_a_word(tmp_path, separator):
    frame = pd.DataFrame({"text": [f"text {row}" for row in range(20)], "label": LABELS})
    path = tmp_path / ("t.tsv" if separator == "\t" else "t.csv")
    frame.to_csv(path, sep=separator, index=False)
    if separator == ";":
        assert from_csv(path).labels.kind == "real"
    else:
        with pytest.raises(DataError, match="may be decimal signs"):
            from_csv(path)
        with pytest.raises(DataError, match="may be decimal signs"):
            from_dataframe(frame)
    for splits in (from_csv(path, decimal=","), from_dataframe(frame, decimal=",")):
        assert splits.labels.kind == "real"
        assert sorted(splits.everything().targets[:, 0].tolist()) == sorted([1.5, 2.25, 3.5, 4.75] * 5)
    assert from_csv(path, decimal=".").labels.names == ("1,5", "2,25", "3,5", "4,75")
    with pytest.raises(DataError, match="does not hold numbers with a decimal comma"):
        from_dataframe(frame.assign(label=["1,5", "x"] * 10), decimal=",")


def test_several_columns_with_decimal_commas_are_quantities(tmp_path):
    frame = pd.DataFrame({"text": [f"text {row}" for row in range(20)], "a": LABELS, "b": LABELS[::-1]})
    frame.to_csv(tmp_path / "t.csv", sep=";", index=False)
    for splits in (from_csv(tmp_path / "t.csv", ["a", "b"]), from_dataframe(frame, ["a", "b"], decimal=",")):
        assert splits.train.targets.shape[1:] == (2,)
        assert splits.labels.kind == "real"
    with pytest.raises(DataError, match="may be decimal signs"):
        from_dataframe(frame, ["a", "b"])


def _amounts(path, spelling, classes=60):
    rows = [f"text {row},{spelling.format(1 + row % classes)}" for row in range(60)]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return path


@pytest.mark.parametrize("spelling", ["${}.50", "{}%", "{} kg", "€ {}", "{}_000", "{}'000.5", "{} 000"])
def test_amounts_as_classes_are_doubted(tmp_path, spelling):
    with pytest.warns(DataWarning, match=r"20 class names are numbers with signs or units.*frame\[column\]"):
        from_csv(_amounts(tmp_path / "t.csv", spelling, classes=20))


@pytest.mark.parametrize(("spelling", "classes"), [("{}%", 10), ("{} stars", 20), ("0{}", 20), ("{}-2", 20)])
def test_few_amounts_and_other_names_are_classes(tmp_path, spelling, classes):
    assert len(from_csv(_amounts(tmp_path / "t.csv", spelling, classes)).labels) == classes


def test_numbers_beside_a_few_words_are_doubted_with_the_rows_of_the_words(tmp_path):
    path = tmp_path / "t.csv"
    cells = [f"{row % 8}.5" for row in range(48)]
    for row, word in ((7, "unknown"), (20, "inf")):
        cells[row] = word
    path.write_text("text,label\n" + "".join(f"text {row},{cell}\n" for row, cell in enumerate(cells)))
    frame = pd.read_csv(path, dtype=str)
    for read in (lambda: from_csv(path, holdout=(0.1, 0.1)), lambda: from_dataframe(frame, holdout=(0.1, 0.1))):
        with (
            pytest.warns(DataWarning, match=r"46 of 48 targets are numbers.*row 7: 'unknown'.*row 20: 'inf'"),
            contextlib.suppress(DataError),
        ):
            read()


@pytest.mark.parametrize("cells", [["1.5", "2.5", "unknown"] * 10, ["1", "2"] * 20 + ["x"], ["1.5"] * 9 + ["x"] * 3])
def test_few_numbers_and_whole_numbers_beside_words_are_classes(cells):
    names = tuple(sorted(set(cells)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_labels(target_of(LabelSpace(names)), np.array([names.index(cell) for cell in cells]))
