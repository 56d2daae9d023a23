"""Convert raw targets to a LabelSpace and arrays, or explain what is wrong with them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.specs import LabelSpace
from tfft.data.values import as_array, is_missing

# the largest rounding error, as a share of the standard deviation
_COARSE = 1e-3


def label_space(targets: Sequence[Any] | np.ndarray, names: Sequence[str] | None = None) -> LabelSpace:
    """Infer kind and names of the labels from the training targets.

    Args:
        targets: With shape (n,): strings, booleans or integers are classes, floats are a quantity, lists of strings are several
            labels. With shape (n, k): zeros and ones of any dtype are several labels, other floats are k quantities. Shape (n, 1)
            means the same as (n,).
        names: Class names in id order, or names of the columns; None to infer them from the targets.

    Returns:
        A LabelSpace; for quantities its mean and scale are placeholders until the data is split.

    Raises:
        DataError: When there are no targets or only one class, values are missing, or rank or dtype is not supported.

    Example:
        >>> label_space(["bees", "ants", "bees"]).names
        ('ants', 'bees')
    """
    array = as_array(targets)
    if len(array) == 0:
        raise DataError("There are no examples.", "0 targets", "Check the path or the query that made them.")
    if array.dtype == object:
        found = sorted({label for row in array for label in row})
        if not found:
            raise DataError("No example has a label.", f"{len(array)} empty lists", "Add labels to some of them.")
        if any(is_missing(label) for label in found):
            blank = [index for index, row in enumerate(array) if any(is_missing(label) for label in row)]
            raise DataError(
                f"{quantity(len(blank), 'list of labels holds', 'lists of labels hold')} a blank label.",
                f"row{'s' if len(blank) > 1 else ''} {shortlist(blank)}",
                "Remove the blank labels from the lists.",
            )
        return LabelSpace(_whole(found if names is None else names), "multi")
    if array.ndim == 2:
        return _columns(array, names)
    if array.dtype.kind == "f":
        return LabelSpace(_named(names, ["target"]), "real", (0.0,), (1.0,))
    present = [str(value) for value in np.unique(array)]
    if len(present) < 2:
        raise DataError(
            "Classification needs at least two classes.", shortlist(present), "Add examples of another class."
        )
    if names is not None and array.dtype.kind in "bui":
        _inside(array, len(names), "train")
    return LabelSpace(_whole(present if names is None else names))


def encode(targets: Sequence[Any] | np.ndarray, labels: LabelSpace, part: str, by_position: bool = False) -> np.ndarray:
    """Turn raw targets into the array that ``Examples`` carries.

    Args:
        targets: As for ``label_space``.
        labels: The label space of the training part.
        part: The name of the part, for messages.
        by_position: Whether integers are positions in ``labels.names``, because the user gave the names. Otherwise integers are
            names: when training has the ids 0, 1 and 3, position 2 has the name "3", but the id 2 of another part is unknown.

    Returns:
        ``single``: int64, shape (n,). ``multi``: float32 of zeros and ones, (n, classes). ``real``: float32, (n, quantities).

    Raises:
        DataError: When training does not have a label, or values are missing or of another kind.

    Example:
        >>> encode([["dog", "indoor"], []], LabelSpace(("dog", "indoor"), "multi"), "train").tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    array = as_array(targets)
    if labels.kind == "real":
        if array.dtype.kind not in "fiu":
            raise DataError(
                f"The {part} targets must be numbers.", f"dtype {array.dtype}", "Pass one float for each quantity."
            )
        return _in_float32(_wide(array.reshape(len(array), -1), labels, part), part)
    if array.dtype == object:
        known = _ids(labels, (label for row in array for label in row), part)
        many_hot = np.zeros((len(array), len(labels)), np.float32)
        for index, row in enumerate(array):
            many_hot[index, [known[label] for label in row]] = 1
        return many_hot
    if labels.kind == "multi":
        # as_array turns the shape (n, 1) into (n,)
        array = array.reshape(-1, 1) if len(labels) == 1 and array.ndim == 1 else array
        _zeros_and_ones(array)
        return _wide(array, labels, part).astype(np.float32)
    if array.ndim != 1:
        raise DataError(
            f"The {part} targets of kind 'single' must have one axis.",
            f"shape {array.shape}",
            "Pass class ids or names, not one-hot rows: targets.argmax(axis=1).",
        )
    if by_position and array.dtype.kind in "bui":
        _inside(array, len(labels), part)
        return array.astype(np.int64)
    names = [str(value) for value in array.tolist()]
    known = _ids(labels, names, part)
    return np.array([known[name] for name in names], np.int64)


