"""A few rows that were kept are computed again and compared, before anything is made from the others.

The key of a table names all that its rows are known to depend on. This finds what nobody thought of.
"""

import warnings
from collections.abc import Callable

import numpy as np

from tfft.core.errors import RunWarning
from tfft.core.shards import Shards


def some(positions: np.ndarray) -> np.ndarray:
    """A few positions: the first, the last, and another one, drawn anew in each call so that in time all are looked at.

    Args:
        positions: int64, shape (m,), at least one.

    Returns:
        int64, at most three, ascending.

    Example:
        >>> some(np.array([4, 7])).tolist()
        [4, 7]
    """
    return np.unique([positions[0], positions[-1], np.random.default_rng().choice(positions)])


def spot_check(table: Shards, difference: Callable[[np.ndarray], str]) -> bool:
    """Look at a few rows that an earlier process has kept; where one is wrong, warn, and delete all of them.

    Args:
        table: Of rows of any shape; those that this process computed are trusted.
        difference: Positions, int64, shape (m,) -> in words what is wrong with their rows; empty where nothing is.

    Returns:
        Whether rows were deleted.

    Warns:
        RunWarning: When rows were deleted.
    """
    table.missing()
    found = table.found()
    wrong = difference(some(found)) if len(found) else ""
    if wrong:
        warnings.warn(
            f"What was kept in {str(table.folder)!r} is not what is computed now: {wrong}. It is deleted and computed again.",
            RunWarning,
            stacklevel=2,
        )
        table.discard()
    return bool(wrong)


def distance(expected: np.ndarray, found: np.ndarray) -> float:
    """How far numbers are from what they should be.

    Args:
        expected: Of any shape and dtype, bfloat16 as well.
        found: Of the same shape.

    Returns:
        The largest difference, relative to the largest expected number; infinite where one of two is NaN or infinite, or where
        whole numbers differ.

    Example:
        >>> distance(np.float32([1, 2]), np.float32([1, 1.5])), distance(np.int32([1]), np.int32([2]))
        (0.25, inf)
    """
    if expected.shape != found.shape:
        return float("inf")
    if not expected.size or np.array_equal(expected, found):
        return 0.0
    if np.issubdtype(expected.dtype, np.integer) or expected.dtype == bool:
        return float("inf")
    one, two = expected.astype(np.float64), found.astype(np.float64)
    same = (one == two) | (np.isnan(one) & np.isnan(two))
    gap = np.where(same, 0.0, np.abs(np.where(same, 0.0, one) - np.where(same, 0.0, two)))
    if not np.isfinite(gap).all():
        return float("inf")
    return float(gap.max() / max(np.abs(one[np.isfinite(one)]).max(initial=0.0), np.finfo(np.float32).tiny))
