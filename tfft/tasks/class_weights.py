"""Class weights: check the argument of a user, and compute the weight of each class."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, Literal

from tfft.core.errors import TaskError, shortlist
from tfft.core.specs import LabelSpace

ClassWeights = Literal["balanced"] | Mapping[str, float] | None


def check_weights(class_weights: ClassWeights, labels: LabelSpace) -> None:
    """Refuse invalid class weights.

    Args:
        class_weights: ``"balanced"``, a positive number for each class name, or None.
        labels: The label space.

    Raises:
        TaskError: When they are invalid.
    """
    if class_weights is None or (isinstance(class_weights, str) and class_weights == "balanced"):
        return
    weights = dict(class_weights) if isinstance(class_weights, Mapping) else {}
    if set(weights) != set(labels.names) or not all(map(_is_positive, weights.values())):
        missing = [name for name in labels.names if name not in weights]
        unknown = [name for name in weights if name not in labels.names]
        raise TaskError(
            'class_weights must be "balanced", None, or a dict with one positive number for each class.',
            repr(class_weights)
            + (f"; missing: {shortlist(missing)}" if weights and missing else "")
            + (f"; unknown: {shortlist(unknown)}" if unknown else ""),
            f"Write class_weights={dict.fromkeys(labels.names, 1.0) | _usable(weights, labels)!r}."[:200],
        )


def _usable(weights: Mapping[str, float], labels: LabelSpace) -> dict[str, float]:
    """The weights of known classes that are positive numbers."""
    return {name: weight for name, weight in weights.items() if name in labels.names and _is_positive(weight)}


def _is_positive(weight: Any) -> bool:
    try:
        return isinstance(weight, Real) and math.isfinite(weight) and float(weight) > 0
    except OverflowError:  # an integer beyond float64
        return False


def written_weights(class_weights: ClassWeights) -> ClassWeights:
    """Return checked class weights as plain JSON values.

    Args:
        class_weights: As for ``check_weights``.

    Example:
        >>> written_weights({"ants": 2})
        {'ants': 2.0}
    """
    if isinstance(class_weights, Mapping):
        return {name: float(weight) for name, weight in class_weights.items()}
    return class_weights


def weights_of(class_weights: ClassWeights, labels: LabelSpace, counts: Mapping[str, int]) -> dict[int, float] | None:
    """Compute the weight of each class.

    Args:
        class_weights: As for ``check_weights``.
        labels: The label space.
        counts: Class name -> count in the training part.

    Returns:
        Class id -> weight; None for equal weights.

    Raises:
        TaskError: When ``"balanced"`` is set and a class does not occur.

    Example:
        >>> weights_of("balanced", LabelSpace(("ants", "bees")), {"ants": 1, "bees": 3})
        {0: 2.0, 1: 0.6666666666666666}

    Source:
        ``"balanced"``: the rule of scikit-learn's ``compute_class_weight`` (King and Zeng 2001).
    """
    if class_weights is None:
        return None
    if isinstance(class_weights, Mapping):
        return {labels.index(name): float(weight) for name, weight in class_weights.items()}
    empty = [name for name in labels.names if not counts.get(name)]
    if empty:
        raise TaskError(
            'class_weights="balanced" needs a training example of every class.',
            f"none of {shortlist(empty)}",
            "Add examples, or pass one weight for each class.",
        )
    total = sum(counts.values())
    return {index: total / (len(labels) * counts[name]) for index, name in enumerate(labels.names)}
