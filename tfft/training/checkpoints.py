"""Checkpoints of a run: when they are due, a thread that writes them, and which one a run continues from."""

import json
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfft.core.errors import RunWarning, TfftError, shortlist
from tfft.training import checkpoint_files
from tfft.training.checkpoint_files import Snapshot

FOLDER = "checkpoints"
_MINUTES = 5.0
# the epochs of a head take milliseconds, and writing takes longer
_LEAST_SECONDS = 2.0


class Checkpoints:
    """The checkpoints in a run folder: the last two are kept, so that a damaged one can be replaced by the one before.

    Args:
        home: The run folder.
        about: What the run consists of, as JSON values: a run continues only from a checkpoint with the same.
        minutes: The time between two checkpoints within an epoch; None for 5 minutes. The end of an epoch is saved as well.

    Attributes:
        number: The number of the last checkpoint that was read or written; 0 for none.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoints = Checkpoints(Path(folder), {"seed": 0})
        ...     _ = checkpoints.save(Snapshot({"bias": np.ones(2)}, {"step": 7}), wait=True)
        ...     found = Checkpoints(Path(folder), {"seed": 0}).newest()
        >>> found.values["step"], found.arrays["bias"].tolist()
        (7, [1.0, 1.0])
    """

    def __init__(self, home: Path, about: Mapping[str, Any], minutes: float | None = None) -> None:
        self._folder, self._seconds = home / FOLDER, 60 * (_MINUTES if minutes is None else minutes)
        self._about: dict[str, Any] = json.loads(json.dumps(about))
        self.number, self._last = max(checkpoint_files.numbers(self._folder), default=0), time.monotonic()
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
        for number in sorted(checkpoint_files.numbers(self._folder), reverse=True):
            try:
                found, about = checkpoint_files.read(self._folder, number)
            except (TfftError, OSError, KeyError, TypeError, ValueError) as error:
                damaged.append(f"{number:08d}: {error}")
                continue
            _check_about(self._folder.parent, about, self._about)
            self.number = number
            if damaged:
                what = f"The newest checkpoint in {str(self._folder)!r} is damaged ({damaged[0]}); the one before it is used."
                warnings.warn(what, RunWarning, stacklevel=4)
            return found
        if damaged:
            raise TfftError(
                f"The run cannot continue: every checkpoint in {str(self._folder)!r} is damaged.",
                "; ".join(damaged).rstrip("."),
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
            found, about = checkpoint_files.read(self._folder, number)
        except (TfftError, OSError, KeyError, TypeError, ValueError) as error:
            raise TfftError(
                f"This worker cannot read checkpoint {number} in {str(self._folder)!r}.",
                str(error),
                "All workers need the same run folder, on a disk that they share.",
            ) from error
        _check_about(self._folder.parent, about, self._about)
        return found

    def unfinished(self) -> bool:
        """Tell whether the folder holds a checkpoint of a run that has not ended."""
        newest = max(checkpoint_files.numbers(self._folder), default=None)
        if newest is None:
            return False
        with suppress(TfftError, KeyError, TypeError):
            return not checkpoint_files.read_values(self._folder, newest)["values"]["finished"]
        return True

    def clear(self) -> None:
        """Delete all checkpoints, because a run begins anew."""
        for number in checkpoint_files.numbers(self._folder):
            checkpoint_files.remove(self._folder, number)
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
        number = self.number

        def write() -> None:
            try:
                checkpoint_files.write(self._folder, number, self._about, snapshot)
            except Exception as error:  # from a thread, it would only be printed
                self._failure = error

        self._thread = threading.Thread(target=write, daemon=True)
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


def _check_about(folder: Path, found: Any, expected: Any) -> None:
    wrong = list(differences(found, expected))
    if wrong:
        raise TfftError(
            f"The run in {str(folder)!r} cannot continue, because it was started differently.",
            shortlist(wrong).replace('"', ""),
            "Use the same arguments, data and versions, or train from the beginning in another run folder.",
        )


def differences(found: Any, expected: Any, name: str = "") -> Iterator[str]:
    """Name each value that differs between two JSON values.

    Args:
        found: The value in a file.
        expected: The value of the caller.
        name: The name of both values in a larger one.

    Yields:
        Text such as ``"seed: 0 then, 1 now"``.

    Example:
        >>> list(differences({"seed": 0}, {"seed": 1}))
        ['seed: 0 then, 1 now']
    """
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in dict.fromkeys((*found, *expected)):
            yield from differences(found.get(key), expected.get(key), f"{name}.{key}" if name else key)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{name}[{index}]")
    elif isinstance(found, list) and isinstance(expected, list):
        yield f"{name}: {len(found)} then, {len(expected)} now"
    elif found != expected:
        yield f"{name}: {_short(found)} then, {_short(expected)} now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
