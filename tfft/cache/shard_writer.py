"""Batches of rows, in whatever order they come -> whole shards, each written as soon as it is whole."""

import numpy as np

from tfft.cache.shards import Shards


class Filling:
    """Collects the missing rows of a table.

    Args:
        table: To fill, with rows of any shape.

    Example:
        >>> table = Shards(4, np.dtype("<f4"), per_shard=2)
        >>> filling = Filling(table)
        >>> for position in filling.positions:
        ...     filling.add(np.array([position]), np.array([position * 10], np.float32))
        >>> table.missing(), table.take(np.arange(4)).tolist()
        ([], [0.0, 10.0, 20.0, 30.0])
    """

    def __init__(self, table: Shards) -> None:
        self.table = table
        self._missing = set(table.missing())
        self._open: dict[int, tuple[np.ndarray, np.ndarray]] = {}

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
                # not behind the computation: a process that is killed loses no more than the shard that is open
                self.table.write(number, shard)
