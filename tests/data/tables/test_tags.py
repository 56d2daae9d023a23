"""Class names that join labels are found; class names of several words are left alone."""

import random

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_arrays, from_csv, from_dataframe
from tfft.data.tables.tags import SEPARATORS, joining

TAGS = ["beach", "sunny", "people", "car", "night", "dog"]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("counts", [(1, 3), (2, 2)])
def test_combinations_of_the_same_labels_are_found(separator, counts):
    draw = random.Random(0)
    names = {separator.join(draw.sample(TAGS, draw.randint(*counts))) for _ in range(60)}
    assert joining(sorted(names))[0] == separator


@pytest.mark.parametrize(
    "names",
    [
        ["bad", "good"],
        ["very bad", "bad", "good", "very good"],
        ["red rose", "white rose", "red tulip", "white tulip"],
        ["New York", "York", "New Jersey"],
        ["hot dog", "dog", "bear", "teddy bear"],
        ["traffic light", "stop sign"],
        ["red", "blue", "dark", "dark red"],
        ["C", "C++", "C#"],
        ["A+", "A", "B+", "B"],
        ["positive", "negative", "mixed, positive and negative"],
        ["|", "||", ""],
        ["A/B", "A", "B"],
        ["AC/DC", "AC", "DC", "Queen"],
        ["R&B", "rock", "soul", "rock & roll"],
        ["salt & pepper", "salt", "pepper"],
        ["n/a", "yes", "no"],
        ["car/red", "car/blue", "bus/red", "bus/blue"],
        ["animal", "plant", "animal/cat", "animal/dog", "plant/tree"],
    ],
)
def test_names_of_several_words_are_classes(names):
    assert joining(names) == ("", [])


def _table(path, cells):
    path.write_text("text,label\n" + "".join(f'text {row},"{cell}"\n' for row, cell in enumerate(cells)))
    return path


@pytest.mark.parametrize(
    "names", [["cat{}in", "cat{}out", "dog", "dog{}in", "in", "out{}dog"], ["a", "b", "c", "b{}a", "c{}b"]]
)
def test_labels_joined_by_slashes_and_ampersands_are_found(names):
    for separator in ("/", "&", " & ", " / "):
        written = [name.format(separator) for name in names]
        assert joining(written) == (separator.strip(), [name for name in written if separator in name])


@pytest.mark.parametrize("separator", ["|", ";", ",", " ", "/", "&"])
def test_a_column_of_tags_is_doubted_and_the_separator_makes_several_labels(tmp_path, separator):
    cells = [separator.join(tags) for tags in (["a", "b"], ["a"], ["b"], ["c", "a"], ["c"])] * 5
    path = _table(tmp_path / "t.csv", cells)
    with pytest.warns(DataWarning, match=r"2 of 5 class names seem to join several labels.*pass separator="):
        assert from_csv(path).labels.kind == "single"
    for splits in (from_csv(path, separator=separator), from_dataframe(pd.read_csv(path), separator=separator)):
        assert (splits.labels.kind, splits.labels.names) == ("multi", ("a", "b", "c"))
        assert splits.everything().counts() == {"a": 15, "b": 10, "c": 10}
        assert splits.describe().endswith("; 3 labels, several an example")


def test_lists_in_arrays_are_doubted_too():
    images = np.random.default_rng(0).integers(0, 255, (25, 8, 8, 3), np.uint8)
    with pytest.warns(DataWarning, match=r"'a\|b'.*or lists of labels"):
        from_arrays(images, ["a|b", "a", "b", "c|a", "c"] * 5)


def test_empty_cells_have_no_label_and_are_counted(tmp_path):
    path = _table(tmp_path / "t.csv", ["a|b", "", "b | a", "b"] * 5)
    with pytest.warns(
        DataWarning, match=r"5 cells of the column 'label' are empty.*lines 3, 7, 11, 15, 19 of '.*t\.csv'"
    ):
        splits = from_csv(path, separator="|")
    assert splits.everything().counts() == {"a": 10, "b": 15}


def test_blank_labels_and_several_columns_are_refused(tmp_path):
    with pytest.raises(DataError, match="hold a blank label"):
        from_csv(_table(tmp_path / "t.csv", ["a||b", "b"] * 5), separator="|")
    with pytest.raises(DataError, match=r"separator= splits the labels of a single column"):
        from_csv(tmp_path / "t.csv", ["label", "text"], separator="|")