def with_statistics(labels: LabelSpace, train_targets: np.ndarray) -> LabelSpace:
    """Add mean and scale of the training targets to a ``real`` label space; return other kinds unchanged.

    Args:
        labels: Any label space.
        train_targets: float32, shape (n, quantities), in the user's own unit.

    Returns:
        A LabelSpace; a quantity that never varies gets scale 1.

    Example:
        >>> age = LabelSpace(("age",), "real", mean=(0.0,), scale=(1.0,))
        >>> with_statistics(age, np.array([[20.0], [40.0]])).mean
        (30.0,)
    """
    if labels.kind != "real":
        return labels
    spread = train_targets.std(axis=0, dtype=np.float64)
    mean = train_targets.mean(axis=0, dtype=np.float64)
    return LabelSpace(labels.names, "real", tuple(mean.tolist()), tuple(np.where(spread > 0, spread, 1.0).tolist()))


def _columns(array: np.ndarray, names: Sequence[str] | None) -> LabelSpace:
    """The label space of targets with two axes."""
    count = array.shape[1]
    if array.dtype.kind == "f" and not np.isin(array, (0, 1)).all():
        default = [f"target_{index}" for index in range(count)]
        return LabelSpace(_named(names, default), "real", (0.0,) * count, (1.0,) * count)
    _zeros_and_ones(array)
    return LabelSpace(_named(names, [f"label_{index}" for index in range(count)]), "multi")


def _whole(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names; raise for a lone surrogate, which no file can store."""
    halves = [name for name in names if any("\ud800" <= character <= "\udfff" for character in name)]
    if halves:
        raise DataError(
            "Labels hold half a character (a lone surrogate), such as half an emoji.",
            shortlist(halves),
            "Repair the program that cut them.",
        )
    return tuple(names)


def _named(names: Sequence[str] | None, default: list[str]) -> tuple[str, ...]:
    if names is not None and len(names) != len(default):
        raise DataError(
            f"{quantity(len(names), 'name')} cannot name {quantity(len(default), 'column')} of targets.",
            shortlist(names),
            "Give one name for each column; for one class per example, pass targets of shape (n,).",
        )
    return tuple(default if names is None else names)


def _wide(array: np.ndarray, labels: LabelSpace, part: str) -> np.ndarray:
    if array.shape[1] != len(labels):
        raise DataError(
            f"The {part} targets must have {quantity(len(labels), 'column')}, as in training.",
            f"shape {array.shape}",
            f"The columns are {shortlist(labels.names)}.",
        )
    return array


def _in_float32(array: np.ndarray, part: str) -> np.ndarray:
    """Return the quantities as float32; raise when rounding would lose too much of their differences."""
    exact = array.astype(np.float64)
    kept = exact.astype(np.float32)
    coarse = np.abs(exact - kept).max(axis=0, initial=0) > _COARSE * exact.std(axis=0)
    if not np.isfinite(kept).all() or (coarse & (exact.std(axis=0) > 0)).any():
        raise DataError(
            f"The {part} targets differ by less than the precision of float32.",
            f"values from {exact.min():.8g} to {exact.max():.8g}",
            "Subtract a constant from them, such as their mean, or write them in another unit.",
        )
    return kept


def _inside(ids: np.ndarray, count: int, part: str) -> None:
    outside = sorted({int(value) for value in ids.tolist()} - set(range(count)))
    if outside:
        raise DataError(
            f"The {part} targets hold class ids that have no name.",
            f"{shortlist(outside)} for {count} class names",
            f"Give one name for every id; the ids run from 0 to {count - 1}.",
        )


def _zeros_and_ones(array: np.ndarray) -> None:
    if array.ndim != 2 or array.dtype.kind not in "buif" or not np.isin(array, (0, 1)).all():
        raise DataError(
            "Targets of kind 'multi' must be zeros and ones, one column for each label.",
            f"shape {array.shape}, values {shortlist(np.unique(array).tolist())}",
            "For one class per example, pass shape (n,); for k quantities, pass floats.",
        )


def _ids(labels: LabelSpace, used: Iterable[str], part: str) -> dict[str, int]:
    known = {name: index for index, name in enumerate(labels.names)}
    strange = sorted(set(used) - set(known))
    if strange:
        where = "that are not among the names" if part == "train" else "that training does not have"
        plain = {name.strip().casefold(): name for name in labels.names}
        alike = [
            f"{name!r} and {plain[name.strip().casefold()]!r}" for name in strange if name.strip().casefold() in plain
        ]
        raise DataError(
            f"The {part} part has labels {where}: {shortlist(strange)}.",
            fix=f"Spell these in the same way; they differ only in capitals or spaces: {', '.join(alike[:10])}."
            if len(alike) == len(strange)
            else f"The labels of training are {shortlist(labels.names)}; remove the others, or add training examples.",
        )
    return known
