"""Parquet files: sizes are checked before anything is unpacked, and values are those that pandas reads."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tfft.core.errors import DataError
from tfft.data.tables.parquet_files import fitting, names, read_parquet, unpacked_bytes


def _all(columns):
    return columns


FRAMES = {
    "texts": pd.DataFrame({"text": ["a", None, "好", ""], "label": ["x", "y", "x", "y"]}),
    "categories": pd.DataFrame({"text": pd.Series(["a", "b", "a", None], dtype="category"), "label": [1, 2, 1, 2]}),
    "numbers": pd.DataFrame({"a.b": [1.5, None, 2, 3], "c": pd.Series([1, None, 2, 3], dtype="Int64")}),
    "lists": pd.DataFrame({"text": list("abcd"), "label": [["x", "y"], [], ["z"], ["x"]]}),
    "bytes": pd.DataFrame({"image": [b"\xff\x00", b"", b"a", b"a"], "label": [True, False, True, False]}),
    "rows of an index": pd.DataFrame({"text": list("abcd"), "label": list("xyxy")}, index=[3, 1, 2, 0]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_values_are_those_that_pandas_reads(tmp_path, name):
    FRAMES[name].to_parquet(tmp_path / "t.parquet", row_group_size=3)
    found, expected = read_parquet(tmp_path / "t.parquet", _all), pd.read_parquet(tmp_path / "t.parquet")
    for column in expected:
        ours = [value.tolist() if isinstance(value, np.ndarray) else value for value in found[column]]
        theirs = [value.tolist() if isinstance(value, np.ndarray) else value for value in expected[column]]
        assert [None if value is None or value is pd.NA or value != value else value for value in ours] == [
            None if value is None or value is pd.NA or value != value else value for value in theirs
        ]


def test_whole_numbers_stay_whole_where_asked(tmp_path):
    pq.write_table(pa.table({"id": pa.array([9007199254740993, None], pa.int64())}), tmp_path / "t.parquet")
    assert read_parquet(tmp_path / "t.parquet", _all, ["id"])["id"].tolist() == [9007199254740993, None]
    assert read_parquet(tmp_path / "t.parquet", _all)["id"].dtype == np.float64


def test_only_the_columns_that_are_chosen_count(tmp_path):
    path = tmp_path / "t.parquet"
    big = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000, np.int32)), pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"big": big, "text": ["a"] * 5_000}), path)
    assert path.stat().st_size < 300_000
    assert names(path) == ["big", "text"]
    assert len(read_parquet(path, lambda columns: ["text"])) == 5_000
    with pytest.raises(
        DataError, match=r"unpacks to at least 5,0\d\d,000,000 bytes|unpacks to at least 5,000,000,000 bytes"
    ):
        read_parquet(path, lambda columns: ["big"])


def test_what_is_large_and_not_swollen_fits(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(1000))
    monkeypatch.setenv("TFFT_MAX_TABLE_BYTES", "5000")
    fitting(tmp_path / "a", 20_000)
    with pytest.raises(DataError, match=r"21 times its own size are more than the limit.*TFFT_MAX_TABLE_RATIO=21"):
        fitting(tmp_path / "a", 20_001)
    monkeypatch.setenv("TFFT_MAX_TABLE_BYTES", "30000")
    fitting(tmp_path / "a", 20_001)


def test_cells_are_counted_in_the_footer(tmp_path, monkeypatch):
    pq.write_table(pa.table({"a": [1] * 100, "b": [2] * 100}), tmp_path / "t.parquet")
    monkeypatch.setenv("TFFT_MAX_TABLE_CELLS", "199")
    with pytest.raises(DataError, match="200 cells are more than the limit"):
        read_parquet(tmp_path / "t.parquet", _all)


@pytest.mark.parametrize(
    ("array", "size"),
    [
        (pa.array(["abc", "abc", None]).dictionary_encode(), 6),
        (pa.array([b"abc", b"de"]).dictionary_encode(), 5),
        (pa.array([1, 2], pa.int64()), 16),
        (pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), pa.array(["abc", "abc"]).dictionary_encode()), None),
    ],
)
def test_dictionaries_count_as_often_as_they_are_used(array, size):
    assert unpacked_bytes(array) == size if size is not None else unpacked_bytes(array) >= 6
