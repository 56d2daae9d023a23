"""Classes: one class for each example, as int64 class ids of shape (n,)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfft.core.errors import DataError, shortlist
from tfft.core.specs import LabelSpace
from tfft.data.tables.spellings import is_amount, is_signed_number
from tfft.data.tables.tags import joining
from tfft.data.targets.names import check_ids, check_same_labels, ids_of
from tfft.data.values import as_array

_FEW_AMOUNTS = 10
"""Up to this many different amounts, such as 10%, 20% ... 100%, are probably classes, so there is no warning."""
_MOSTLY, _ENOUGH = 0.9, 20
"""The other targets are doubtful when at least this share of at least this many targets are numbers."""


@dataclass(frozen=True)
class Classes:
    """Targets with one class for each example.

    Attributes:
        labels: The label space, of kind ``"single"``.

    Example:
        >>> classes = Classes(LabelSpace(("ants", "bees")))
        >>> classes.read(["bees", "ants", "bees"], "train").tolist()
        [1, 0, 1]
        >>> classes.counts(np.array([1, 1]))
        {'ants': 0, 'bees': 2}
    """

    labels: LabelSpace
    nouns: ClassVar[tuple[str, str]] = ("class", "classes")
    every_class: ClassVar[bool] = True
    listed: ClassVar[bool] = False

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> np.ndarray:
        """Convert names or ids to int64 class ids, shape (n,). See ``Target.read``.

        Args:
            raw: Strings, booleans or integers, shape (n,) or (n, 1).
            part: The name of the part, for messages.
            by_position: Whether integers are class ids; otherwise they are names.

        Raises:
            DataError: When the targets have two axes, or training does not have a label.
        """
        array = as_array(raw)
        if array.ndim != 1 or array.dtype == object:
            raise DataError(
                f"The {part} targets must be one class for each example.",
                "lists of labels" if array.dtype == object else f"shape {array.shape}",
                "Pass class ids or names, not one-hot rows: targets.argmax(axis=1).",
            )
        if by_position and array.dtype.kind in "bui":
            check_ids(array, len(self.labels), part)
            return array.astype(np.int64)
        names = [str(value) for value in array.tolist()]
        known = ids_of(self.labels, names, part)
        return np.array([known[name] for name in names], np.int64)

    def counts(self, values: np.ndarray) -> dict[str, int]:
        """Count the examples of each class.

        Args:
            values: int64 class ids, shape (n,).
        """
        totals = np.bincount(values, minlength=len(self.labels)).tolist()
        return dict(zip(self.labels.names, totals, strict=True))

    def strata(self, values: np.ndarray) -> np.ndarray:
        """Return the class ids: a split takes the same fraction of every class.

        Args:
            values: int64 class ids, shape (n,).
        """
        return values

    def members(self, values: np.ndarray) -> np.ndarray:
        """Return one-hot rows, float64, shape (n, classes).

        Args:
            values: int64 class ids, shape (n,).
        """
        return np.eye(len(self.labels))[values]

    def adopt(self, values: np.ndarray, given: LabelSpace) -> np.ndarray:
        """Convert class ids of another label space to those of this one. See ``Target.adopt``.

        Args:
            values: int64 class ids, shape (n,).
            given: Their label space; it may have fewer classes.

        Raises:
            DataError: When it has other classes, or another kind.
        """
        check_same_labels(self.labels, given)
        return np.array([self.labels.index(name) for name in given.names], np.int64)[values]

    def fitted(self, values: np.ndarray) -> LabelSpace:
        """Return the label space unchanged.

        Args:
            values: int64 class ids, shape (n,).
        """
        return self.labels

    def doubts(self, values: np.ndarray) -> Iterator[str]:
        """Say why the classes look like several labels, or like quantities.

        Args:
            values: int64 class ids, shape (n,).
        """
        names = self.labels.names
        separator, joined = joining(names)
        if joined:
            yield (
                f"{len(joined)} of {len(names)} class names seem to join several labels by {separator!r}, but each is treated as "
                f"one class: {shortlist(joined)}. If an example may have several labels, pass separator={separator!r}, or lists "
                "of labels to functions without that argument."
            )
        many = len(names) > max(_FEW_AMOUNTS, len(values) / 4)
        if many and all(map(is_amount, names)) and not all(name.isdigit() for name in names):
            yield (
                f"The {len(names)} class names are numbers with signs or units, and each is treated as one class: "
                f"{shortlist(names)}. If they are quantities, convert them to floats first, for example with "
                "frame[column].str.strip('$% ').astype(float), and use from_dataframe(frame)."
            )
        if len(values) >= _ENOUGH:
            yield from self._mostly_numbers(values)

    def _mostly_numbers(self, values: np.ndarray) -> Iterator[str]:
        """A sentence that names the targets which are not numbers, when most targets are numbers with a decimal point."""
        names = self.labels.names
        number = np.array([is_signed_number(name) for name in names])[values]
        pointed = np.array(["." in name for name in names])[values] & number
        if number.all() or number.mean() < _MOSTLY or pointed.sum() * 2 < len(values):
            return
        others = [f"row {row}: {names[values[row]]!r}" for row in np.flatnonzero(~number).tolist()]
        yield (
            f"{number.sum()} of {len(values)} targets are numbers, but each number is treated as a separate class, because the "
            f"others are not numbers: {', '.join(others[:10])}{', ...' if len(others) > 10 else ''} (rows are counted from 0). If "
            "the targets are a quantity, remove or correct these rows."
        )
