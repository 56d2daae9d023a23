"""The files of a checkpoint: ``00000007.safetensors`` holds its arrays, and ``00000007.json`` its values.

The second file, which is written last, holds the hashes of both. A checkpoint counts only when it is there and they are right.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import files, strict_json
from tfft.core.errors import TfftError
from tfft.core.fingerprint import digest, digest_of_file

FORMAT = 1
_KEPT = 2


@dataclass(frozen=True)
class Snapshot:
    """The state of a run at one moment.

    Attributes:
        arrays: Name -> array of any shape, which nobody changes later.
        values: Numbers, texts and lists that JSON can hold.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def numbers(folder: Path) -> list[int]:
    """List the numbers of the checkpoints in a folder, in ascending order.

    Args:
        folder: The folder, which need not exist.
    """
    return sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal())


def write(folder: Path, number: int, about: Mapping[str, Any], snapshot: Snapshot) -> None:
    """Write a checkpoint, each file in one step, and delete all but the last two.

    Args:
        folder: The folder; it is created if it does not exist.
        number: The number of the checkpoint.
        about: What the run consists of, as JSON values.
        snapshot: The state of the run, with arrays of any shape.

    Raises:
        OSError: When a file cannot be written; older checkpoints then stay.
    """
    from safetensors.numpy import save_file

    path = _path(folder, number)
    with files.replacing(path.with_suffix(".safetensors")) as fresh:
        fresh.touch()
        usual = fresh.stat().st_mode
        save_file({name: np.asarray(array, order="C") for name, array in snapshot.arrays.items()}, fresh)
        with suppress(OSError):  # safetensors 0.8 lets only the owner read, but other workers may run as another user
            fresh.chmod(usual)
        _to_disk(fresh)
        content = digest_of_file(fresh)
    values = {"format": FORMAT, "about": dict(about), "arrays": content, "values": dict(snapshot.values)}
    values["hash"] = _hash(values)
    with files.replacing(path) as fresh:
        fresh.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        _to_disk(fresh)
    for old in numbers(folder)[:-_KEPT]:
        remove(folder, old)


def read_values(folder: Path, number: int) -> Any:
    """Read the values of a checkpoint, without checking them.

    Args:
        folder: The folder.
        number: The number of the checkpoint.

    Returns:
        JSON values.

    Raises:
        TfftError: When the file does not exist, or is no JSON.
    """
    path = _path(folder, number)
    return strict_json.read_file(path, path.name, TfftError, nan=True)


def read(folder: Path, number: int) -> tuple[Snapshot, Any]:
    """Read a checkpoint and check its hashes.

    Args:
        folder: The folder.
        number: The number of the checkpoint.

    Returns:
        The state, with arrays of the shapes that were written, and what the run consists of.

    Raises:
        TfftError, OSError, KeyError, TypeError, ValueError: When it is damaged.
    """
    values = read_values(folder, number)
    return Snapshot(_arrays(_path(folder, number), values), values["values"]), values["about"]


def remove(folder: Path, number: int) -> None:
    """Delete a checkpoint.

    Args:
        folder: The folder.
        number: The number of the checkpoint, which need not exist.
    """
    _path(folder, number).unlink(missing_ok=True)
    _path(folder, number).with_suffix(".safetensors").unlink(missing_ok=True)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.json"


def _arrays(path: Path, values: Any) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint, after a check of their bytes."""
    from safetensors.numpy import load_file

    if values["format"] != FORMAT:
        raise TfftError(f"It has format {values['format']!r}, and this version of tfft reads format {FORMAT}.")
    path = path.with_suffix(".safetensors")
    if _hash(values) != values["hash"] or digest_of_file(path) != values["arrays"]:
        raise TfftError("Its bytes have changed.")
    return load_file(path)


def _hash(values: Mapping[str, Any]) -> str:
    """The hash of the values of a checkpoint, without its own."""
    rest = {name: value for name, value in values.items() if name != "hash"}
    return digest(json.dumps(rest, sort_keys=True).encode())


def _to_disk(path: Path) -> None:
    """Wait until the bytes of a file are on the disk, which a rename alone does not guarantee."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
