"""Quantities: one or several numbers for each example, as float32 of shape (n, quantities) in the unit of the user."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfft.core.errors import DataError, TaskError
from tfft.core.specs import LabelSpace
from tfft.data.targets.names import check_columns, refuse_labels
from tfft.data.values import as_array

# the largest rounding error, as a share of the standard deviation
_COARSE = 1e-3


@dataclass(frozen=True)
class Quantities:
    """Targets with numbers for each example.

    Attributes:
        labels: The label space, of kind ``"real"``.

    Raises:
        TaskError: When a quantity has no mean or no scale.

    Example:
        >>> quantities = Quantities(LabelSpace(("age",), "real", mean=(0.0,), scale=(1.0,)))
        >>> quantities.fitted(quantities.read([20.0, 40.0], "train")).mean
        (30.0,)
    """

    labels: LabelSpace
    nouns: ClassVar[tuple[str, str]] = ("quantity", "quantities")
    every_class: ClassVar[bool] = True
    listed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not len(self.labels.names) == len(self.labels.mean) == len(self.labels.scale):
            raise TaskError(
                f"Each of the {len(self.labels.names)} quantities needs a mean and a scale.",
                f"{len(self.labels.mean)} means and {len(self.labels.scale)} scales",
                "Let tfft.data compute them, or pass both.",
            )

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> np.ndarray:
        """Convert numbers to float32, shape (n, quantities). See ``Target.read``.

        Args:
            raw: Numbers, shape (n, quantities), or (n,) for one quantity.
            part: The name of the part, for messages.
            by_position: Not used.

        Raises:
            DataError: When the targets are not numbers, have another number of columns, or differ by less than the precision of
                float32.
        """
        array = as_array(raw)
        if array.dtype.kind not in "fiu":
            raise DataError(
                f"The {part} targets must be numbers.", f"dtype {array.dtype}", "Pass one float for each quantity."
            )
        return _in_float32(check_columns(array.reshape(len(array), -1), self.labels, part), part)

    def counts(self, values: np.ndarray) -> dict[str, int]:
        """Return an empty dict, because quantities have no classes.

        Args:
            values: Numbers, shape (n, quantities).
        """
        return {}

    def strata(self, values: np.ndarray) -> np.ndarray:
        """Return one stratum for all examples, int64, shape (n,).

        Args:
            values: Numbers, shape (n, quantities).
        """
        return np.zeros(len(values), np.int64)

    def members(self, values: np.ndarray) -> np.ndarray:
        """Return ones, shape (n, 1): all examples count as one class.

        Args:
            values: Numbers, shape (n, quantities).
        """
        return np.ones((len(values), 1))

    def adopt(self, values: np.ndarray, given: LabelSpace) -> np.ndarray:
        """Return the values of another label space of the same quantities. See ``Target.adopt``.

        Args:
            values: Numbers, shape (n, quantities).
            given: Their label space. Its mean and scale are those of other training data.

        Raises:
            DataError: When it has other quantities, or another kind.
        """
        if not given.matches(self.labels):
            refuse_labels(self.labels, given)
        return values

    def fitted(self, values: np.ndarray) -> LabelSpace:
        """Return the label space with mean and scale of the training targets; a quantity that never varies gets scale 1.

        Args:
            values: Numbers, shape (n, quantities).
        """
        mean, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
        scale = np.where(spread > 0, spread, 1.0)
        return LabelSpace(self.labels.names, self.labels.kind, tuple(mean.tolist()), tuple(scale.tolist()))

    def doubts(self, values: np.ndarray) -> Iterator[str]:
        """Say when the values of one quantity look like class ids.

        Args:
            values: Numbers, shape (n, quantities).
        """
        found = np.unique(values)
        if (
            len(self.labels) == 1
            and 1 < len(found) <= len(values) / 2
            and np.array_equal(found, found[0] + np.arange(len(found)))
            and found[0] % 1 == 0
        ):
            yield (
                f"The targets are the floats {found[0]:.1f} to {found[-1]:g}, so they are treated as a quantity. "
                "If they are class ids, pass integers."
            )


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
