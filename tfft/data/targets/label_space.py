"""Infer kind and names of the labels from raw training targets."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.specs import LabelSpace
from tfft.data.targets.names import check_ids, check_zeros_and_ones, named, whole
from tfft.data.values import as_array, is_missing


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
        return LabelSpace(whole(found if names is None else names), "multi")
    if array.ndim == 2:
        return _columns(array, names)
    if array.dtype.kind == "f":
        return LabelSpace(named(names, ["target"]), "real", (0.0,), (1.0,))
    present = [str(value) for value in np.unique(array)]
    if len(present) < 2:
        raise DataError(
            "Classification needs at least two classes.", shortlist(present), "Add examples of another class."
        )
    if names is not None and array.dtype.kind in "bui":
        check_ids(array, len(names), "train")
    return LabelSpace(whole(present if names is None else names))


def _columns(array: np.ndarray, names: Sequence[str] | None) -> LabelSpace:
    """The label space of targets with two axes."""
    count = array.shape[1]
    if array.dtype.kind == "f" and not np.isin(array, (0, 1)).all():
        default = [f"target_{index}" for index in range(count)]
        return LabelSpace(named(names, default), "real", (0.0,) * count, (1.0,) * count)
    check_zeros_and_ones(array)
    return LabelSpace(named(names, [f"label_{index}" for index in range(count)]), "multi")
