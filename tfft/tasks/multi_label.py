"""Any number of classes for each example."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.heads.vector import Pooling, VectorHead
from tfft.tasks.base import Answer, Task, require_kind


def multi_label(
    labels: LabelSpace | Sequence[str],
    pooling: Pooling = "average",
    hidden: tuple[int, ...] = (),
    dropout: float = 0.0,
    threshold: float = 0.5,
) -> Task:
    """Learn for each class whether it applies: one sigmoid cross-entropy a class, on logits.

    Args:
        labels: ``data.labels``, or class names in id order.
        pooling: How feature maps become vectors: ``"average"``, ``"max"`` or ``"flatten"``.
        hidden: Widths of Dense + ReLU layers in front of the logits.
        dropout: Share of values dropped in front of each Dense layer, in [0, 1).
        threshold: Probability from which on a class is named in an answer, in (0, 1).

    Returns:
        A Task whose logits have shape (batch, classes).

    Raises:
        TaskError: When labels are of another kind or an option is out of range.

    Example:
        >>> multi_label(["indoor", "dog"]).decode(np.array([0.9, 0.2])).label
        ('indoor',)
    """
    space = labels if isinstance(labels, LabelSpace) else LabelSpace(LabelSpace.of(labels).names, "multi")
    require_kind(space, "multi", "multi_label")
    if not isinstance(threshold, Real) or not 0 < threshold < 1:
        raise TaskError(f"threshold={threshold!r} must be in (0, 1).", fix="0.5 is the usual one.")

    def loss() -> Any:
        import keras

        return keras.losses.BinaryCrossentropy(from_logits=True)

    def metrics() -> list[Any]:
        import keras

        at = float(np.log(threshold / (1 - threshold)))  # the same threshold, as a logit
        return [keras.metrics.BinaryAccuracy(name="accuracy", threshold=at)]

    def decode(probabilities: np.ndarray) -> Answer:
        named = tuple(name for name, p in zip(space.names, probabilities, strict=True) if p >= threshold)
        return Answer(named, None, dict(zip(space.names, map(float, probabilities), strict=True)))

    return Task(
        name="multi_label",
        labels=space,
        head=VectorHead(pooling, hidden, dropout),
        loss=loss,
        metrics=metrics,
        encode=lambda many_hot: many_hot.astype(np.float32),
        probabilities=sigmoid,
        decode=decode,
        options={"pooling": pooling, "hidden": tuple(hidden), "dropout": dropout, "threshold": threshold},
    )


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits to one probability a class, in float64 and without overflow.

    Args:
        logits: Floats of shape (n, classes).

    Returns:
        float64, shape (n, classes), each in [0, 1].

    Example:
        >>> sigmoid(np.array([[0.0, -1000.0, 1000.0]])).tolist()
        [[0.5, 0.0, 1.0]]
    """
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64)))
