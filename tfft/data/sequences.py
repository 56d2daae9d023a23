"""Sequences that read an item only when it is accessed: a selection of another sequence, and several sequences as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Selected(Sequence[Any]):
    """A lazy selection of another sequence; selections of selections collapse into one.

    Args:
        base: Any sequence.
        indices: Positions in ``base``, int64, shape (m,).

    Example:
        >>> some = Selected("abcdef", np.array([5, 3, 1]))
        >>> list(some), list(Selected(some, np.array([2, 0])))
        (['f', 'd', 'b'], ['b', 'f'])
    """

    def __init__(self, base: Sequence[Any], indices: np.ndarray) -> None:
        inner = base if isinstance(base, Selected) else None
        self._base: Sequence[Any] = base if inner is None else inner._base
        self._indices: np.ndarray = indices if inner is None else inner._indices[indices]

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Selected(self, np.arange(len(self))[index])
        return self._base[self.position(index)]

    def position(self, index: int) -> int:
        """Return the position of a selected item in the base sequence.

        Args:
            index: The position in the selection, in [0, m).

        Returns:
            The position in the base sequence, counted from 0.
        """
        return int(self._indices[index])


class Joined(Sequence[Any]):
    """Several sequences as one; an item is read only when it is accessed.

    Args:
        parts: Sequences of inputs, such as images of shape (height, width, 3), in order.

    Example:
        >>> list(Joined([["1.jpg"], [], ["2.jpg", "3.jpg"]]))
        ['1.jpg', '2.jpg', '3.jpg']
    """

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Selected(self, np.arange(len(self))[index])
        if not 0 <= index < len(self):
            raise IndexError(f"position {index} of {len(self)}")
        number = int(np.searchsorted(self._ends, index, side="right"))
        return self._parts[number][int(index - (self._ends[number] - len(self._parts[number])))]
