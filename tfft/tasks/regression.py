"""Regression: one or several real numbers for each example."""

from typing import Any

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.heads.solving import solve_quantities
from tfft.heads.vector import Pooling, VectorHead
from tfft.measures import quantities
from tfft.tasks import distillation, served
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task, each_example, require_kind


def regression(
    labels: LabelSpace,
    pooling: Pooling = "auto",
    hidden: tuple[int, ...] = (),
    dropout: float = 0.0,
) -> Task:
    """Make a task that predicts quantities: squared error on standardised targets.

    Targets are standardised with the mean and standard deviation of the training part. The label space holds both, so that a bundle
    returns answers in the unit of the user.

    Args:
        labels: ``data.labels`` of kind ``"real"``, with mean and scale.
        pooling: The pooling of feature maps and sequences: ``"average"``, ``"max"``, ``"flatten"``; for sequences also ``"first"``
            (BERT's ``[CLS]``) and ``"last"``. ``"auto"`` is the last step for GPT-2 and the average for all others.
        hidden: The widths of Dense + ReLU layers before the outputs.
        dropout: The dropout rate before each Dense layer, in [0, 1). The default is 0, because with dropout, values have another
            variance in training than in inference, which affects a squared error (Li et al. 2019, "Disharmony between Dropout and
            Batch Normalization by Variance Shift").

    Returns:
        A Task whose outputs have shape (batch, quantities).

    Raises:
        TaskError: When the labels are of another kind, or an option is out of range.

    Example:
        >>> age = LabelSpace(("age",), "real", mean=(40.0,), scale=(10.0,))
        >>> regression(age).decode(np.array([35.0])).scores
        {'age': 35.0}
    """
    require_kind(labels, "real", "regression")
    mean, scale = np.array(labels.mean), np.array(labels.scale)

    def loss() -> Any:
        import keras

        return keras.losses.MeanSquaredError()

    def metrics() -> list[Any]:
        import keras

        def mae(targets: Any, outputs: Any) -> Any:
            """Return the mean absolute error of each example in the unit of the user, float32, shape (batch,).

            Args:
                targets: Standardised targets, float32, shape (batch, quantities).
                outputs: Standardised outputs of the head, float32, shape (batch, quantities).
            """
            return keras.ops.mean(keras.ops.abs(targets - outputs) * keras.ops.cast(scale, outputs.dtype), axis=-1)

        return [keras.metrics.MeanMetricWrapper(mae, name="mae")]

    def decode(values: np.ndarray, item: Any = None) -> Answer:
        return Answer(None, None, dict(zip(labels.names, map(float, values), strict=True)))

    return Task(
        name="regression",
        labels=labels,
        head=VectorHead(pooling, hidden, dropout),
        outputs=len(labels),
        loss=loss,
        metrics=metrics,
        encode=each_example(lambda raw: (raw - mean) / scale),
        probabilities=lambda outputs: outputs.astype(np.float64) * scale + mean,
        decode=decode,
        measures=quantities.MEASURES,
        score=lambda examples, found: quantities.QuantityScores(labels, examples.targets, found),
        options={"pooling": pooling, "hidden": tuple(hidden), "dropout": dropout},
        mixable=False,
        served=served.quantities(labels.mean, labels.scale),
        distillation=distillation.QUANTITIES,
        solve=None if hidden or dropout else solve_quantities,
    )
