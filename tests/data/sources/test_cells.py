"""Cells become inputs and targets, or an error names the row; test_columns.py and test_from_table.py test whole tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import Text
from tfft.data.sources import cells


def test_one_column_is_texts_and_two_are_pairs():
    frame = pd.DataFrame({"a": ["x", ""], "b": ["y", "z"]})
    assert cells.texts(frame[["a"]]) == [Text("x"), Text("")]
    assert cells.texts(frame) == [Text("x", "y"), Text("", "z")]
    with pytest.raises(DataError, match=r"must hold text\. Got: an int in row 1: '3'"):
        cells.texts(pd.DataFrame({"a": ["x", 3]}))


def test_images_are_paths_below_the_table_bytes_or_pixels(tmp_path):
    pixels = np.zeros((2, 2, 3), np.uint8)
    found = cells.images(pd.Series(["1.jpg", b"\xff", pixels]), tmp_path)
    assert found[:2] == [str(tmp_path / "1.jpg"), b"\xff"]
    assert np.array_equal(found[2], pixels)
    with pytest.raises(DataError, match=r"must hold paths.*Got: a float in row 0"):
        cells.images(pd.Series([0.5]), Path())


def test_lists_as_text_are_labels_and_nothing_else_stands_beside_them():
    assert cells.labels(pd.Series(["['a', 'b']", "[]"])) == [["a", "b"], []]
    assert cells.labels(pd.Series(["a", "b"])) == ["a", "b"]
    with pytest.raises(DataError, match=r"'label' holds lists and other text"):
        cells.labels(pd.Series(["['a']", "b"], name="label"))


def test_truths_are_ones_and_floats_stay_floats():
    truths = cells.numbers(pd.DataFrame({"a": [True, False], "b": [0, 1]}))
    assert (truths.dtype, truths.tolist()) == (np.int64, [[1, 0], [0, 1]])
    assert cells.numbers(pd.DataFrame({"a": [0.5, 1.0], "b": [1, 2]})).dtype == np.float64
    with pytest.raises(DataError, match=r"1 target is missing\. Got: row 1, counted from 0"):
        cells.numbers(pd.DataFrame({"a": [0.5, None], "b": [1, 2]}))
