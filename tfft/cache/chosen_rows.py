"""Some rows of a table as a table of their own, for a part of the examples from which the table was made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfft.cache.shards import Shards


@dataclass(frozen=True, eq=False)
class ChosenRows:
    """Some rows of a complete table. It is read like the table, and copies nothing.

    Attributes:
        table: The table.
        rows: The positions of the rows, int64, shape (m,), each in [0, table.count).

    Example:
        >>> table = Shards(3, np.dtype("<f4"))
        >>> table.write(0, np.float32([5, 6, 7]))
        >>> ChosenRows(table, np.array([2, 0])).take(np.array([0, 1, 0])).tolist()
        [7.0, 5.0, 7.0]
    """

    table: Shards
    rows: np.ndarray

    @property
    def count(self) -> int:
        """The number of these rows."""
        return len(self.rows)

    @property
    def row(self) -> np.dtype:
        """The dtype of a row."""
        return self.table.row

    @property
    def folder(self) -> Path | None:
        """The folder of the table; None in memory."""
        return self.table.folder

    @property
    def size_bytes(self) -> int:
        """The size of these rows in bytes."""
        return len(self.rows) * self.table.row.itemsize

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Read rows in any order.

        Args:
            positions: Positions among the chosen rows: int64, shape (m,).

        Returns:
            The rows, in the dtype of the table, shape (m, ...).
        """
        return self.table.take(self.rows[positions])

    def discard(self) -> None:
        """Delete all rows of the table."""
        self.table.discard()
