"""Rows may arrive in any order. Each shard is written as soon as it is complete."""

import numpy as np
import pytest

from tfft.cache.shard_writer import Filling
from tfft.cache.shards import Shards

ROW = np.dtype("<f4")


def table(folder=None):
    return Shards(10, ROW, folder, per_shard=4)


def test_rows_in_any_order_fill_the_table(tmp_path):
    mixed = np.random.default_rng(0).permutation(10)
    filling = Filling(table(tmp_path))
    assert filling.positions.tolist() == list(range(10))
    for some in np.array_split(mixed, 4):
        filling.add(some, some.astype(np.float32))
    assert filling.table.missing() == []
    assert filling.table.take(np.arange(10)).tolist() == list(range(10))


def test_a_repeated_row_is_counted_once():
    filling = Filling(table())
    for some in ([0, 1, 1, 1], [2, 2, 0], [3, 9, 9], [8, 8], [4, 5, 6, 7, 7]):
        filling.add(np.array(some), np.array(some, np.float32))
    assert filling.table.missing() == []
    assert filling.table.take(np.arange(10)).tolist() == list(range(10))


def test_only_missing_rows_are_requested_and_accepted(tmp_path):
    first = table(tmp_path)
    first.missing()
    first.write(1, np.full(4, -1, np.float32))
    filling = Filling(table(tmp_path))
    assert filling.positions.tolist() == [0, 1, 2, 3, 8, 9]
    filling.add(np.arange(10), np.arange(10, dtype=np.float32))
    assert filling.table.take(np.arange(10)).tolist() == [0, 1, 2, 3, -1, -1, -1, -1, 8, 9]


def test_a_complete_shard_is_written_before_the_next_row_is_requested(tmp_path):
    filling = Filling(table(tmp_path))
    filling.add(np.arange(6), np.arange(6, dtype=np.float32))
    assert Filling(table(tmp_path)).positions.tolist() == [4, 5, 6, 7, 8, 9]


def test_a_shard_that_cannot_be_written_raises_an_error(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    filling = Filling(table())
    monkeypatch.setattr(filling.table, "write", full)
    with pytest.raises(OSError, match="No space"):
        filling.add(np.arange(4), np.arange(4, dtype=np.float32))


def test_a_complete_table_requests_no_rows():
    whole = Shards(2, ROW)
    whole.write(0, np.zeros(2, np.float32))
    assert Filling(whole).positions.tolist() == []
