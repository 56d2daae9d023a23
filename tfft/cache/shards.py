"""Store rows of arrays in shards: in memory, or in files that are written in one step and have a hash in their names.

::

    <folder>/00003-<digest>.npy         the rows of shard 3, a normal NumPy file

The hash covers the identity of the table, the number of the shard and its bytes. A shard that was renamed, or copied from another
table, counts as damaged, like a shard whose bytes changed. Damaged shards are found and written again. Processes may be killed, and
two processes may write the same rows at once. The hash finds mistakes, not attacks: anyone who may write here can compute it.
"""

import io
import math
import os
import re
import shutil
import stat
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import fingerprint
from tfft.core.errors import DataError, RunWarning
from tfft.core.files import replacing

SHARD_BYTES = 64 * 2**20
# a killed process loses at most one incomplete shard, so limit the number of rows in a shard
_MOST_ROWS = 256
_NAME = re.compile(r"(\d{5})-([0-9a-f]{32})\.npy")
_ABANDONED_SECONDS = 3600.0
_TOUCH_SECONDS = 60.0


class Shards:
    """A table of rows of one dtype, written shard by shard and then read in any order.

    Args:
        count: The number of rows.
        row: The dtype of one row, with its shape. It is a structured dtype if a row has several arrays.
        folder: The folder of the shards. None keeps them in memory.
        per_shard: The number of rows in a full shard. The default is at most 256 rows and 64 MiB.
        identity: The identity of this table; shards of a table with another identity are ignored.

    Attributes:
        ends: A function to call when the table will not be read any more, because garbage collection may come much later.

    Example:
        >>> table = Shards(5, np.dtype(("<f4", (2,))), per_shard=2)
        >>> for number in table.missing():
        ...     table.write(number, np.full((len(table.rows(number)), 2), number, np.float32))
        >>> table.take(np.array([4, 0])).tolist()
        [[2.0, 2.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        count: int,
        row: "np.dtype[Any]",
        folder: Path | None = None,
        per_shard: int | None = None,
        identity: str = "",
    ) -> None:
        self.count, self.row, self.folder, self.identity = count, row, folder, identity
        self.per_shard = per_shard or max(1, min(count, _MOST_ROWS, SHARD_BYTES // row.itemsize))
        self._parts: dict[int, Path | np.ndarray] = {}
        self._found: set[int] = set()
        self._touched = 0.0
        self.ends: Callable[[], object] = lambda: None

    @property
    def size_bytes(self) -> int:
        """The size of all rows in bytes."""
        return self.count * self.row.itemsize

    def rows(self, number: int) -> range:
        """Return the positions of the rows of one shard.

        Args:
            number: The number of the shard, counted from 0.
        """
        return range(number * self.per_shard, min(self.count, (number + 1) * self.per_shard))

    def missing(self) -> list[int]:
        """List the numbers of the missing shards. Shards on disk are checked byte for byte, and damaged ones are deleted.

        Warns:
            RunWarning: When a file is damaged; the warning names it.
        """
        if self.folder is not None and not self._parts:
            _sweep(self.folder)
            self.refresh()
        return [number for number in range(-(-self.count // self.per_shard)) if number not in self._parts]

    def refresh(self) -> None:
        """Look for shards that were written since, also by other processes, as ``missing`` does at first.

        Warns:
            RunWarning: When a file is damaged; the warning names it.
        """
        if self.folder is None:
            return
        named = sorted(path for path in self.folder.glob("*.npy") if _NAME.fullmatch(path.name))
        found = [path for path in named if int(path.name[:5]) not in self._parts]
        with ThreadPoolExecutor() as pool:
            for path, sound in zip(found, pool.map(partial(_is_sound, self), found), strict=True):
                if sound:
                    self._parts[int(path.name[:5])] = path
                    self._found.add(int(path.name[:5]))
                else:
                    warnings.warn(f"{str(path)!r} is damaged. It will be computed again.", RunWarning, stacklevel=4)
                    _remove(path)

    def found(self) -> np.ndarray:
        """Return the positions of the rows that were on disk before this table was opened.

        Returns:
            Positions: int64, shape (m,), ascending. The array is empty before the first call of ``missing``.
        """
        parts = [np.asarray(self.rows(number)) for number in sorted(self._found)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def discard(self) -> None:
        """Delete all shards, so that every row is missing again."""
        for part in self._parts.values():
            if isinstance(part, Path):
                part.unlink(missing_ok=True)
        self._parts, self._found = {}, set()

    def write(self, number: int, rows: np.ndarray) -> None:
        """Write one shard.

        Args:
            number: The number of the shard.
            rows: The rows, in the dtype of the table, shape (m, ...). ``rows(number)`` gives their number.

        Raises:
            ValueError: When the number, shape or dtype of the rows is wrong.
            OSError: When the disk is full or the folder was deleted.
        """
        if len(rows) != len(self.rows(number)) or rows.dtype != self.row.base or rows.shape[1:] != self.row.shape:
            raise ValueError(f"shard {number} needs {len(self.rows(number))} rows of {self.row}; got {rows.shape}")
        if self.folder is None:
            self._parts[number] = rows
            return
        path = self.folder / f"{number:05d}-{_digest(self, number, rows)}.npy"
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{str(self.folder)!r} has been deleted")
        with replacing(path) as fresh, fresh.open("wb") as file:
            np.lib.format.write_array(file, rows, allow_pickle=False)
        self._parts[number] = path

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Read rows in any order. Only these rows are read from the files, never whole files.

        Args:
            positions: The positions of the rows: int64, shape (m,), each in [0, count).

        Returns:
            The rows, in the dtype of the table, shape (m, ...).

        Raises:
            DataError: When a shard was deleted or shortened in the meantime.
        """
        self._touch()
        found = np.empty((len(positions), *self.row.shape), self.row.base)
        numbers = positions // self.per_shard
        for number in np.unique(numbers):
            part, chosen = self._parts[int(number)], np.flatnonzero(numbers == number)
            inner = positions[chosen] % self.per_shard
            if isinstance(part, np.ndarray):
                found[chosen] = part[inner]
            else:
                _read(part, len(_header(self, int(number))), inner, found, chosen)
        return found

    def _touch(self) -> None:
        """Set the time of the folder now and then, because a store takes it as the time of the last use."""
        if self.folder is not None and time.time() - self._touched > _TOUCH_SECONDS:
            self._touched = time.time()
            with suppress(OSError):  # the folder belongs to another user or was deleted: reading will raise an error
                os.utime(self.folder)


