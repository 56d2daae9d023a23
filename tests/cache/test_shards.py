"""Rows are read back unchanged. Damaged, incomplete and abandoned shards are found."""

import os
import shutil
import time

import numpy as np
import pytest

from tfft.cache.shards import Shards, row_type
from tfft.core.errors import DataError, RunWarning

ROW = row_type([((2, 3), "float32"), ((4,), "bfloat16")])


def rows_of(table, number):
    rows = np.zeros(len(table.rows(number)), ROW)
    rows["0"] = np.asarray(table.rows(number))[:, None, None]
    rows["1"] = number
    return rows


def filled(count, folder, per_shard=3):
    table = Shards(count, ROW, folder, per_shard)
    for number in table.missing():
        table.write(number, rows_of(table, number))
    return table


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path):
    return tmp_path if request.param == "disk" else None


@pytest.mark.parametrize("count", [1, 3, 7])
def test_rows_can_be_read_in_any_order_and_repeatedly(folder, count):
    table = filled(count, folder)
    wanted = np.array([count - 1, 0, count // 2, 0])
    found = table.take(wanted)
    assert found["0"][:, 0, 0].tolist() == wanted.tolist()
    assert found["1"][:, 0].tolist() == (wanted // 3).tolist()
    assert table.missing() == []
    assert table.size_bytes == count * (24 + 8)


def test_rows_may_have_a_plain_dtype(folder):
    table = Shards(5, np.dtype(("u1", (2, 2))), folder, per_shard=2)
    for number in table.missing():
        table.write(number, np.full((len(table.rows(number)), 2, 2), number, np.uint8))
    assert table.take(np.array([4, 1]))[:, 0, 0].tolist() == [2, 0]


def test_another_process_finds_the_written_rows(tmp_path):
    filled(7, tmp_path)
    again = Shards(7, ROW, tmp_path, 3)
    assert again.missing() == []
    assert again.take(np.array([6]))["0"][0, 0, 0] == 6


def test_numpy_can_open_a_shard(tmp_path):
    filled(4, tmp_path)
    shard = np.load(sorted(tmp_path.glob("*.npy"))[0], allow_pickle=False)
    assert shard["0"].shape == (3, 2, 3)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def _flip_header(bit):
    def flip(path):
        content = bytearray(path.read_bytes())
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(content))

    return flip


# flipped bits all over the header: some make it invalid Python, for which NumPy raises errors of its tokenizer
_HEADERS = [_flip_header(bit) for bit in range(0, 128 * 8, 11)]


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-5])


def _empty(path):
    path.write_bytes(b"")


def _pickle(path):
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize("damage", [_flip, _truncate, _empty, _pickle, *_HEADERS])
def test_a_damaged_shard_is_reported_and_deleted(tmp_path, damage):
    filled(7, tmp_path)
    path = sorted(tmp_path.glob("*.npy"))[1]
    damage(path)
    table = Shards(7, ROW, tmp_path, 3)
    with pytest.warns(RunWarning, match=path.name):
        assert table.missing() == [1]
    assert not path.exists()
    table.write(1, rows_of(table, 1))
    assert table.take(np.array([4]))["0"][0, 0, 0] == 4


def test_a_shard_of_another_length_is_not_used(tmp_path):
    filled(7, tmp_path)
    with pytest.warns(RunWarning):
        assert Shards(6, ROW, tmp_path, 2).missing() == [0, 1, 2]


def renamed(path, number):
    path.rename(path.with_name(f"{number:05d}{path.name[5:]}"))


def test_the_hash_of_a_shard_covers_its_number(tmp_path):
    filled(9, tmp_path)
    first, second, _ = sorted(tmp_path.glob("*.npy"))
    second.rename(tmp_path / "kept")
    renamed(first, 1)
    renamed((tmp_path / "kept").rename(second), 0)
    table = Shards(9, ROW, tmp_path, 3)
    with pytest.warns(RunWarning, match="is damaged") as told:
        assert table.missing() == [0, 1]
    assert len(told) == 2
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_a_shard_of_another_table_is_not_used(tmp_path):
    tables = [Shards(7, ROW, tmp_path / name, 3, identity=name) for name in ("one", "two")]
    for table in tables:
        table.folder.mkdir()
        table.write(0, rows_of(table, 0))
    own, other = (next(table.folder.glob("*.npy")) for table in tables)
    assert own.name != other.name
    assert own.read_bytes() == other.read_bytes()
    shutil.copy(other, own.parent)
    own.unlink()
    with pytest.warns(RunWarning, match="is damaged"):
        assert Shards(7, ROW, tmp_path / "one", 3, identity="one").missing() == [0, 1, 2]


