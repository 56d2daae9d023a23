"""Convert targets of any type (lists, pandas columns, object arrays) to a NumPy array, and refuse missing values."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from tfft.core.errors import DataError, quantity, shortlist

_ROWS = (list, tuple, set, frozenset, np.ndarray)


def as_array(targets: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Convert targets to a NumPy array without missing values; lists of labels become an object array of sorted lists.

    Args:
        targets: Any sequence or array, a pandas Series or DataFrame; the shape (n, 1) means one target per example.

    Returns:
        An array of shape (n,), or (n, k) for k > 1; booleans, integers, floats, strings, or an object array of lists of strings.

    Raises:
        DataError: When values are missing or infinite, their dtype cannot be a target, or they have more than two axes.

    Example:
        >>> as_array([{"indoor", "dog"}, []]).tolist()
        [['dog', 'indoor'], []]
        >>> as_array(np.array([["dog"], ["cat"]])).tolist()
        ['dog', 'cat']
    """
    if hasattr(targets, "to_numpy") and getattr(targets, "ndim", 1) == 2:
        targets = targets.to_numpy()
    if isinstance(targets, np.ndarray) and targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    array = targets if isinstance(targets, np.ndarray) and targets.dtype != object else _from_values(targets)
    if array.dtype == object:
        return array
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.ndim not in (1, 2) or array.dtype.kind not in "buifUT":
        raise DataError(
            "Targets must be numbers or names, with one axis or two.",
            f"dtype {array.dtype}, shape {array.shape}",
            "Pass one class id, name, number or row of k numbers for each example.",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        wrong = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1)).tolist()
        raise DataError(
            f"{quantity(len(wrong), 'target is', 'targets are')} NaN or infinite.",
            f"row{'s' * (len(wrong) > 1)} {shortlist(wrong)}, counted from 0",
            "Drop or fill such rows.",
        )
    return _nothing_missing(array) if array.dtype.kind in "UT" and array.ndim == 1 else array


def is_missing(value: Any) -> bool:
    """Return whether a value is missing: None, NaN, pandas' NA and NaT, an empty or blank string.

    Args:
        value: Any value.

    Returns:
        True for these values, False for all others.

    Example:
        >>> is_missing(" "), is_missing(float("nan")), is_missing(0)
        (True, True, False)
    """
    blank = isinstance(value, str) and not value.strip()
    # compare the repr, so that pandas need not be imported
    return value is None or blank or (isinstance(value, float) and value != value) or repr(value) in ("<NA>", "NaT")


def _from_values(targets: Any) -> np.ndarray:
    """Convert Python values, an object array or a pandas column to an array of one type."""
    values = targets.tolist() if hasattr(targets, "tolist") else targets
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise DataError("Targets must be a sequence.", repr(values)[:100], "Pass one target for each example.")
    values = _nothing_missing([value.decode() if isinstance(value, bytes) else value for value in values])
    if any(isinstance(value, _ROWS) for value in values):
        if all(isinstance(row, _ROWS) and all(isinstance(label, str) for label in row) for row in values):
            several = np.empty(len(values), object)
            several[:] = [sorted(str(label) for label in row) for row in values]
            return several
        return _rectangle(values)
    odd = next((index for index, value in enumerate(values) if isinstance(value, Mapping)), None)
    if odd is not None:
        raise DataError(
            f"Target {odd} is a mapping.",
            repr(values[odd])[:100],
            "Pass one class, number or list of labels for each example.",
        )
    if values and all(isinstance(value, Decimal) for value in values):
        return np.array(values, np.float64)
    array = np.asarray(values)
    return np.array([str(value) for value in values]) if array.dtype == object else array


def _rectangle(rows: Any) -> np.ndarray:
    try:
        array = np.array([list(row) for row in rows])
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        return array if array.dtype != object else array.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"Targets that are lists must be lists of label names, or all of the same length: {error}.",
            fix='Write ["dog", "indoor"] for several labels, or one row of k numbers for each example.',
        ) from None


def _nothing_missing(values: Any) -> Any:
    """Return the values unchanged; raise an error that names the rows where a value is missing."""
    gone = [index for index, value in enumerate(values) if is_missing(value)]
    if gone:
        raise DataError(
            f"{quantity(len(gone), 'target is', 'targets are')} missing.",
            f"row{'s' * (len(gone) > 1)} {shortlist(gone)}, counted from 0",
            "Drop or fill such rows.",
        )
    return values
