"""Task: a frozen record of everything that depends on what is to be learned. A record of functions, not a base class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.heads.vector import VectorHead


@dataclass(frozen=True)
class Answer:
    """What a model says about one input.

    Attributes:
        label: Class name; tuple of class names for several labels; None for quantities.
        probability: Of that label, in [0, 1]; None where there is no single one.
        scores: Probability of each class, or value of each quantity in the user's own unit; one row of shape (outputs,) by name.
    """

    label: str | tuple[str, ...] | None
    probability: float | None
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Task:
    """One thing to learn.

    Attributes:
        name: Of the constructor in ``tfft.tasks``.
        labels: What the targets mean.
        head: What stands on the backbone.
        loss: () -> a Keras loss of (targets, logits).
        metrics: () -> Keras metrics of (targets, logits), fresh ones at each call.
        encode: Targets as ``Examples`` carries them, shape (n,) or (n, k) -> what loss and metrics take, float32 (n, outputs).
        probabilities: Logits, float32 (n, outputs) -> probabilities, or quantities in the user's own unit, (n, outputs).
        decode: One row of ``probabilities``, (outputs,) -> Answer.
        options: The constructor's other arguments, as JSON values.
        class_weight: Class counts of the training part -> Keras' ``class_weight``, or None for equal weights.

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
    options: Mapping[str, Any] = field(default_factory=dict)
    class_weight: Callable[[Mapping[str, int]], dict[int, float] | None] = field(default=lambda counts: None)

    @property
    def outputs(self) -> int:
        """Number of logits: the net's output has shape (batch, outputs)."""
        return len(self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Name, labels and options as plain JSON values; ``tfft.tasks.from_dict`` undoes it."""
        options = {key: _plain(value) for key, value in self.options.items()}
        return {"name": self.name, "labels": self.labels.to_dict(), "options": options}


def _plain(value: Any) -> Any:
    """NumPy numbers as Python's own, tuples as lists: what goes into JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


_FITS = {
    "single": "For one class an example use tasks.classification.",
    "multi": "For several labels an example use tasks.multi_label.",
    "real": "For quantities use tasks.regression.",
}
_MEANT = {
    "single": "If they are classes, pass them as text or integers.",
    "multi": "If they are several labels, pass lists of names, or a column of zeros and ones for each.",
    "real": "If they are quantities, pass floats.",
}


def require_kind(labels: LabelSpace, kind: str, task: str) -> None:
    """Refuse labels of a kind that a task cannot learn.

    Args:
        labels: What the user passed.
        kind: What the task takes.
        task: Its name, for the message.

    Raises:
        TaskError: When the kinds differ, or it is no label space.
    """
    if not isinstance(labels, LabelSpace):
        raise TaskError(f"{task} takes a label space.", f"{labels!r}"[:100], "Pass data.labels.")
    if labels.kind != kind:
        raise TaskError(
            f"{task} takes labels of kind {kind!r}.", f"kind {labels.kind!r}", f"{_FITS[labels.kind]} {_MEANT[kind]}"
        )
