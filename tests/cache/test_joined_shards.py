"""Several tables read as one."""

import numpy as np
import pytest

from tfft.cache.joined_shards import JoinedShards
from tfft.cache.shards import Shards


def table(count, width, folder=None, per_shard=2):
    found = Shards(count, np.dtype([("0", "f4", (width, 2)), ("1", "i4", ())]), folder, per_shard)
    rows = np.zeros(count, found.row)
    rows["0"], rows["1"] = np.arange(1, count * width * 2 + 1).reshape(count, width, 2), np.arange(count) + 10 * width
    for number in found.missing():
        found.write(number, rows[found.rows(number)])
    return found, rows


@pytest.mark.parametrize("widths", [(3, 3), (3, 1), (1, 3)])
def test_rows_are_those_of_the_tables_one_after_the_other(tmp_path, widths):
    tables, rows = zip(*(table(5, width) for width in widths), strict=True)
    joined = JoinedShards(tables)
    positions = np.array([9, 0, 5, 4, 9, 7])
    found = joined.take(positions)
    assert (joined.count, joined.row, joined.size_bytes) == (10, found.dtype, 10 * found.itemsize)
    for position, row in zip(positions, found, strict=True):
        part, inner = divmod(position, 5)
        wanted = rows[part][inner]
        width = widths[part]
        np.testing.assert_array_equal(row["0"][:width], wanted["0"])
        assert not row["0"][width:].any()
        assert row["1"] == wanted["1"]
    assert len(joined.take(np.array([], np.int64))) == 0


def test_the_folder_says_whether_all_tables_are_on_disk(tmp_path):
    on_disk, in_memory = table(3, 2, tmp_path)[0], table(3, 2)[0]
    assert JoinedShards([on_disk, on_disk]).folder == tmp_path
    assert JoinedShards([on_disk, in_memory]).folder is None
