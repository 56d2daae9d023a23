"""Collect rows that arrive in any order, and write each shard as soon as it is complete."""

import numpy as np

from tfft.cache.shards import Shards


class Filling:
    """Collect the missing rows of a table.

    Args:
        table: The table to fill; its rows may have any shape.

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
        """The positions of the missing rows: int64, shape (m,), ascending."""
        found = [np.asarray(self.table.rows(number)) for number in sorted(self._missing)]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def add(self, positions: np.ndarray, rows: np.ndarray) -> None:
        """Add some rows. Rows that are not missing, or were already added, are ignored.

        Args:
            positions: The positions of the rows: int64, shape (m,).
            rows: The rows, in the dtype of the table, shape (m, ...).

        Raises:
            OSError: When a shard cannot be written.
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
                # write now and not in the background, so that a killed process loses only incomplete shards
                self.table.write(number, shard)