def _header(table: Shards, number: int) -> bytes:
    """Return the first bytes of the file of a shard. They are compared, never parsed: a damaged header may contain anything."""
    file = io.BytesIO()
    shape = (len(table.rows(number)), *table.row.shape)
    what = {"descr": np.lib.format.dtype_to_descr(table.row.base), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, what)
    return file.getvalue()


def _digest(table: Shards, number: int, rows: np.ndarray) -> str:
    return fingerprint.combined([table.identity, str(number), fingerprint.digest(rows)])


def _is_sound(table: Shards, path: Path) -> bool:
    """Return whether the bytes of a file are exactly those that were written for the shard in its name."""
    match = _NAME.fullmatch(path.name)
    number = -1 if match is None else int(match[1])
    if match is None or number * table.per_shard >= table.count:
        return False
    header, shape = _header(table, number), (len(table.rows(number)), *table.row.shape)
    size = math.prod(shape) * table.row.base.itemsize
    try:
        about = path.lstat()
        # links, pipes that never end, and files larger than memory are not read
        if not stat.S_ISREG(about.st_mode) or about.st_size != len(header) + size:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    if not content.startswith(header) or len(content) != len(header) + size:
        return False
    rows = np.frombuffer(content, table.row.base, offset=len(header)).reshape(shape)
    return _digest(table, number, rows) == match[2]


def _read(path: Path, start: int, inner: np.ndarray, found: np.ndarray, places: np.ndarray) -> None:
    """Read rows of a file into places of an array. A memory map would count as memory of the process."""
    size = found[:1].nbytes
    try:
        with path.open("rb", buffering=0) as file:
            for position, place in zip(inner, places, strict=True):
                file.seek(start + int(position) * size)
                if file.readinto(found[place : place + 1].view(np.uint8).reshape(-1).data) != size:
                    raise EOFError
    except (FileNotFoundError, EOFError) as error:
        happened = "deleted" if isinstance(error, FileNotFoundError) else "shortened"
        raise DataError(
            f"Cached features were {happened} while they were being read.",
            repr(str(path)),
            'Train again to compute the features again. With cache="memory" there are no files to delete.',
        ) from None


def _remove(path: Path) -> None:
    """Delete a file, folder or link, but not the target of the link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Delete incomplete files of killed processes, but not those that another process is writing now."""
    for left in folder.glob(".*.partial"):
        with suppress(FileNotFoundError):  # the other process has just finished
            if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def row_type(arrays: Iterable[tuple[tuple[int, ...], str]]) -> "np.dtype[Any]":
    """Return the dtype of a row with several arrays.

    Args:
        arrays: The shape and dtype of each array. bfloat16 is stored as uint16, because NumPy files do not support it.

    Returns:
        A structured dtype with the fields ``"0"``, ``"1"``, ...

    Example:
        >>> row_type([((7, 7), "bfloat16"), ((3,), "float32")]).itemsize
        110
    """
    kinds = {"bfloat16": "uint16"}
    return np.dtype([(str(index), kinds.get(kind, kind), shape) for index, (shape, kind) in enumerate(arrays)])
