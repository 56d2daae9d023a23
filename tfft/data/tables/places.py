"""Name the rows of a table in messages: by line where the table is a file with lines, else by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfft.core.errors import shortlist

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LinesOf:
    """The name of an index that holds line numbers.

    Attributes:
        path: The file that the rows were read from.
    """

    path: str


def numbered(frame: "pd.DataFrame", lines: Sequence[int], path: Path) -> "pd.DataFrame":
    """Make line numbers the index of a table.

    Args:
        frame: A table of shape (rows, columns).
        lines: The line in which each row begins, counted from 1, shape (rows,).
        path: The file that the rows were read from.

    Returns:
        A table with the same columns.
    """
    import pandas as pd

    return (
        frame.set_axis(pd.Index(np.asarray(lines, np.int64), name=LinesOf(str(path)))) if len(frame.columns) else frame
    )


def place(index: "pd.Index", row: int) -> str:
    """Name one row of a table.

    Args:
        index: The index of the table, shape (rows,).
        row: The position of the row, counted from 0.

    Returns:
        ``"line 5 of 'a.csv'"`` for a file with lines, else ``"row 3"``.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"label": ["ants", "bees"]})
        >>> place(frame.index, 1), place(numbered(frame, [2, 4], Path("a.csv")).index, 1)
        ('row 1', "line 4 of 'a.csv'")
    """
    return f"line {index[row]} of {index.name.path!r}" if isinstance(index.name, LinesOf) else f"row {row}"


def places(index: "pd.Index", rows: Sequence[int]) -> str:
    """Name several rows of a table.

    Args:
        index: The index of the table, shape (rows,).
        rows: The positions of the rows, counted from 0.

    Returns:
        ``"lines 5, 9 of 'a.csv'"`` for a file with lines, else ``"rows 3, 7, counted from 0"``; at most ten numbers. For one row
        ``"line 5 of 'a.csv'"`` or ``"row 3, counted from 0"``.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"label": ["ants", "bees"]})
        >>> places(frame.index, [0, 1]), places(numbered(frame, [2, 4], Path("a.csv")).index, [0, 1])
        ('rows 0, 1, counted from 0', "lines 2, 4 of 'a.csv'")
    """
    in_file = isinstance(index.name, LinesOf)
    if len(rows) == 1:
        return place(index, rows[0]) + ("" if in_file else ", counted from 0")
    if in_file:
        return f"lines {shortlist(index[list(rows)].tolist())} of {index.name.path!r}"
    return f"rows {shortlist(rows)}, counted from 0"
