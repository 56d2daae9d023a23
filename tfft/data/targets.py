"""Raw targets -> LabelSpace and arrays: which kind of labels a column holds, and what is wrong with it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tfft.core.errors import DataError, shortlist
from tfft.core.specs import LabelSpace


def label_space(targets: Sequence[Any] | np.ndarray, names: Sequence[str] | None = None) -> LabelSpace:
    """Read off the training targets what they mean.

    Args:
        targets: Shape (n,): strings or integers are classes, floats a quantity, lists or tuples of strings several labels.
            Shape (n, k): booleans or integers 0 / 1 are several labels, floats k quantities.
        names: Class names in id order, or names of the columns; read off the targets when None.

    Returns:
        A LabelSpace; for quantities its mean and scale are placeholders until the training split is drawn.

    Raises:
        DataError: When there are no targets, one class only, missing values, or a rank or dtype that means nothing.

    Example:
        >>> label_space(["bees", "ants", "bees"]).names
        ('ants', 'bees')
    """
    array = as_array(targets)
    if len(array) == 0:
        raise DataError("There are no examples.", "0 targets", "Check the path or the query that made them.")
    if array.dtype == object:
        found = sorted({str(label) for row in array for label in row})
        return _checked(LabelSpace(tuple(names or found), "multi"), len(found))
    if array.ndim == 2 and array.dtype.kind in "bui":
        _zeros_and_ones(array)
        return LabelSpace(tuple(names or (f"label_{i}" for i in range(array.shape[1]))), "multi")
    if array.dtype.kind == "f":
        columns = 1 if array.ndim == 1 else array.shape[1]
        shown = tuple(names or (["target"] if columns == 1 else [f"target_{i}" for i in range(columns)]))
        return LabelSpace(shown, "real", (0.0,) * columns, (1.0,) * columns)
    found = [str(value) for value in np.unique(array)]
    if names is not None and array.dtype.kind in "ui":
        found = [str(value) for value in range(max(len(names), int(array.max()) + 1))]
        if len(found) != len(names):
            raise DataError(
                f"There are {len(names)} class names for class ids up to {int(array.max())}.",
                shortlist(names),
                "Give one name for every id from 0 on.",
            )
    return _checked(LabelSpace(tuple(names or found)), len(np.unique(array)))


def encode(targets: Sequence[Any] | np.ndarray, labels: LabelSpace, part: str) -> np.ndarray:
    """Turn raw targets into the array that ``Examples`` carries.

    Args:
        targets: As for ``label_space``.
        labels: The label space of the training part.
        part: Which part this is, for the message.

    Returns:
        ``single``: int64, shape (n,). ``multi``: float32 of zeros and ones, (n, classes). ``real``: float32, (n, quantities).

    Raises:
        DataError: When a label does not exist in training, or values are missing or of another kind.
    """
    array = as_array(targets)
    if labels.kind == "real":
        if array.dtype.kind not in "fiu":
            raise DataError(f"The {part} targets must be numbers.", f"dtype {array.dtype}", "Use one float a quantity.")
        return array.reshape(len(array), -1).astype(np.float32)
    if array.dtype == object:
        rows = [[str(label) for label in row] for row in array]
        known = _ids(labels, (label for row in rows for label in row), part)
        many_hot = np.zeros((len(rows), len(labels)), np.float32)
        for index, row in enumerate(rows):
            many_hot[index, [known[label] for label in row]] = 1
        return many_hot
    if labels.kind == "multi":
        _zeros_and_ones(array)
        return array.astype(np.float32)
    if array.ndim != 1:
        raise DataError(
            f"The {part} targets of kind 'single' must have one axis.",
            f"shape {array.shape}",
            "Pass class ids or names, not one-hot rows: targets.argmax(axis=1).",
        )
    names = [str(value) for value in array.tolist()]
    if array.dtype.kind in "ui" and not set(names) <= set(labels.names):
        outside = sorted(set(array.tolist()) - set(range(len(labels))))
        if outside:
            raise DataError(
                f"The {part} targets hold class ids {shortlist(outside)} that training does not have.",
                fix=f"The ids run from 0 to {len(labels) - 1}.",
            )
        return array.astype(np.int64)
    known = _ids(labels, names, part)
    return np.array([known[name] for name in names], np.int64)


def as_array(targets: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Targets as a NumPy array without missing values; lists of labels become an object array of lists.

    Args:
        targets: Any sequence or array; a pandas Series works too.

    Returns:
        Shape (n,) or (n, k).

    Raises:
        DataError: When values are missing or infinite, or there are more than two axes.
    """
    values: Any = targets if isinstance(targets, np.ndarray) or not hasattr(targets, "tolist") else targets.tolist()
    if not isinstance(values, np.ndarray) and any(isinstance(value, (list, tuple, set)) for value in values):
        if all(isinstance(row, (list, tuple, set)) and all(isinstance(x, str) for x in row) for row in values):
            several = np.empty(len(values), object)
            several[:] = [sorted(row) for row in values]
            return several
        values = _rectangle(values)
    else:
        _nothing_missing(values)
    array = np.asarray(values)
    if array.dtype == object:
        array = np.array([str(value) for value in array.tolist()])
    if array.ndim not in (1, 2):
        raise DataError("Targets must have one axis or two.", f"shape {array.shape}", "One row an example.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        wrong = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1)).tolist()
        raise DataError(
            f"{len(wrong)} targets are NaN or infinite.", f"rows {shortlist(wrong)}", "Drop or fill these rows."
        )
    return array


def with_statistics(labels: LabelSpace, train_targets: np.ndarray) -> LabelSpace:
    """Put mean and scale of the training targets into a ``real`` label space; other kinds come back as they are.

    Args:
        labels: Any label space.
        train_targets: float32, shape (n, quantities), in the user's own unit.

    Returns:
        A LabelSpace; a quantity that never varies gets scale 1.
    """
    if labels.kind != "real":
        return labels
    spread = train_targets.std(axis=0, dtype=np.float64)
    mean = train_targets.mean(axis=0, dtype=np.float64)
    return LabelSpace(labels.names, "real", tuple(mean.tolist()), tuple(np.where(spread > 0, spread, 1.0).tolist()))


def _rectangle(rows: Any) -> np.ndarray:
    try:
        return np.array([list(row) for row in rows])
    except (ValueError, TypeError) as error:
        raise DataError(
            f"Targets that are lists must be lists of label names, or all of one length: {error}.",
            fix='Write ["dog", "indoor"] for several labels, or one row of k numbers an example.',
        ) from None


def _nothing_missing(values: Any) -> None:
    gone = [i for i, v in enumerate(values) if v is None or (isinstance(v, float) and v != v) or repr(v) == "<NA>"]
    if gone:
        raise DataError(f"{len(gone)} targets are missing.", f"rows {shortlist(gone)}", "Drop or fill these rows.")


def _zeros_and_ones(array: np.ndarray) -> None:
    if array.ndim != 2 or not np.isin(array, (0, 1)).all():
        raise DataError(
            "Targets of kind 'multi' must be zeros and ones, one column a label.",
            f"shape {array.shape}, values {shortlist(np.unique(array).tolist())}",
            "For one class an example pass shape (n,).",
        )


def _checked(labels: LabelSpace, classes: int) -> LabelSpace:
    if classes < 2 and labels.kind == "single":
        raise DataError(
            "Classification needs at least two classes.", shortlist(labels.names), "Add examples of another class."
        )
    return labels


def _ids(labels: LabelSpace, used: Iterable[str], part: str) -> dict[str, int]:
    known = {name: index for index, name in enumerate(labels.names)}
    strange = sorted(set(used) - set(known))
    if strange:
        raise DataError(
            f"The {part} part has labels that training does not have: {shortlist(strange)}.",
            fix=f"Training knows {shortlist(labels.names)}; remove the others or add training examples.",
        )
    return known
