"""Rows of arrays in shards: files that appear in one step and carry the digest of their bytes in their name, or memory.

::

    <folder>/00003-<digest>.npy         the rows of shard 3; any NumPy opens it

A process may be killed, and two may write the same rows at once; a damaged shard is found out and written again.
"""

import os
import re
import shutil
import time
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import fingerprint
from tfft.core.errors import DataError, RunWarning
from tfft.core.files import replacing

SHARD_BYTES = 64 * 2**20
_NAME = re.compile(r"(\d{5})-([0-9a-f]{32})\.npy")
_ABANDONED_SECONDS = 3600.0
_TOUCH_SECONDS = 60.0


class Shards:
    """A table of rows of one dtype, written shard by shard and then read in any order.

    Args:
        count: How many rows.
        row: dtype of one row, with its shape; structured where a row has several arrays.
        folder: Where the shards lie; None keeps them in memory.
        per_shard: Rows in a full shard; None for about 64 MiB.

    Example:
        >>> table = Shards(5, np.dtype(("<f4", (2,))), per_shard=2)
        >>> for number in table.missing():
        ...     table.write(number, np.full((len(table.rows(number)), 2), number, np.float32))
        >>> table.take(np.array([4, 0])).tolist()
        [[2.0, 2.0], [0.0, 0.0]]
    """

    def __init__(
        self, count: int, row: "np.dtype[Any]", folder: Path | None = None, per_shard: int | None = None
    ) -> None:
        self.count, self.row, self.folder = count, row, folder
        self.per_shard = per_shard or max(1, min(count, SHARD_BYTES // row.itemsize))
        self._parts: dict[int, Path | np.ndarray] = {}
        self._touched = 0.0

    @property
    def size_bytes(self) -> int:
        """Of all rows together."""
        return self.count * self.row.itemsize

    def rows(self, number: int) -> range:
        """Positions of the rows of one shard.

        Args:
            number: Of the shard, from 0.
        """
        return range(number * self.per_shard, min(self.count, (number + 1) * self.per_shard))

    def missing(self) -> list[int]:
        """Numbers of the shards that are not there; those on disk are checked byte for byte, and damaged ones deleted.

        Warns:
            RunWarning: Names each damaged file.
        """
        if self.folder is not None and not self._parts:
            _sweep(self.folder)
            found = sorted(path for path in self.folder.glob("*.npy") if _NAME.fullmatch(path.name))
            with ThreadPoolExecutor() as pool:
                for path, sound in zip(found, pool.map(lambda path: _is_sound(path, self), found), strict=True):
                    if sound:
                        self._parts[int(path.name[:5])] = path
                    else:
                        warnings.warn(f"{str(path)!r} is damaged; it is computed again.", RunWarning, stacklevel=3)
                        path.unlink(missing_ok=True)
        return [number for number in range(-(-self.count // self.per_shard)) if number not in self._parts]

    def write(self, number: int, rows: np.ndarray) -> None:
        """Add one shard.

        Args:
            number: Of the shard.
            rows: Of its dtype, shape (m, ...), as many as ``rows(number)``.

        Raises:
            ValueError: When they are of another number or dtype.
            OSError: When the disk has no room.
        """
        if len(rows) != len(self.rows(number)) or rows.dtype != self.row.base or rows.shape[1:] != self.row.shape:
            raise ValueError(f"shard {number} takes {len(self.rows(number))} rows of {self.row}; got {rows.shape}")
        if self.folder is None:
            self._parts[number] = rows
            return
        path = self.folder / f"{number:05d}-{fingerprint.digest(rows)}.npy"
        with replacing(path) as fresh, fresh.open("wb") as file:
            np.lib.format.write_array(file, rows, allow_pickle=False)
        self._parts[number] = path

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Rows in any order; the files are read where a row lies, never as a whole.

        Args:
            positions: int64, shape (m,), each in [0, count).

        Returns:
            Shape (m, ...), of the dtype of a row.

        Raises:
            DataError: When a shard was deleted meanwhile.
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
                _read(part, len(self.rows(int(number))), inner, found, chosen)
        return found

    def _touch(self) -> None:
        """Say, once in a while, that the rows are being used; the folder's time is what a store goes by."""
        if self.folder is not None and time.time() - self._touched > _TOUCH_SECONDS:
            self._touched = time.time()
            os.utime(self.folder)


def _read(path: Path, count: int, inner: np.ndarray, found: np.ndarray, places: np.ndarray) -> None:
    """Rows of a file of ``count`` rows into their places; not by a memory map, all pages of which would count as our memory."""
    size = found[:1].nbytes
    try:
        with path.open("rb", buffering=0) as file:
            start = file.seek(0, 2) - count * size
            for position, place in zip(inner, places, strict=True):
                file.seek(start + int(position) * size)
                file.readinto(found[place : place + 1].view(np.uint8).reshape(-1).data)
    except FileNotFoundError:
        raise DataError(
            "Features that were kept have been deleted while they were being read.",
            repr(str(path)),
            'Train again, and they are computed anew; with cache="memory" nobody can delete them.',
        ) from None


def _is_sound(path: Path, table: Shards) -> bool:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return False
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    whole = len(rows) == len(table.rows(int(match[1])))
    return whole and rows.dtype == table.row.base and fingerprint.digest(rows) == match[2]


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half written; another one that writes at this moment is left alone."""
    for left in folder.glob(".*.partial"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def row_type(arrays: Iterable[tuple[tuple[int, ...], str]]) -> "np.dtype[Any]":
    """The dtype of a row that holds several arrays.

    Args:
        arrays: Of each its shape and dtype; bfloat16, which NumPy's files do not know, is kept as its bits.

    Returns:
        A structured dtype with the fields ``"0"``, ``"1"``, ...

    Example:
        >>> row_type([((7, 7), "bfloat16"), ((3,), "float32")]).itemsize
        110
    """
    kinds = {"bfloat16": "uint16"}
    return np.dtype([(str(index), kinds.get(kind, kind), shape) for index, (shape, kind) in enumerate(arrays)])
