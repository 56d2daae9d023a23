"""Checkpoints are read back bit for bit, damaged ones are replaced by the one before, and a full disk ends nothing."""

import errno
import json
import os
import stat

import numpy as np
import pytest

from tfft.core.errors import RunWarning, TfftError
from tfft.training import checkpoints as module
from tfft.training.checkpoint_files import Snapshot
from tfft.training.checkpoints import Checkpoints

ABOUT = {"seed": 0, "plan": {"phases": [{"epochs": 3}]}, "versions": {"keras": "3.15.1"}}
ARRAYS = {
    "scalar": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "seed": np.array([1, 2], np.uint32),
    "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "special": np.array([np.nan, -0.0, np.inf, 1e-45], np.float32),
}


def numbered(number):
    return Snapshot(
        {**ARRAYS, "number": np.array([number])}, {"number": number, "finished": False, "loss": float("nan")}
    )


def saved(folder, count, about=ABOUT):
    checkpoints = Checkpoints(folder, about)
    for number in range(1, count + 1):
        checkpoints.save(numbered(number), wait=True)
    return checkpoints


def files(folder):
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def test_every_kind_of_array_and_value_comes_back_bit_for_bit(tmp_path):
    saved(tmp_path, 1)
    found = Checkpoints(tmp_path, ABOUT).newest()
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()
    assert found.values["number"] == 1
    assert np.isnan(found.values["loss"])


def test_the_last_two_are_kept_and_numbers_go_on(tmp_path):
    saved(tmp_path, 3)
    assert files(tmp_path) == [f"{n:08d}.{end}" for n in (2, 3) for end in ("json", "safetensors")]
    again = Checkpoints(tmp_path, ABOUT)
    assert again.newest().values["number"] == 3
    again.save(numbered(4), wait=True)
    assert files(tmp_path) == [f"{n:08d}.{end}" for n in (3, 4) for end in ("json", "safetensors")]


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, flipped, lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("end", ["json", "safetensors"])
def test_a_damaged_newest_one_is_replaced_by_the_one_before_with_a_warning(tmp_path, damage, end):
    saved(tmp_path, 3)
    damage(tmp_path / "checkpoints" / f"00000003.{end}")
    checkpoints = Checkpoints(tmp_path, ABOUT)
    if end == "json" and not (tmp_path / "checkpoints" / "00000003.json").exists():
        assert checkpoints.newest().values["number"] == 2  # without its second file it was never finished
        return
    with pytest.warns(RunWarning, match=r"newest checkpoint in .* is damaged \(00000003: .*the one before it is used"):
        found = checkpoints.newest()
    assert found.values["number"] == 2
    assert found.arrays["number"].tolist() == [2]
    checkpoints.save(numbered(3), wait=True)
    assert Checkpoints(tmp_path, ABOUT).newest().values["number"] == 3


def test_when_all_are_damaged_it_says_so(tmp_path):
    saved(tmp_path, 2)
    for path in (tmp_path / "checkpoints").glob("*.safetensors"):
        cut(path)
    with pytest.raises(
        TfftError, match=r"every checkpoint in .* is damaged\. Got: 00000002: Its bytes have changed"
    ) as caught:
        Checkpoints(tmp_path, ABOUT).newest()
    assert ".." not in caught.value.got + "."


def test_a_newer_format_is_refused_by_its_number(tmp_path):
    saved(tmp_path, 1)
    path = tmp_path / "checkpoints" / "00000001.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(TfftError, match="It has format 2, and this version of tfft reads format 1"):
        Checkpoints(tmp_path, ABOUT).newest()


def test_another_run_is_refused_with_everything_that_differs(tmp_path):
    saved(tmp_path, 1)
    other = {"seed": 1, "plan": {"phases": [{"epochs": 4}]}, "versions": {"keras": "3.15.1", "numpy": "2"}}
    with pytest.raises(TfftError, match="cannot continue, because it was started differently") as caught:
        Checkpoints(tmp_path, other).newest()
    assert caught.value.got == (
        "'seed: 0 then, 1 now', 'plan.phases[0].epochs: 3 then, 4 now', 'versions.numpy: null then, 2 now'"
    )


def test_without_a_checkpoint_there_is_none(tmp_path):
    assert Checkpoints(tmp_path, ABOUT).newest() is None
    assert not Checkpoints(tmp_path, ABOUT).unfinished()


def test_a_finished_run_is_told_from_an_unfinished_one(tmp_path):
    checkpoints = saved(tmp_path, 1)
    assert Checkpoints(tmp_path, ABOUT).unfinished()
    checkpoints.save(Snapshot({}, {"finished": True}), wait=True)
    assert not Checkpoints(tmp_path, ABOUT).unfinished()
    checkpoints.clear()
    assert files(tmp_path) == []
    assert Checkpoints(tmp_path, ABOUT).newest() is None


def test_a_full_disk_only_warns_and_the_last_checkpoint_stays(tmp_path, monkeypatch):
    checkpoints = saved(tmp_path, 1)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.warns(RunWarning, match=r"could not be written to .*No space left on device. Training continues"):
        checkpoints.save(numbered(2), wait=True)
    assert checkpoints.wait()
    assert Checkpoints(tmp_path, ABOUT).newest().values["number"] == 1
    assert not list((tmp_path / "checkpoints").glob("*.partial"))


def test_it_is_due_after_its_minutes_or_at_the_end_of_an_epoch_but_not_within_two_seconds(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    checkpoints = Checkpoints(tmp_path, ABOUT, minutes=5)
    moments = []
    for now[0], ends in ((101, True), (103, True), (103, False), (399, False), (400, False)):
        moments.append(checkpoints.due(ends))
    assert moments == [False, True, False, False, True]
    checkpoints.save(numbered(1), wait=True)
    assert not checkpoints.due(False)


def test_only_one_is_written_at_a_time(tmp_path, monkeypatch):
    import threading

    go = threading.Event()
    monkeypatch.setattr("safetensors.numpy.save_file", lambda arrays, path: (go.wait(20), path.write_bytes(b"x")))
    checkpoints = Checkpoints(tmp_path, ABOUT, minutes=1e-9)
    checkpoints.save(numbered(1))
    assert not checkpoints.due(True)
    go.set()
    assert checkpoints.wait()
    assert checkpoints.due(False)


@pytest.mark.parametrize("part", ["values", "about"])
def test_a_changed_number_in_the_values_counts_as_damage(tmp_path, part):
    saved(tmp_path, 2)
    path = tmp_path / "checkpoints" / "00000002.json"
    told = json.loads(path.read_text())
    told[part]["number" if part == "values" else "seed"] = 3
    path.write_text(json.dumps(told))
    with pytest.warns(RunWarning, match=r"is damaged \(00000002: Its bytes have changed"):
        assert Checkpoints(tmp_path, ABOUT).newest().values["number"] == 1


def test_lists_of_different_lengths_are_told_by_their_lengths(tmp_path):
    saved(tmp_path, 1)
    with pytest.raises(TfftError, match=r"Got: 'plan\.phases: 1 then, 2 now'\."):
        Checkpoints(tmp_path, ABOUT | {"plan": {"phases": [{"epochs": 3}, {"epochs": 3}]}}).newest()


def test_both_files_may_be_read_by_the_same_users(tmp_path):
    before = os.umask(0o027)
    try:
        saved(tmp_path, 1)
    finally:
        os.umask(before)
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "checkpoints").iterdir()}
    assert modes == {".json": 0o640, ".safetensors": 0o640}
