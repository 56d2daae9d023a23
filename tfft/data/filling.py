"""Batches of rows, in whatever order they come -> whole shards, written while the next batches are computed."""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np

from tfft.core.shards import Shards

_WRITES_BEHIND = 2


class Filling:
    """Collects the missing rows of a table; each shard is written as soon as it is whole.

    Args:
        table: To fill.

    Example:
        >>> table = Shards(4, np.dtype("<f4"), per_shard=2)
        >>> with Filling(table) as filling:
        ...     for position in filling.positions:
        ...         filling.add(np.array([position]), np.array([position * 10], np.float32))
        >>> table.missing(), table.take(np.arange(4)).tolist()
        ([], [0.0, 10.0, 20.0, 30.0])
    """

    def __init__(self, table: Shards) -> None:
        self.table = table
        self._missing = set(table.missing())
        self._open: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._writer = ThreadPoolExecutor(1)
        self._writing: list[Future[None]] = []

    @property
    def positions(self) -> np.ndarray:
        """Of the rows that are missing, int64, shape (m,), ascending."""
        found = [np.asarray(self.table.rows(number)) for number in sorted(self._missing)]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def add(self, positions: np.ndarray, rows: np.ndarray) -> None:
        """Take some rows; those that are not missing, or come again, are dropped.

        Args:
            positions: int64, shape (m,).
            rows: Of the table's dtype, shape (m, ...).

        Raises:
            OSError: When a shard could not be written.
        """
        numbers = positions // self.table.per_shard
        for number in set(numbers.tolist()) & self._missing:
            chosen = numbers == number
            if number not in self._open:
                length = len(self.table.rows(number))
                shard = np.empty((length, *self.table.row.shape), self.table.row.base)
                self._open[number] = shard, np.zeros(length, bool)
            shard, there = self._open[number]
            places = positions[chosen] % self.table.per_shard
            shard[places], there[places] = rows[chosen], True
            if there.all():
                del self._open[number]
                self._missing.remove(number)
                self._writing.append(self._writer.submit(self.table.write, number, shard))
        while len(self._writing) > _WRITES_BEHIND:
            self._writing.pop(0).result()

    def __enter__(self) -> "Filling":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                for write in self._writing:
                    write.result()
        finally:
            self._writer.shutdown(wait=True, cancel_futures=True)
