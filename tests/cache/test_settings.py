"""Settings of the cache are checked before anything is computed."""

from pathlib import Path

import pytest

import tfft
from tfft.cache.settings import Cache
from tfft.core.errors import DataError


@pytest.mark.parametrize("where", ["auto", "disk", "memory", "off"])
def test_a_single_word_makes_a_cache(where):
    assert Cache.of(where) == Cache(where)
    assert Cache.of(where).on == (where != "off")
    assert Cache.of(Cache(where, views=3)).views == 3


@pytest.mark.parametrize("wrong", ["dsik", True, None, 3])
def test_the_error_for_an_invalid_cache_lists_the_valid_values(wrong):
    with pytest.raises(DataError, match=r"cache.*(Use one of 'auto'|tfft\.data\.Cache)"):
        Cache.of(wrong)


@pytest.mark.parametrize("options", [{"max_bytes": 0}, {"max_bytes": 1.5}, {"views": 0}, {"views": True}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(DataError, match="whole number of at least 1"):
        Cache(**options)


def test_a_folder_that_is_not_a_path_is_refused():
    with pytest.raises(DataError, match="folder=3 must be a path"):
        Cache(folder=3)


def test_the_folder_is_set_by_the_environment_and_not_created(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path / "own"))
    assert Cache().store.folder == tmp_path / "own" / "features"
    assert Cache(folder=tmp_path / "other").store.folder == tmp_path / "other"
    assert list(tmp_path.iterdir()) == []


def test_the_limit_leaves_half_of_the_disk_free(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    assert Cache(folder=tmp_path).store.max_bytes == 500
    assert Cache(folder=tmp_path, max_bytes=300).store.max_bytes == 300
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10**15}))
    assert Cache(folder=tmp_path).store.max_bytes == 32 * 10**9


def test_memory_is_limited_too():
    assert Cache("memory", max_bytes=7).memory_bytes == 7
    assert Cache("memory").memory_bytes > 10**8
    assert Cache("auto", max_bytes=7).memory_bytes == 7
    assert Cache("auto", max_bytes=10**15).memory_bytes == Cache("memory").memory_bytes, (
        "a budget of the disk is none of memory"
    )


@pytest.mark.parametrize(("where", "expected"), [("auto", 32 * 10**9), ("disk", 32 * 10**9), ("memory", None)])
def test_the_size_limit_does_not_depend_on_free_space(monkeypatch, where, expected):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1}))
    assert Cache(where).most_bytes == (expected or Cache("memory").memory_bytes)
    assert Cache(where, max_bytes=5).most_bytes == 5


def test_a_tilde_means_the_home_folder():
    assert Cache(folder="~/x").store.folder == Path("~/x").expanduser()


def test_the_class_is_public():
    assert tfft.data.Cache is Cache
