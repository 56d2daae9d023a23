"""Masks: a class for each pixel of an image, read from its file when it is needed."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfft.core.errors import DataError, DataWarning, shortlist
from tfft.core.label_values import listed
from tfft.core.specs import LabelSpace
from tfft.data.masks import Masks
from tfft.data.targets.names import check_same_labels

_RARE = 1e-4
_USER = 5  # stacklevel of the line that calls evaluate, which calls aligned, adopt and _warn_other_values


@dataclass(frozen=True)
class MaskClasses:
    """Targets with a class for each pixel. They are never all in memory.

    Attributes:
        labels: The label space, of kind ``"masks"``.

    Example:
        >>> from tfft.data.masks import Masks
        >>> masks = Masks((), np.zeros((0, 2), np.int64))
        >>> MaskClasses(LabelSpace(("sky", "road"), "masks")).counts(masks)
        {'sky': 0, 'road': 0}
    """

    labels: LabelSpace
    nouns: ClassVar[tuple[str, str]] = ("class", "classes")
    every_class: ClassVar[bool] = False
    listed: ClassVar[bool] = False

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> Any:
        """Return masks with the class ids of ``labels``. See ``Target.read``.

        Args:
            raw: Masks.
            part: The name of the part, for messages.
            by_position: Not used.

        Raises:
            DataError: When the targets are no masks, or have a class that ``labels`` does not have.

        Warns:
            DataWarning: When a value stands for another class than in the data of the model.
        """
        if not isinstance(raw, Masks):
            raise DataError(
                f"The {part} targets are no masks.", f"{type(raw).__name__}", "Read the data with data.from_masks."
            )
        strange = {name for item in raw.items for name in item.coding.names} - set(self.labels.names)
        if strange:
            raise DataError(
                f"The {part} masks have classes that the label space does not have: {shortlist(sorted(strange))}.",
                fix=f"The classes are {shortlist(self.labels.names)}. Leave other pixels out with ignore=.",
            )
        _warn_other_values(self.labels, raw)
        return raw.recoded(self.labels.names)

    def counts(self, values: Any) -> dict[str, int]:
        """Count the pixels of each class.

        Args:
            values: Masks.
        """
        return {name: int(total) for name, total in zip(self.labels.names, values.pixels.sum(axis=0), strict=True)}

    def strata(self, values: Any) -> np.ndarray:
        """Return the rarest class in each image, int64, shape (n,); rare means that few images have it.

        Args:
            values: Masks.
        """
        there = values.pixels > 0
        return np.where(there, there.sum(axis=0), len(values) + 1).argmin(axis=1)

    def members(self, values: Any) -> np.ndarray:
        """Tell which classes each image has, zeros and ones, shape (n, classes).

        Args:
            values: Masks.
        """
        return (values.pixels > 0).astype(np.float64)

    def adopt(self, values: Any, given: LabelSpace) -> Any:
        """Convert masks of another label space to the class ids of this one. See ``Target.adopt``.

        Args:
            values: Masks.
            given: Their label space; it may have fewer classes.

        Raises:
            DataError: When it has other classes, or another kind.

        Warns:
            DataWarning: When a value stands for another class than in the data of the model.
        """
        check_same_labels(self.labels, given)
        if given != self.labels:  # the masks were not read for this label space, which warns as well
            _warn_other_values(self.labels, values)
        return values.recoded(self.labels.names)

    def fitted(self, values: Any) -> LabelSpace:
        """Return the label space unchanged.

        Args:
            values: Masks.
        """
        return self.labels

    def doubts(self, values: Any) -> Iterator[str]:
        """Name the classes with so few training pixels that a model can hardly learn them.

        Args:
            values: Masks.
        """
        totals = values.pixels.sum(axis=0)
        rare = [
            f"{name} ({total:,} pixels)"
            for name, total in zip(self.labels.names, totals.tolist(), strict=True)
            if 0 < total < _RARE * totals.sum()
        ]
        if rare:
            yield f"Some classes have less than one of 10,000 training pixels: {shortlist(rare)}."


def _warn_other_values(labels: LabelSpace, masks: Masks) -> None:
    """Warn of values with another class than in training. Masks from another source may rightly have other values."""
    codings = {id(item.coding): item.coding for item in masks.items}.values()
    moved = [phrase for coding in codings for phrase in labels.moved_values(coding.labels())]
    if moved:
        warnings.warn(
            f"Values of these masks stand for other classes than in training: {listed(moved)}. If the masks come from the source "
            "of the training, pass classes=model.task.labels.",
            DataWarning,
            stacklevel=_USER,
        )
