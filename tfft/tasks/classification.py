"""Classification: one class for each example."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.heads.solving import solve_classes
from tfft.heads.vector import Pooling, VectorHead
from tfft.measures import classes
from tfft.tasks import distillation, served
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task, each_example, require_kind, softmax
from tfft.tasks.class_weights import ClassWeights, check_weights, weights_of, written_weights


def classification(
    labels: LabelSpace | Sequence[str],
    pooling: Pooling = "auto",
    hidden: tuple[int, ...] = (),
    dropout: float = 0.0,
    label_smoothing: float = 0.0,
    class_weights: ClassWeights = None,
) -> Task:
    """Make a task with one class for each example: softmax cross-entropy on logits.

    Args:
        labels: ``data.labels``, or class names in the order of their ids.
        pooling: The pooling of feature maps and sequences: ``"average"``, ``"max"``, ``"flatten"``; for sequences also ``"first"``
            (BERT's ``[CLS]``) and ``"last"``. ``"auto"`` is the last step for GPT-2 and the average for all others.
        hidden: The widths of Dense + ReLU layers before the logits.
        dropout: The dropout rate before each Dense layer, in [0, 1).
        label_smoothing: The fraction of each target that is spread evenly over all classes, in [0, 1).
        class_weights: With ``"balanced"``, the weight of a class is n / (classes * its count) in the training part. A mapping gives
            a positive weight for each class name. With None, all examples have the same weight.

    Returns:
        A Task whose logits have shape (batch, classes).

    Raises:
        TaskError: When the labels are of another kind, there are fewer than two classes, or an option is out of range.

    Example:
        >>> classification(["ants", "bees"]).decode(np.array([0.25, 0.75])).label
        'bees'

    Source:
        Label smoothing: Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7. ``"balanced"``: the rule of
        scikit-learn's ``compute_class_weight`` (King and Zeng 2001).
    """
    space = LabelSpace.of(labels)
    require_kind(space, "single", "classification")
    if len(space) < 2:
        raise TaskError("Classification needs at least two classes.", repr(space.names), "Add another class.")
    if not isinstance(label_smoothing, Real) or not 0 <= label_smoothing < 1:
        raise TaskError(f"label_smoothing={label_smoothing!r} must be in [0, 1).", fix="0.1 is common.")
    check_weights(class_weights, space)

    def loss() -> Any:
        import keras

        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)

    def metrics() -> list[Any]:
        import keras

        return [keras.metrics.CategoricalAccuracy(name="accuracy")]

    def decode(probabilities: np.ndarray, item: Any = None) -> Answer:
        best = int(probabilities.argmax())
        scores = dict(zip(space.names, map(float, probabilities), strict=True))
        return Answer(space.names[best], float(probabilities[best]), scores)

    return Task(
        name="classification",
        labels=space,
        head=VectorHead(pooling, hidden, dropout),
        outputs=len(space),
        loss=loss,
        metrics=metrics,
        encode=each_example(lambda ids: np.asarray(ids)[:, None] == np.arange(len(space))),
        probabilities=softmax,
        decode=decode,
        measures=classes.measures(len(space)),
        score=lambda examples, found: classes.ClassScores(space, examples.targets, found),
        options={
            "pooling": pooling,
            "hidden": tuple(hidden),
            "dropout": dropout,
            "label_smoothing": label_smoothing,
            "class_weights": written_weights(class_weights),
        },
        class_weight=lambda counts: weights_of(class_weights, space, counts),
        served=served.one_class(space.names),
        distillation=distillation.ONE_CLASS,
        solve=None if hidden or dropout or label_smoothing else solve_classes,
    )
