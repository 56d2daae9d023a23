"""Checkpoints of a run: taken in memory, written by one thread, and checked when they are read."""

import json
import os
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import files, strict_json
from tfft.core.errors import RunWarning, TfftError, shortlist
from tfft.core.fingerprint import digest, digest_of_file

FOLDER = "checkpoints"
FORMAT = 1
_KEPT = 2
# the epochs of a head take milliseconds, and writing takes longer
_LEAST_SECONDS = 2.0


@dataclass(frozen=True)
class Snapshot:
    """The state of a run at one moment.

    Attributes:
        arrays: Name -> array of any shape, which nobody changes later.
        values: Numbers, texts and lists that JSON can hold.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


class Checkpoints:
    """The checkpoints in a run folder: the last two are kept, so that a damaged one can be replaced by the one before.

    A checkpoint is a ``.safetensors`` file of arrays, and a ``.json`` file with the values, their hash, and the hash of the first
    file. It counts only when the second one, which is written last, is there and both hashes are right.

    Args:
        home: The run folder.
        about: What the run consists of, as JSON values: a run continues only from a checkpoint with the same.
        minutes: The time between two checkpoints within an epoch; the end of an epoch is saved as well.

    Attributes:
        number: The number of the last checkpoint that was read or written; 0 for none.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoints = Checkpoints(Path(folder), {"seed": 0})
        ...     checkpoints.save(Snapshot({"bias": np.ones(2)}, {"step": 7}), wait=True)
        ...     found = Checkpoints(Path(folder), {"seed": 0}).newest()
        >>> found.values["step"], found.arrays["bias"].tolist()
        (7, [1.0, 1.0])
    """

    def __init__(self, home: Path, about: Mapping[str, Any], minutes: float = 5.0) -> None:
        self._folder, self._seconds = home / FOLDER, 60 * minutes
        self._about: dict[str, Any] = json.loads(json.dumps(about))
        self.number, self._last = max(self._numbers(), default=0), time.monotonic()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def newest(self) -> Snapshot | None:
        """Read the newest checkpoint that is not damaged.

        Returns:
            A Snapshot; None when the folder has no checkpoint.

        Raises:
            TfftError: When all checkpoints are damaged, or the run consists of something else; the message says what differs.

        Warns:
            RunWarning: When the newest one is damaged, so that the one before it is used.
        """
        damaged: list[str] = []
        for number in sorted(self._numbers(), reverse=True):
            try:
                found, about = self._read(number)
            except (TfftError, OSError, KeyError, TypeError, ValueError) as error:
                damaged.append(f"{number:08d}: {error}")
                continue
            self._check_about(about)
            self.number = number
            if damaged:
                what = f"The newest checkpoint in {str(self._folder)!r} is damaged ({damaged[0]}); the one before it is used."
                warnings.warn(what, RunWarning, stacklevel=4)
            return found
        if damaged:
            raise TfftError(
                f"The run cannot continue: every checkpoint in {str(self._folder)!r} is damaged.",
                "; ".join(damaged),
                "Train from the beginning in another run folder.",
            )
        return None

    def read(self, number: int) -> Snapshot:
        """Read the checkpoint that the chief of several workers has chosen.

        Args:
            number: The number of the checkpoint.

        Returns:
            A Snapshot.

        Raises:
            TfftError: When it is not there, or differs from what this worker would train.
        """
        try:
            found, about = self._read(number)
        except (TfftError, OSError, KeyError, TypeError, ValueError) as error:
            raise TfftError(
                f"This worker cannot read checkpoint {number} in {str(self._folder)!r}.",
                str(error),
                "All workers need the same run folder, on a disk that they share.",
            ) from error
        self._check_about(about)
        return found

    def _read(self, number: int) -> tuple[Snapshot, Any]:
        path = self._path(number)
        values = strict_json.read_file(path, path.name, TfftError, nan=True)
        return Snapshot(_arrays(path, values), values["values"]), values["about"]

    def unfinished(self) -> bool:
        """Tell whether the folder holds a checkpoint of a run that has not ended."""
        newest = max(self._numbers(), default=None)
        if newest is None:
            return False
        with suppress(TfftError, KeyError, TypeError):
            path = self._path(newest)
            return not strict_json.read_file(path, path.name, TfftError, nan=True)["values"]["finished"]
        return True

    def clear(self) -> None:
        """Delete all checkpoints, because a run begins anew."""
        for number in list(self._numbers()):
            self._path(number).unlink(missing_ok=True)
            self._path(number).with_suffix(".safetensors").unlink(missing_ok=True)
        self.number = 0

    def due(self, epoch_ends: bool) -> bool:
        """Tell whether it is time for a checkpoint, and the previous one is written.

        Args:
            epoch_ends: Whether an epoch has just ended.
        """
        if self._thread is not None and self._thread.is_alive():
            return False
        passed = time.monotonic() - self._last
        return passed >= self._seconds or (epoch_ends and passed >= _LEAST_SECONDS)

    def save(self, snapshot: Snapshot, wait: bool = False) -> bool:
        """Write a checkpoint in the background. A failure only warns, so that a full disk never ends training.

        Args:
            snapshot: The state to write.
            wait: Whether to return only after it is written.

        Returns:
            Whether it was written; True without waiting.

        Warns:
            RunWarning: When this or the previous checkpoint cannot be written.
        """
        self.wait()
        self.number += 1
        self._thread = threading.Thread(target=self._write, args=(self.number, snapshot), daemon=True)
        self._thread.start()
        self._last = time.monotonic()
        return self.wait() if wait else True

    def wait(self) -> bool:
        """Wait until the last checkpoint is written.

        Returns:
            Whether it was written.

        Warns:
            RunWarning: When it could not be written.
        """
        if self._thread is not None:
            self._thread.join()
        failure, self._failure = self._failure, None
        if failure is not None:
            what = f"A checkpoint could not be written to {str(self._folder)!r}: {failure}. Training continues."
            warnings.warn(what, RunWarning, stacklevel=3)
        return failure is None

    def _numbers(self) -> Iterator[int]:
        return (int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdecimal())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.json"

    def _write(self, number: int, snapshot: Snapshot) -> None:
        from safetensors.numpy import save_file

        path = self._path(number)
        try:
            with files.replacing(path.with_suffix(".safetensors")) as fresh:
                save_file({name: np.asarray(array, order="C") for name, array in snapshot.arrays.items()}, fresh)
                _to_disk(fresh)
                content = digest_of_file(fresh)
            values = {"format": FORMAT, "about": self._about, "arrays": content, "values": dict(snapshot.values)}
            values["hash"] = _hash(values)
            with files.replacing(path) as fresh:
                fresh.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
                _to_disk(fresh)
            for old in sorted(self._numbers())[:-_KEPT]:
                self._path(old).unlink()
                self._path(old).with_suffix(".safetensors").unlink(missing_ok=True)
        except Exception as error:  # from a thread, it would only be printed
            self._failure = error

    def _check_about(self, found: Any) -> None:
        wrong = list(_differences(found, self._about))
        if wrong:
            raise TfftError(
                f"The run in {str(self._folder.parent)!r} cannot continue, because it was started differently.",
                shortlist(wrong).replace('"', ""),
                "Use the same arguments, data and versions, or train from the beginning in another run folder.",
            )


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


def _differences(found: Any, expected: Any, name: str = "") -> Iterator[str]:
    """Name each value that differs between two JSON values."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in dict.fromkeys((*found, *expected)):
            yield from _differences(found.get(key), expected.get(key), f"{name}.{key}" if name else key)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, pair in enumerate(zip(found, expected, strict=True)):
            yield from _differences(*pair, f"{name}[{index}]")
    elif found != expected:
        yield f"{name}: {_short(found)} then, {_short(expected)} now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
