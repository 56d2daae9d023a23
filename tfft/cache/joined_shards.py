"""Read several tables of rows as one, so that the examples of a table need not be computed again to stand beside others."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfft.cache.chosen_rows import ChosenRows
from tfft.cache.shards import Shards


class JoinedShards:
    """The rows of several complete tables, one table after the other.

    Args:
        parts: Tables of structured rows with the same fields. An axis may be shorter in one of them, such as that of tokens; its
            rows are padded with zeros.

    Attributes:
        count: The number of rows.
        row: The dtype of the widest rows.
        folder: The folder of the first table; None when a table is in memory.

    Example:
        >>> tables = [Shards(2, np.dtype([("0", "f4", (1,))])), Shards(1, np.dtype([("0", "f4", (2,))]))]
        >>> tables[0].write(0, np.array([([1],), ([2],)], tables[0].row))
        >>> tables[1].write(0, np.array([([3, 4],)], tables[1].row))
        >>> JoinedShards(tables).take(np.array([2, 0]))["0"].tolist()
        [[3.0, 4.0], [1.0, 0.0]]
    """

    def __init__(self, parts: Sequence[Shards | ChosenRows]) -> None:
        self._parts = list(parts)
        self._begins = np.cumsum([0, *(part.count for part in parts)])
        self.count = int(self._begins[-1])
        self.row = max((part.row for part in parts), key=lambda row: row.itemsize)
        self.folder = None if any(part.folder is None for part in parts) else parts[0].folder

    @property
    def size_bytes(self) -> int:
        """The size of all rows in bytes."""
        return self.count * self.row.itemsize

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Read rows in any order.

        Args:
            positions: The positions of the rows: int64, shape (m,), each in [0, count).

        Returns:
            The rows, in the dtype ``row``, shape (m,).

        Raises:
            DataError: When a shard was deleted or shortened in the meantime.
        """
        found = np.zeros(len(positions), self.row)
        numbers = np.searchsorted(self._begins, positions, side="right") - 1
        for number in np.unique(numbers):
            chosen = np.flatnonzero(numbers == number)
            rows = self._parts[int(number)].take(positions[chosen] - self._begins[number])
            for name in self.row.names or ():
                inner: Any = tuple(map(slice, rows[name].shape[1:]))
                found[name][(chosen, *inner)] = rows[name]
        return found
