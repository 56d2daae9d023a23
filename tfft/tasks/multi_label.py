"""Multi-label classification: any number of classes for each example."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.heads.solving import solve_labels
from tfft.heads.vector import Pooling, VectorHead
from tfft.measures import labels as label_measures
from tfft.tasks import distillation, served
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task, each_example, require_kind, same


def multi_label(
    labels: LabelSpace | Sequence[str],
    pooling: Pooling = "auto",
    hidden: tuple[int, ...] = (),
    dropout: float = 0.0,
    threshold: float | Sequence[float] = 0.5,
) -> Task:
    """Make a task with any number of classes for each example: sigmoid cross-entropy for each class, on logits.

    Args:
        labels: ``data.labels``, or class names in the order of their ids.
        pooling: The pooling of feature maps and sequences: ``"average"``, ``"max"``, ``"flatten"``; for sequences also ``"first"``
            (BERT's ``[CLS]``) and ``"last"``. ``"auto"`` is the last step for GPT-2 and the average for all others.
        hidden: The widths of Dense + ReLU layers before the logits.
        dropout: The dropout rate before each Dense layer, in [0, 1).
        threshold: The probability at which a class is predicted, in (0, 1): one number, or one for each class.

    Returns:
        A Task whose logits have shape (batch, classes).

    Raises:
        TaskError: When the labels are of another kind, or an option is out of range.

    Example:
        >>> multi_label(["indoor", "dog"]).decode(np.array([0.9, 0.2])).label
        ('indoor',)
    """
    space = labels if isinstance(labels, LabelSpace) else LabelSpace(LabelSpace.of(labels).names, "multi")
    require_kind(space, "multi", "multi_label")
    thresholds = _thresholds(threshold, len(space))
    kept = float(thresholds[0]) if isinstance(threshold, Real) else tuple(thresholds.tolist())

    def loss() -> Any:
        import keras

        return keras.losses.BinaryCrossentropy(from_logits=True)

    def metrics() -> list[Any]:
        import keras

        at = np.log(thresholds / (1 - thresholds)).astype(np.float32)  # the thresholds as logits

        def accuracy(targets: Any, logits: Any) -> Any:
            """The fraction of classes that are predicted correctly, float32, shape (batch,).

            Args:
                targets: Zeros and ones, float32, shape (batch, classes).
                logits: Logits of the head, float32, shape (batch, classes).
            """
            right = keras.ops.equal(targets > 0.5, logits >= keras.ops.cast(at, logits.dtype))
            return keras.ops.mean(keras.ops.cast(right, "float32"), axis=-1)

        return [keras.metrics.MeanMetricWrapper(accuracy, name="accuracy")]

    def decode(probabilities: np.ndarray, item: Any = None) -> Answer:
        named = tuple(name for name, p, t in zip(space.names, probabilities, thresholds, strict=True) if p >= t)
        return Answer(named, None, dict(zip(space.names, map(float, probabilities), strict=True)))

    return Task(
        name="multi_label",
        labels=space,
        head=VectorHead(pooling, hidden, dropout),
        outputs=len(space),
        loss=loss,
        metrics=metrics,
        encode=each_example(same),
        probabilities=sigmoid,
        decode=decode,
        measures=label_measures.MEASURES,
        served=served.several_classes(thresholds.tolist()),
        solve=None if hidden or dropout else solve_labels,
        score=lambda examples, found: label_measures.LabelScores(space, examples.targets, found, thresholds),
        options={"pooling": pooling, "hidden": tuple(hidden), "dropout": dropout, "threshold": kept},
        distillation=distillation.SEVERAL_CLASSES,
    )


def _thresholds(threshold: Any, classes: int) -> np.ndarray:
    """Return one threshold for each class, float64, shape (classes,)."""
    threshold = threshold.item() if isinstance(threshold, np.ndarray) and not threshold.ndim else threshold
    single = isinstance(threshold, Real)
    given = [threshold] if single else list(threshold) if isinstance(threshold, (Sequence, np.ndarray)) else []
    if not given or not all(isinstance(value, Real) and 0 < float(value) < 1 for value in given):
        raise TaskError(f"threshold={threshold!r} must be in (0, 1).", fix="0.5 is common.")
    if not single and len(given) != classes:
        raise TaskError(
            "threshold must be one number, or one for each class.",
            f"{len(given)} for {classes} classes",
            "Write threshold=0.5.",
        )
    return np.broadcast_to(np.asarray(given, np.float64), (classes,))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Convert logits to a probability for each class, in float64 and without overflow.

    Args:
        logits: Floats of shape (n, classes).

    Returns:
        float64, shape (n, classes), each in [0, 1].

    Example:
        >>> sigmoid(np.array([[0.0, -1000.0, 1000.0]])).tolist()
        [[0.5, 0.0, 1.0]]
    """
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64)))
