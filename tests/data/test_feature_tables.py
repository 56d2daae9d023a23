"""Tables are found again by their key, move from disk to memory when the disk fails, and hold inputs that were read once."""

import numpy as np
import pytest

from tfft.cache import shards
from tfft.cache.settings import Cache
from tfft.core import environment
from tfft.core.errors import DataError, RunWarning, TfftError
from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.data.feature_tables import NotKeptError, Tables, with_kept

ROW = np.dtype((np.uint8, (2, 2, 3)))


def examples(count=150):
    inputs = [f"{index}.jpg" for index in range(count)]
    return Examples(inputs, np.zeros(count, np.int64), LabelSpace(("a", "b")), tuple(inputs))


class Reading:
    """A reader that counts its calls, and fails for one input."""

    def __init__(self, broken=None):
        self.read, self.broken = [], broken

    def __call__(self, item):
        self.read.append(item)
        if item == self.broken:
            raise DataError(f"{item!r} cannot be read as an image: not an image.")
        return np.full((2, 2, 3), int(item.split(".")[0]), np.uint8)


def kept(tables, reading, about=None, done=None):
    progress = (lambda *_: None) if done is None else lambda *now: done.append(now)
    return with_kept(examples(), reading, about or {"what": "pixels"}, ROW, tables, progress)


@pytest.mark.parametrize("where", ["disk", "memory"])
def test_every_input_is_read_once_and_given_as_often_as_wanted(tmp_path, where):
    tables, reading, done = Tables(Cache(where, tmp_path)), Reading(), []
    found = kept(tables, reading, done=done)
    assert sorted(reading.read) == sorted(examples().inputs)
    assert done[-1] == (150, 150)
    assert len(found.inputs) == 150
    for index in (149, 0, 7, 7):
        np.testing.assert_array_equal(found.inputs[index], np.full((2, 2, 3), index))
    again = kept(tables, reading)
    assert len(reading.read) == 150
    np.testing.assert_array_equal(again.inputs[3], found.inputs[3])


def test_what_is_on_disk_serves_later_runs_and_another_reader_has_its_own(tmp_path):
    reading = Reading()
    kept(Tables(Cache("disk", tmp_path)), reading)
    kept(Tables(Cache("disk", tmp_path)), reading)
    assert 152 <= len(reading.read) <= 153, "a few are looked at again"
    reading = Reading()
    kept(Tables(Cache("disk", tmp_path)), reading, about={"what": "pixels", "size": 3})
    assert len(reading.read) == 150


def test_kept_inputs_that_would_be_read_otherwise_now_are_read_again(tmp_path):
    kept(Tables(Cache("disk", tmp_path)), lambda item: np.zeros((2, 2, 3), np.uint8))
    with pytest.warns(RunWarning, match="differ from newly computed rows"):
        found = kept(Tables(Cache("disk", tmp_path)), Reading())
    assert [int(found.inputs[index][0, 0, 0]) for index in (0, 77, 149)] == [0, 77, 149]


def test_other_code_of_tfft_reads_inputs_again(tmp_path, monkeypatch):
    kept(Tables(Cache("disk", tmp_path)), Reading())
    monkeypatch.setattr(environment, "sources", lambda: "0" * 32)
    reading = Reading()
    kept(Tables(Cache("disk", tmp_path)), reading)
    assert len(reading.read) == 150


@pytest.mark.parametrize("where", ["auto", "disk"])
def test_rows_of_which_nobody_knows_what_they_depend_on_stay_in_memory(tmp_path, monkeypatch, where):
    def unknown():
        raise TfftError("The source code of tfft is missing.")

    monkeypatch.setattr(environment, "sources", unknown)
    tables = Tables(Cache(where, tmp_path))
    if where == "disk":
        with pytest.raises(NotKeptError, match="source code"):
            kept(tables, Reading())
    else:
        assert kept(tables, Reading()).inputs[5][0, 0, 0] == 5
        assert "source code" in tables.in_memory
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_cannot_be_read_is_an_error_and_the_rest_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_MOST_ROWS", 40)
    with pytest.raises(DataError, match=r"'149\.jpg' cannot be read"):
        kept(Tables(Cache("disk", tmp_path)), Reading(broken="149.jpg"))
    reading = Reading()
    assert kept(Tables(Cache("disk", tmp_path)), reading).inputs[149][0, 0, 0] == 149
    assert {f"{index}.jpg" for index in range(120, 150)} <= set(reading.read), "three shards were whole"
    assert len(reading.read) <= 30 + 3, "of which a few are looked at"


def test_what_does_not_fit_says_so(tmp_path):
    with pytest.raises(NotKeptError, match=r"1.8 kB do not fit into 100 bytes"):
        kept(Tables(Cache("memory", max_bytes=100)), Reading())
    with pytest.raises(NotKeptError):
        kept(Tables(Cache("disk", tmp_path, max_bytes=100)), Reading())
    assert kept(Tables(Cache("auto", tmp_path / "folder", max_bytes=150 * 12)), Reading()).inputs[5][0, 0, 0] == 5


@pytest.mark.parametrize("where", ["auto", "disk"])
def test_a_disk_that_fails_is_replaced_by_memory_where_that_is_allowed(tmp_path, monkeypatch, where):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shards, "replacing", full)
    tables = Tables(Cache(where, tmp_path))
    if where == "disk":
        with pytest.raises(NotKeptError, match="No space left"):
            kept(tables, Reading())
    else:
        with pytest.warns(RunWarning, match=r"cannot be written.*No space left.*in memory"):
            found = kept(tables, Reading())
        assert found.inputs[9][0, 0, 0] == 9


def test_what_is_closed_may_go(tmp_path):
    cache = Cache("disk", tmp_path, max_bytes=3000)
    tables = Tables(cache)
    kept(tables, Reading())
    folder = next(tmp_path.iterdir())
    with pytest.raises(NotKeptError, match="are in use"):
        kept(Tables(cache), Reading(), about={"what": "other"})
    tables.close()
    kept(Tables(cache), Reading(), about={"what": "other"})
    assert not folder.exists()
