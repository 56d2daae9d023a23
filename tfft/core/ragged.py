"""Arrays that differ in length, end to end in one."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_STEP = 4


def padded(longest: int) -> int:
    """The length to which rows are padded whose longest is ``longest``.

    Vector units take several steps at once, and oneDNN sets its kernels up anew for each length it meets.

    Args:
        longest: At least 0.

    Returns:
        A multiple of 4, at least 4.

    Example:
        >>> padded(11), padded(16)
        (12, 16)
    """
    return max(1, -(-longest // _STEP)) * _STEP


class Ragged(Sequence[np.ndarray]):
    """Rows of shape (length, ...), each of its own length; a selection of them is made without a copy of each.

    Args:
        flat: All rows end to end, shape (sum of lengths, ...).
        lengths: Of each row, shape (n,).

    Example:
        >>> rows = Ragged.of([np.array([1, 2, 3]), np.array([4])])
        >>> len(rows), rows[1].tolist(), rows.lengths.tolist()
        (2, [4], [3, 1])
    """

    def __init__(self, flat: np.ndarray, lengths: np.ndarray) -> None:
        self.flat, self.lengths = flat, np.asarray(lengths, np.int64)
        self._ends = np.cumsum(self.lengths)

    @classmethod
    def of(cls, rows: Iterable[np.ndarray]) -> "Ragged":
        """Rows as one value.

        Args:
            rows: At least one, of shapes (length, ...) that differ in the first axis alone.

        Returns:
            A Ragged.
        """
        found = list(rows)
        return cls(np.concatenate(found), np.array([len(row) for row in found]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        end = self._ends[index]
        return self.flat[end - self.lengths[index] : end]
