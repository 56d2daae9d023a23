"""The record of a task: its label space, head, loss and metrics, and its functions. It is not a base class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.heads.vector import VectorHead
from tfft.measures.base import Measures, Scores


@dataclass(frozen=True)
class Answer:
    """The answer of a model to one input.

    Attributes:
        label: The class name; a tuple of class names for several labels; None for quantities.
        probability: The probability of the label, in [0, 1]; None for several labels and for quantities.
        scores: Name -> probability of the class, or value of the quantity in the unit of the user; one row of shape (outputs,).
    """

    label: str | tuple[str, ...] | None
    probability: float | None
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Task:
    """What a model learns: its labels, head, loss and metrics, and the conversions of targets and logits.

    Attributes:
        name: The name of its constructor in ``tfft.tasks``.
        labels: The label space.
        head: The options of the head.
        loss: () -> a Keras loss of (targets, logits).
        metrics: () -> new Keras metrics of (targets, logits).
        encode: Targets as in ``Examples``, shape (n,) or (n, k) -> targets for loss and metrics, float32, shape (n, outputs).
        probabilities: Logits, float32, shape (n, outputs) -> probabilities, or quantities in the unit of the user, (n, outputs).
        decode: One row of ``probabilities``, shape (outputs,) -> Answer.
        options: The other arguments of the constructor, as JSON values.
        class_weight: Class counts of the training part -> class id to weight, or None for equal weights.
        measures: Name -> measure of the result of ``score``; summaries show the first one.
        score: Targets as in ``Examples``, and ``probabilities``, each with n rows -> the Scores of n examples.
        mixable: Whether the mean of two encoded targets is the target of a mixture of their images.

    Example:
        >>> from tfft import tasks
        >>> task = tasks.classification(["ants", "bees"])
        >>> task.encode(np.array([1])).tolist(), task.probabilities(np.array([[0.0, 0.0]])).tolist()
        ([[0.0, 1.0]], [[0.5, 0.5]])
    """

    name: str
    labels: LabelSpace
    head: VectorHead
    loss: Callable[[], Any]
    metrics: Callable[[], list[Any]]
    encode: Callable[[np.ndarray], np.ndarray]
    probabilities: Callable[[np.ndarray], np.ndarray]
    decode: Callable[[np.ndarray], Answer]
    measures: Measures
    score: Callable[[np.ndarray, np.ndarray], Scores]
    options: Mapping[str, Any] = field(default_factory=dict)
    class_weight: Callable[[Mapping[str, int]], dict[int, float] | None] = field(default=lambda counts: None)
    mixable: bool = True

    @property
    def outputs(self) -> int:
        """The number of logits: the output of the net has shape (batch, outputs)."""
        return len(self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Return name, labels and options as plain JSON values, for ``tfft.tasks.from_dict``."""
        options = {key: _plain(value) for key, value in self.options.items()}
        return {"name": self.name, "labels": self.labels.to_dict(), "options": options}


def _plain(value: Any) -> Any:
    """Convert NumPy numbers to Python numbers and tuples to lists, as JSON needs it."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


_FITS = {
    "single": "For one class per example use tasks.classification.",
    "multi": "For several labels per example use tasks.multi_label.",
    "real": "For quantities use tasks.regression.",
}
_MEANT = {
    "single": "If they are classes, pass them as text or integers.",
    "multi": "If they are several labels, pass lists of names, or a column of zeros and ones for each label.",
    "real": "If they are quantities, pass floats.",
}


def require_kind(labels: LabelSpace, kind: str, task: str) -> None:
    """Refuse labels of another kind than a task needs.

    Args:
        labels: The argument of the user.
        kind: The kind that the task needs.
        task: The name of the task, for the message.

    Raises:
        TaskError: When the kinds differ, ``labels`` is not a label space, or it lacks what its kind needs.
    """
    if not isinstance(labels, LabelSpace):
        raise TaskError(f"{task} takes a label space.", f"{labels!r}"[:100], "Pass data.labels.")
    target_of(labels)  # refuses unknown kinds, and quantities without statistics
    if labels.kind != kind:
        raise TaskError(
            f"{task} takes labels of kind {kind!r}.", f"kind {labels.kind!r}", f"{_FITS[labels.kind]} {_MEANT[kind]}"
        )
