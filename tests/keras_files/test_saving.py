"""Saved weights and nets can be read back exactly. A full disk raises an error and does not crash the process."""

import subprocess
import sys
from collections import namedtuple

import keras
import numpy as np
import pytest

from tfft.keras_files import saving

Usage = namedtuple("Usage", "total used free")
# HDF5 writes many small variables when the file is closed, where a failed write ends in SIGSEGV
FULL_DISK = """
import resource, signal, sys, pathlib
import keras
import keras.src.saving.saving_lib as saving_lib
from tfft.keras_files import saving

net = keras.Sequential([keras.Input((50,)), *[keras.layers.Dense(50) for _ in range(60)]])
folder = pathlib.Path(sys.argv[2])
if sys.argv[1] == "net":
    saving_lib.is_memory_sufficient = lambda model: False  # Keras then writes HDF5 to the disk
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    if sys.argv[1] == "net":
        saving.save_net(net, folder / "net.keras")
    else:
        saving.save_weights(net, folder / "net.weights.h5")
except OSError as error:
    sys.exit(f"OSError {error.errno}")
"""


@pytest.fixture
def net() -> keras.Model:
    layers = [
        keras.layers.Dense(4, name="first"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(2, name="last"),
    ]
    return keras.Sequential([keras.Input((3,)), *layers])


def test_saved_weights_are_read_back_exactly(net, tmp_path):
    path = tmp_path / "net.weights.h5"
    saving.save_weights(net, path)
    again = keras.models.clone_model(net)
    again.load_weights(path)
    for one, other in zip(net.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("enough", [True, False])
def test_a_saved_net_is_read_back_exactly_with_any_amount_of_free_memory(net, tmp_path, monkeypatch, enough):
    monkeypatch.setattr("keras.src.saving.saving_lib.is_memory_sufficient", lambda model: enough)
    saving.save_net(net, tmp_path / "net.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["net.keras"]
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(net(x), keras.saving.load_model(tmp_path / "net.keras")(x))


@pytest.mark.parametrize(("save", "name"), [(saving.save_net, "a.keras"), (saving.save_weights, "a.weights.h5")])
def test_a_disk_without_space_is_an_error_before_anything_is_written(net, tmp_path, monkeypatch, save, name):
    path = tmp_path / name
    path.write_text("the old file")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(100, 90, 10))
    with pytest.raises(OSError, match="10 bytes are free"):
        save(net, path)
    assert path.read_text() == "the old file"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("what", ["net", "weights"])
def test_a_disk_that_becomes_full_while_writing_is_an_error_and_not_a_crash(what, tmp_path):
    command = [sys.executable, "-c", FULL_DISK, what, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "OSError 27")
