"""Target: what the targets of one kind of label mean. Code outside of this room and of the tasks never asks for the kind."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from tfft.core.specs import LabelSpace


class Target(Protocol):
    """Everything that data sources and splits need to know about one kind of target; ``target_of`` makes it from a label space.

    Attributes:
        labels: The label space.
        nouns: What one label and several labels are called in messages.
        every_class: Whether every part must have an example of every class.
        listed: Whether an example has a list of labels; a column of a table then needs a separator.
    """

    nouns: ClassVar[tuple[str, str]]
    every_class: ClassVar[bool]
    listed: ClassVar[bool]

    @property
    def labels(self) -> LabelSpace:
        """The label space."""

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> np.ndarray:
        """Convert raw targets to the values that ``Examples`` holds, or explain what is wrong with them.

        Args:
            raw: n targets of any type that ``label_space`` takes.
            part: The name of the part, for messages.
            by_position: Whether integers are positions in ``labels.names``, because the user gave the names. Otherwise integers are
                names: when training has the ids 0, 1 and 3, position 2 has the name "3", but the id 2 of another part is unknown.

        Returns:
            An array of shape (n,) or (n, k).

        Raises:
            DataError: When training does not have a label, or values are missing or of another kind.
        """

    def counts(self, values: np.ndarray) -> dict[str, int]:
        """Count the examples of each class, by name; return an empty dict where there are no classes.

        Args:
            values: From ``read``, shape (n,), or (n, columns) for several labels or quantities.
        """

    def strata(self, values: np.ndarray) -> np.ndarray:
        """Assign each example to one stratum; a random split takes the same fraction of each.

        Args:
            values: From ``read``, shape (n,), or (n, columns) for several labels or quantities.

        Returns:
            int64, shape (n,).
        """

    def members(self, values: np.ndarray) -> np.ndarray:
        """Tell how much of each class an example has, for splits by group.

        Args:
            values: From ``read``, shape (n,), or (n, columns) for several labels or quantities.

        Returns:
            Zeros and ones, shape (n, classes).
        """

    def adopt(self, values: np.ndarray, given: LabelSpace) -> np.ndarray:
        """Convert values of another label space, such as that of a smaller dataset, to this one.

        Args:
            values: From ``read`` of a Target of ``given``; shape (n,) or (n, columns).
            given: Their label space.

        Returns:
            The values with the class ids of ``labels``.

        Raises:
            DataError: When they have another kind, or a label that ``labels`` does not have.
        """

    def fitted(self, values: np.ndarray) -> LabelSpace:
        """Return the label space with the statistics of the training part, such as mean and scale of quantities.

        Args:
            values: From ``read``, of the training part; shape (n,) or (n, columns).
        """

    def doubts(self, values: np.ndarray) -> Iterable[str]:
        """Say why training targets look like a mistake, one sentence for each reason.

        Args:
            values: From ``read``, of the training part; shape (n,) or (n, columns).
        """
