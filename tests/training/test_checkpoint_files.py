"""The two files of a checkpoint; damage to them is in test_checkpoints.py."""

import numpy as np
import pytest

from tfft.core.errors import TfftError
from tfft.training import checkpoint_files
from tfft.training.checkpoint_files import Snapshot

ABOUT = {"seed": 0}


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    checkpoint_files.write(tmp_path, 7, ABOUT, Snapshot({"bias": np.array(2.5)}, {"step": 3}))
    found, about = checkpoint_files.read(tmp_path, 7)
    assert about == ABOUT
    assert found.values == {"step": 3}
    assert found.arrays["bias"].shape == ()
    assert float(found.arrays["bias"]) == 2.5


def test_the_last_two_are_kept_and_one_can_be_removed(tmp_path):
    for number in (8, 9, 10, 11):
        checkpoint_files.write(tmp_path, number, ABOUT, Snapshot({}, {}))
    assert checkpoint_files.numbers(tmp_path) == [10, 11]
    checkpoint_files.remove(tmp_path, 10)
    checkpoint_files.remove(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000011.json", "00000011.safetensors"]


def test_the_files_of_others_are_no_checkpoints(tmp_path):
    (tmp_path / "run.json").touch()
    assert checkpoint_files.numbers(tmp_path) == []
    assert checkpoint_files.numbers(tmp_path / "missing") == []


def test_a_missing_one_is_named(tmp_path):
    with pytest.raises(TfftError, match=r"00000004\.json cannot be read"):
        checkpoint_files.read_values(tmp_path, 4)
