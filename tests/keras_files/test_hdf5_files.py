"""Weights files that Keras and h5py write are accepted. Hostile ones are in tests/attacks/test_weights.py."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import ml_dtypes
import numpy as np
import pytest

from tfft.core.errors import BundleError
from tfft.keras_files import hdf5_files

RANDOM = np.random.default_rng(0).normal(size=(300, 70)).astype("float32")


def content(make: Callable[[Any], Any]) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        make(file)
    return target.getvalue()


SOUND: dict[str, tuple[Callable[[Any], Any], int]] = {
    "plain": (lambda file: file.create_dataset("a", data=RANDOM), 84_000),
    "a scalar": (lambda file: file.create_dataset("a", data=3), 8),
    "no values": (lambda file: file.create_dataset("a", (0, 3)), 0),
    "bfloat16": (lambda file: file.create_dataset("a", data=RANDOM.astype(ml_dtypes.bfloat16)), 42_000),
    "booleans": (lambda file: file.create_dataset("a", data=RANDOM > 0), 21_000),
    "chunks": (lambda file: file.create_dataset("a", data=RANDOM, chunks=True), 84_000),
    "one chunk": (lambda file: file.create_dataset("a", data=RANDOM, chunks=RANDOM.shape, compression="gzip"), 84_000),
    "uneven chunks": (lambda file: file.create_dataset("a", data=RANDOM, chunks=(299, 9), compression="gzip"), 84_000),
    "resizable": (lambda file: file.create_dataset("a", data=RANDOM, maxshape=(None, 99), chunks=(512, 99)), 84_000),
    "all filters": (
        lambda file: file.create_dataset("a", data=RANDOM, compression="gzip", shuffle=True, fletcher32=True),
        84_000,
    ),
    "zeros": (lambda file: file.create_dataset("a", data=0 * RANDOM, compression="gzip"), 84_000),
    "one array at two places": (lambda file: file.update({"b/a": file.create_dataset("a", data=RANDOM)}), 84_000),
}


@pytest.mark.parametrize(("make", "size"), SOUND.values(), ids=SOUND)
def test_files_that_h5py_writes_are_accepted(make: Callable[[Any], Any], size: int) -> None:
    assert hdf5_files.check(content(make), "it", BundleError) == size


def test_files_that_keras_writes_are_accepted(tmp_path: Path) -> None:
    net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])
    net.compile("adam", "mse")
    net.save_weights(tmp_path / "a.weights.h5")
    assert hdf5_files.check(tmp_path / "a.weights.h5", "it", BundleError) >= 4 * net.count_params()


def test_too_many_arrays_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(file: Any) -> None:
        for number in range(25):
            file[str(number)] = 1

    monkeypatch.setenv("TFFT_MAX_ARCHIVE_MEMBERS", "1")
    with pytest.raises(BundleError, match="members are more than the limit"):
        hdf5_files.check(content(make), "it", BundleError)
