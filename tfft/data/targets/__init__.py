"""Targets: what the answers in a dataset mean, one file for each kind of label."""

from collections.abc import Callable

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.data.targets.answers import Answers
from tfft.data.targets.base import Target
from tfft.data.targets.classes import Classes
from tfft.data.targets.labels import Labels
from tfft.data.targets.masks import MaskClasses
from tfft.data.targets.quantities import Quantities
from tfft.data.targets.tags import Tags

__all__ = ["Target", "target_of"]

_BY_KIND: dict[str, Callable[[LabelSpace], Target]] = {
    "single": Classes,
    "multi": Labels,
    "real": Quantities,
    "tags": Tags,
    "span": Answers,
    "masks": MaskClasses,
}


def target_of(labels: LabelSpace) -> Target:
    """Return the Target of a label space.

    Args:
        labels: Any label space.

    Returns:
        The Target of its kind, which reads, counts and splits targets of shape (n,) or (n, k).

    Raises:
        TaskError: When the kind is unknown, or the label space lacks what its kind needs.

    Example:
        >>> target_of(LabelSpace(("ants", "bees"))).nouns
        ('class', 'classes')
    """
    if labels.kind not in _BY_KIND:
        kinds = ", ".join(map(repr, _BY_KIND))
        raise TaskError(f"kind={labels.kind!r} of a label space is unknown.", fix=f"Use one of {kinds}.")
    return _BY_KIND[labels.kind](labels)
