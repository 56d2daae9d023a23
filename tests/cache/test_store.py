"""Entries are found by a description of what they were made from. The least recently used entries are deleted for new ones."""

import json
import os
import shutil
import time

import numpy as np
import pytest

from tfft.cache.store import Store
from tfft.core.errors import RunWarning

ROW = np.dtype(("<f4", (256,)))  # 1 KiB


def entry(store, name, count=10):
    table = store.table({"net": name}, count, ROW)
    for number in table.missing():
        table.write(number, np.zeros((len(table.rows(number)), 256), np.float32))
    return table


def names(store):
    return [kept.about["net"] for kept in store.entries()]


def test_only_an_equal_description_finds_the_same_rows(tmp_path):
    store = Store(tmp_path / "deep" / "features", 10**6)
    assert store.entries() == []
    entry(store, "a")
    assert store.table({"net": "a"}, 10, ROW).missing() == []
    assert store.table({"net": "b"}, 10, ROW).missing() == [0]
    assert store.table({"net": "a"}, 11, ROW).missing() == [0]
    assert store.table({"net": "a"}, 10, np.dtype(("<f4", (16, 16)))).missing() == [0]


def test_the_least_recently_used_entry_is_deleted_first(tmp_path):
    store = Store(tmp_path, 35_000)
    for age, name in enumerate(["a", "b", "c"]):
        entry(store, name)
        os.utime(tmp_path / store.entries()[0].key, (time.time() - 1000 + age,) * 2)
    entry(store, "a").take(np.array([0]))  # used again
    entry(store, "d")
    assert names(store) == ["d", "a", "c"]
    assert sum(kept.size_bytes for kept in store.entries()) < 35_000


def test_an_entry_that_another_run_reads_is_kept(tmp_path):
    store = Store(tmp_path, 15_000)
    read = entry(store, "a")
    folder = tmp_path / store.entries()[0].key
    os.utime(folder, (time.time() - 1000,) * 2)
    with pytest.raises(OSError, match="are in use"):
        store.table({"net": "b"}, 10, ROW)
    assert not store.remove(folder.name)
    read.take(np.array([0]))
    del read
    store.table({"net": "b"}, 10, ROW)
    assert names(store) == ["b"]


def test_entries_in_use_are_kept_and_others_are_deleted_instead(tmp_path):
    store = Store(tmp_path, 25_000)
    read = entry(store, "a")
    entry(store, "b")
    for kept in store.entries():
        age = 2000 if kept.about["net"] == "a" else 1000
        os.utime(tmp_path / kept.key, (time.time() - age,) * 2)
    entry(store, "c")
    assert sorted(names(store)) == ["a", "c"]
    assert len(read.take(np.arange(10))) == 10


def test_an_incomplete_table_keeps_its_reserved_space(tmp_path):
    store = Store(tmp_path, 25_000)
    tables = [store.table({"net": name}, 10, ROW) for name in "ab"]
    assert sum(kept.size_bytes for kept in store.entries()) < 5_000
    with pytest.raises(OSError, match="are in use"):
        store.table({"net": "c"}, 10, ROW)
    assert len(tables) == 2


def test_an_entry_without_a_manifest_is_listed_counted_and_deleted(tmp_path):
    store = Store(tmp_path, 15_000)
    entry(store, "a")
    folder = tmp_path / store.entries()[0].key
    (folder / "manifest.json").unlink()
    assert [(kept.key, kept.about) for kept in store.entries()] == [(folder.name, {})]
    os.utime(folder, (time.time() - 1000,) * 2)
    entry(store, "b")
    assert names(store) == ["b"]


def test_a_shard_is_not_written_into_a_folder_that_was_deleted(tmp_path):
    store = Store(tmp_path, 10**6)
    table = store.table({"net": "a"}, 10, ROW)
    shutil.rmtree(tmp_path / store.entries()[0].key)
    with pytest.raises(OSError, match="has been deleted"):
        table.write(0, np.zeros((10, 256), np.float32))
    assert store.entries() == []


def test_a_table_above_the_limit_is_refused_and_nothing_is_deleted(tmp_path):
    store = Store(tmp_path, 15_000)
    entry(store, "a")
    with pytest.raises(OSError, match=r"102 kB are needed, and .* may hold 15 kB"):
        store.table({"net": "large"}, 100, ROW)
    assert names(store) == ["a"]


def test_a_disk_without_space_is_an_error_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(OSError, match="are free in"):
        Store(tmp_path, 10**6).table({"net": "a"}, 10, ROW)
    assert list(tmp_path.iterdir()) == []


def test_an_entry_of_another_version_is_not_read(tmp_path):
    store = Store(tmp_path, 10**6)
    entry(store, "a")
    manifest = tmp_path / store.entries()[0].key / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
    with pytest.warns(RunWarning, match="another version of tfft"):
        assert store.table({"net": "a"}, 10, ROW).missing() == [0]


def test_a_manifest_that_cannot_be_read_is_written_again(tmp_path):
    store = Store(tmp_path, 10**6)
    entry(store, "a")
    manifest = tmp_path / store.entries()[0].key / "manifest.json"
    manifest.write_text("{")
    assert store.entries()[0].about == {}
    assert store.table({"net": "a"}, 10, ROW).missing() == []
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"bytes": "many"}))
    assert store.entries()[0].claimed_bytes == store.entries()[0].size_bytes
    assert names(store) == ["a"]


def test_entries_of_an_older_format_are_removed_with_one_warning(tmp_path, monkeypatch):
    store = Store(tmp_path, 10**6)
    with monkeypatch.context() as patch:
        patch.setattr("tfft.cache.store.FORMAT", 2)
        for name in "ab":
            entry(store, name)
    with pytest.warns(
        RunWarning, match=r"^2 entries in '.*' were written by an older version of tfft\. They are removed"
    ) as told:
        entry(store, "c")
    assert len(told) == 1
    assert names(store) == ["c"]
    entry(store, "d")


def test_entries_of_a_newer_format_are_kept(tmp_path, monkeypatch):
    store = Store(tmp_path, 10**6)
    with monkeypatch.context() as patch:
        patch.setattr("tfft.cache.store.FORMAT", 99)
        entry(store, "a")
    entry(store, "b")
    assert sorted(names(store)) == ["a", "b"]


@pytest.mark.parametrize("claim", [10**30, -1, True, 1e9, None, "many"])
def test_an_impossible_declared_size_is_ignored(tmp_path, claim):
    store = Store(tmp_path, 35_000)
    entry(store, "a")
    manifest = tmp_path / store.entries()[0].key / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"bytes": claim}))
    entry(store, "b")
    assert sorted(names(store)) == ["a", "b"]


def test_an_entry_can_be_removed(tmp_path):
    store = Store(tmp_path, 10**6)
    entry(store, "a")
    entry(store, "b")
    store.remove(store.entries()[0].key)
    assert names(store) == ["a"]
    store.remove("gone already")


def test_a_file_at_the_path_of_the_folder_raises_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file' is a file, not a folder"):
        Store(tmp_path / "file", 10**6).table({"net": "a"}, 10, ROW)
