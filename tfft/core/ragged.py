"""Store arrays of different lengths in one array, one after the other."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tfft.core.fingerprint import digest

_STEP = 4


def padded(longest: int) -> int:
    """Return the length to which a batch of rows is padded.

    Vector units process several steps at once, and oneDNN prepares its kernels again for each new length.

    Args:
        longest: The length of the longest row, at least 0.

    Returns:
        A multiple of 4, at least 4.

    Example:
        >>> padded(11), padded(16)
        (12, 16)
    """
    return max(1, -(-longest // _STEP)) * _STEP


class Ragged(Sequence[np.ndarray]):
    """Rows of shape (length, ...) with different lengths. A row is a view; positions in an array select rows as a new Ragged.

    Args:
        flat: All rows one after the other, shape (sum of lengths, ...).
        lengths: The length of each row, shape (n,).

    Example:
        >>> rows = Ragged.of([np.array([1, 2, 3]), np.array([4])])
        >>> len(rows), rows[1].tolist(), rows.lengths.tolist()
        (2, [4], [3, 1])
    """

    def __init__(self, flat: np.ndarray, lengths: np.ndarray) -> None:
        self.flat, self.lengths = flat, np.asarray(lengths, np.int64)
        self._ends = np.cumsum(self.lengths)

    @classmethod
    def of(cls, rows: Iterable[np.ndarray], like: np.ndarray | None = None) -> "Ragged":
        """Make a Ragged from rows.

        Args:
            rows: Arrays of shape (length, ...). Only the lengths may differ.
            like: An array with the dtype and the further axes of the rows; used when there are no rows.

        Returns:
            A Ragged.
        """
        found = list(rows)
        if not found and like is not None:
            return cls(like[:0], np.zeros(0, np.int64))
        return cls(np.concatenate(found), np.array([len(row) for row in found]))

    @classmethod
    def joined(cls, parts: "Sequence[Ragged]") -> "Ragged":
        """Concatenate several sequences of rows.

        Args:
            parts: At least one, each with rows of shape (length, ...).
        """
        flat, lengths = ([getattr(part, name) for part in parts] for name in ("flat", "lengths"))
        return cls(np.concatenate(flat), np.concatenate(lengths))

    def digests(self) -> list[str]:
        """The hashes of dtype, shape and values, and of the lengths."""
        return [digest(self.flat), digest(self.lengths)]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        if isinstance(index, np.ndarray):
            chosen = np.flatnonzero(index) if index.dtype == bool else index
            return Ragged.of([self[position] for position in chosen.tolist()], like=self.flat)
        end = self._ends[index]
        return self.flat[end - self.lengths[index] : end]
