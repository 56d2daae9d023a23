"""Targets of examples as a sequence: an array, or a class of rows of different shapes, in memory or read lazily."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np

from tfft.core.fingerprint import digest


class TargetSequence(Protocol):
    """n targets that do not fit into one array, such as ``Ragged`` and ``Masks``. An array of positions selects targets."""

    def __len__(self) -> int:
        """The number of targets."""

    def __getitem__(self, index: Any) -> Any:
        """One target; or several of them, as the same class, for an array of positions or of booleans.

        Args:
            index: An integer, or an array of integers or booleans, shape (m,).
        """

    def digests(self) -> list[str]:
        """Hashes of everything that the targets are."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Concatenate targets.

        Args:
            parts: At least one.
        """


def digests_of(targets: np.ndarray | TargetSequence) -> list[str]:
    """Hash targets.

    Args:
        targets: An array of shape (n,) or (n, k), or a TargetSequence.

    Returns:
        Hashes; those of an array cover dtype, shape and values.

    Example:
        >>> digests_of(np.array([1, 2])) == digests_of(np.array([1, 3]))
        False
    """
    return [digest(targets)] if isinstance(targets, np.ndarray) else targets.digests()


def concatenated(parts: Sequence[Any]) -> Any:
    """Concatenate targets of the same class.

    Args:
        parts: Arrays of shape (n,) or (n, k), or instances of one TargetSequence; at least one.

    Returns:
        An array, or an instance of that class.

    Example:
        >>> concatenated([np.array([1]), np.array([2, 3])]).tolist()
        [1, 2, 3]
    """
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else type(parts[0]).joined(parts)
