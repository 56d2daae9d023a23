"""Workers with a common folder divide the rows, and compute what nobody else writes."""

import threading
import time

import numpy as np
import pytest

from tfft.cache.shards import Shards
from tfft.cache.sharing import ALONE, own_rows, share_of, wait_for_others

ROW = np.dtype("<f4")


@pytest.mark.parametrize("count", [1, 5, 64, 1000])
@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_each_row_has_one_worker_and_no_shard_has_two(count, workers):
    table = Shards(count, ROW, per_shard=16)
    parts = [own_rows(table, np.arange(count), (index, workers)) for index in range(workers)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    numbers = [set((part // 16).tolist()) for part in parts]
    assert sum(map(len, numbers)) == -(-count // 16)
    assert max(map(len, numbers)) - min(map(len, numbers)) <= 1


def test_a_process_alone_shares_with_nobody(tmp_path):
    assert share_of(tmp_path, None) == ALONE
    assert not list(tmp_path.iterdir())


def test_shards_of_another_process_are_found(tmp_path):
    here, there = (Shards(6, ROW, tmp_path, 2, "table") for _ in range(2))
    assert here.missing() == [0, 1, 2]

    def write():
        for number in there.missing():
            time.sleep(0.1)
            there.write(number, np.full(2, number, ROW))

    writer = threading.Thread(target=write)
    writer.start()
    wait_for_others([here], patience=20)
    writer.join()
    assert here.missing() == []
    assert here.take(np.arange(6)).tolist() == [0, 0, 1, 1, 2, 2]


def test_waiting_ends_when_nobody_writes(tmp_path):
    table = Shards(4, ROW, tmp_path, 2, "table")
    table.missing()
    begun = time.monotonic()
    wait_for_others([table], patience=0.5)
    assert 0.4 < time.monotonic() - begun < 10
    assert table.missing() == [0, 1]