def test_rows_that_were_on_disk_before_are_known_and_all_can_be_deleted(tmp_path):
    table = filled(7, tmp_path)
    assert table.found().tolist() == []
    sorted(tmp_path.glob("*.npy"))[1].unlink()
    again = Shards(7, ROW, tmp_path, 3)
    assert again.missing() == [1]
    again.write(1, rows_of(again, 1))
    assert again.found().tolist() == [0, 1, 2, 6]
    again.discard()
    assert again.missing() == [0, 1, 2]
    assert again.found().tolist() == []
    assert list(tmp_path.iterdir()) == []


def test_after_a_failed_write_the_shard_is_missing(tmp_path, monkeypatch):
    table = Shards(4, ROW, tmp_path, 3)
    table.missing()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="No space"):
        table.write(0, rows_of(table, 0))
    assert list(tmp_path.iterdir()) == []
    assert Shards(4, ROW, tmp_path, 3).missing() == [0, 1]


def test_rows_of_another_dtype_or_shape_are_refused(folder):
    table = Shards(4, ROW, folder, 3)
    for wrong in (rows_of(table, 0)[:2], np.zeros(3, np.float32), np.zeros((3, 2), ROW)):
        with pytest.raises(ValueError, match="needs 3 rows"):
            table.write(0, wrong)


def test_only_abandoned_files_are_deleted(tmp_path):
    old, young = tmp_path / ".00000-x.npy.a.partial", tmp_path / ".00001-x.npy.b.partial"
    for folder in (old, young):
        folder.mkdir()
        (folder / "new").write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert Shards(4, ROW, tmp_path, 3).missing() == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == [young.name]


def test_two_processes_may_write_the_same_rows(tmp_path):
    one, two = Shards(7, ROW, tmp_path, 3), Shards(7, ROW, tmp_path, 3)
    assert one.missing() == two.missing() == [0, 1, 2]
    for number in (0, 1, 2):
        for table in (one, two):
            table.write(number, rows_of(table, number))
    assert len(list(tmp_path.glob("*.npy"))) == 3
    assert np.array_equal(one.take(np.arange(7)), two.take(np.arange(7)))


def test_a_shard_holds_about_64_mebibytes():
    large = Shards(10**6, np.dtype(("<f4", (28, 28, 512))))
    assert 60 * 2**20 < large.per_shard * large.row.itemsize <= 64 * 2**20
    assert Shards(5, np.dtype(("<f4", (10**8,)))).per_shard == 1
    assert Shards(10**6, np.dtype(("<f4", (1280,)))).per_shard == 256, "a killed process loses seconds or minutes"


def test_deleting_a_shard_while_it_is_read_raises_an_error(tmp_path):
    table = filled(7, tmp_path)
    path = sorted(tmp_path.glob("*.npy"))[1]
    path.unlink()
    assert len(table.take(np.array([0, 6]))) == 2
    with pytest.raises(DataError, match=rf"deleted while they were being read.*{path.name}.*Train again"):
        table.take(np.array([4]))


def test_shortening_a_shard_while_it_is_read_raises_an_error(tmp_path):
    table = filled(7, tmp_path)
    path = sorted(tmp_path.glob("*.npy"))[0]
    os.truncate(path, path.stat().st_size - 5)
    assert table.take(np.array([0]))["0"][0, 0, 0] == 0
    with pytest.raises(DataError, match=rf"shortened while they were being read.*{path.name}"):
        table.take(np.array([2]))


def test_a_deleted_folder_raises_an_error(tmp_path):
    home = tmp_path / "kept"
    home.mkdir()
    table = filled(7, home)
    shutil.rmtree(home)
    table._touched = 0.0
    with pytest.raises(DataError, match="deleted while they were being read"):
        table.take(np.array([2]))
