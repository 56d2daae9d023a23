"""Compute a few cached rows again and compare them, before the other rows are used.

The key of a table covers everything that its rows are known to depend on. This check finds unknown dependencies.
"""

import warnings
from collections.abc import Callable

import numpy as np

from tfft.cache.shards import Shards
from tfft.core.errors import RunWarning


def some(positions: np.ndarray) -> np.ndarray:
    """Choose the first position, the last one, and a random one. Repeated calls will therefore check all rows in time.

    Args:
        positions: int64, shape (m,), with at least one position.

    Returns:
        int64, at most three positions, ascending.

    Example:
        >>> some(np.array([4, 7])).tolist()
        [4, 7]
    """
    return np.unique([positions[0], positions[-1], np.random.default_rng().choice(positions)])


def spot_check(table: Shards, difference: Callable[[np.ndarray], str]) -> bool:
    """Check a few rows that an earlier process has stored. If a row is wrong, warn and delete all of them.

    Args:
        table: A table with rows of any shape; rows that this process computed are not checked.
        difference: A function: positions (int64, shape (m,)) -> text that says what is wrong with these rows; empty when they
            are correct.

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
            f"Cached rows in {str(table.folder)!r} differ from newly computed rows: {wrong}. They are deleted and computed again.",
            RunWarning,
            stacklevel=2,
        )
        table.discard()
    return bool(wrong)


def distance(expected: np.ndarray, found: np.ndarray) -> float:
    """Measure how far numbers are from their expected values.

    Args:
        expected: An array of any shape and dtype, including bfloat16.
        found: An array of the same shape.

    Returns:
        The largest difference, divided by the largest expected number. It is infinite when a value is NaN or infinite, or when
        integers differ.

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
