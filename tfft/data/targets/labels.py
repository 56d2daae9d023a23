"""Labels: any number of labels for each example, as float32 zeros and ones of shape (n, labels)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.data.targets.names import check_columns, check_same_labels, check_zeros_and_ones, ids_of
from tfft.data.values import as_array


@dataclass(frozen=True)
class Labels:
    """Targets with any number of labels for each example.

    Attributes:
        labels: The label space, of kind ``"multi"``.

    Example:
        >>> labels = Labels(LabelSpace(("dog", "indoor"), "multi"))
        >>> labels.read([["dog", "indoor"], []], "train").tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """

    labels: LabelSpace
    nouns: ClassVar[tuple[str, str]] = ("label, yes or no", "labels, several an example")
    every_class: ClassVar[bool] = False
    listed: ClassVar[bool] = True

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> np.ndarray:
        """Convert lists of names, or columns of zeros and ones, to float32, shape (n, labels). See ``Target.read``.

        Args:
            raw: Lists of names; or zeros and ones, shape (n, labels), or (n,) for one label.
            part: The name of the part, for messages.
            by_position: Not used.

        Raises:
            DataError: When training does not have a label, or values are neither lists nor zeros and ones.
        """
        array = as_array(raw)
        if array.dtype == object:
            known = ids_of(self.labels, (label for row in array for label in row), part)
            many_hot = np.zeros((len(array), len(self.labels)), np.float32)
            for index, row in enumerate(array):
                many_hot[index, [known[label] for label in row]] = 1
            return many_hot
        # as_array turns the shape (n, 1) into (n,)
        array = array.reshape(-1, 1) if len(self.labels) == 1 and array.ndim == 1 else array
        check_zeros_and_ones(array)
        return check_columns(array, self.labels, part).astype(np.float32)

    def counts(self, values: np.ndarray) -> dict[str, int]:
        """Count the examples of each label; an example counts once for each of its labels, so the sum may exceed n.

        Args:
            values: Zeros and ones, shape (n, labels).
        """
        return {name: int(total) for name, total in zip(self.labels.names, values.sum(axis=0), strict=True)}

    def strata(self, values: np.ndarray) -> np.ndarray:
        """Return the rarest label of each example, int64, shape (n,); examples without a label have a stratum of their own.

        Args:
            values: Zeros and ones, shape (n, labels).
        """
        having = np.concatenate([values > 0, (values > 0).sum(axis=1, keepdims=True) == 0], axis=1)
        return np.where(having, having.sum(axis=0), len(values) + 1).argmin(axis=1)

    def members(self, values: np.ndarray) -> np.ndarray:
        """Return the values: zeros and ones, shape (n, labels).

        Args:
            values: Zeros and ones, shape (n, labels).
        """
        return values

    def adopt(self, values: np.ndarray, given: LabelSpace) -> np.ndarray:
        """Arrange the columns of another label space as in this one, with zeros for its other labels. See ``Target.adopt``.

        Args:
            values: Zeros and ones, shape (n, labels of ``given``).
            given: Their label space.

        Raises:
            DataError: When it has other labels, or another kind.
        """
        check_same_labels(self.labels, given)
        found = np.zeros((len(values), len(self.labels)), values.dtype)
        found[:, [self.labels.index(name) for name in given.names]] = values
        return found

    def fitted(self, values: np.ndarray) -> LabelSpace:
        """Return the label space unchanged.

        Args:
            values: Zeros and ones, shape (n, labels).
        """
        return self.labels

    def doubts(self, values: np.ndarray) -> Iterator[str]:
        """Say when every example has exactly one label, which looks like classes.

        Args:
            values: Zeros and ones, shape (n, labels).
        """
        if len(self.labels) > 1 and len(values) > 1 and (values.sum(axis=1) == 1).all():
            yield (
                f"Each of {len(values)} examples has exactly one of {len(self.labels)} labels, but the targets are treated as "
                "several labels per example. For one class per example, pass class ids: targets.argmax(axis=1)."
            )
