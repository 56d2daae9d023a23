"""One real number, or several, for each example."""

from typing import Any

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.heads.vector import Pooling, VectorHead
from tfft.tasks.base import Answer, Task, require_kind


def regression(
    labels: LabelSpace,
    pooling: Pooling = "auto",
    hidden: tuple[int, ...] = (),
    dropout: float = 0.0,
) -> Task:
    """Learn quantities: squared error on targets that are standardised by the training part's mean and deviation.

    The mean and scale travel in the label space, so that answers come back in the user's own unit wherever the model goes.

    Args:
        labels: ``data.labels`` of kind ``"real"``, with mean and scale.
        pooling: How feature maps and sequences become vectors: ``"average"``, ``"max"``, ``"flatten"``; of sequences also
            ``"first"`` (BERT's ``[CLS]``) and ``"last"``; ``"auto"`` is the last for GPT-2 and the average for all others.
        hidden: Widths of Dense + ReLU layers in front of the outputs.
        dropout: Share of values dropped in front of each Dense layer, in [0, 1); 0 by default, since dropout shifts the variance
            that a squared error sees (Li et al. 2019, "Disharmony between Dropout and Batch Normalization by Variance Shift").

    Returns:
        A Task whose outputs have shape (batch, quantities).

    Raises:
        TaskError: When labels are of another kind or an option is out of range.

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
            """Mean absolute error of each example in the user's own unit, float32 of shape (batch,).

            Args:
                targets: Standardised, float32, shape (batch, quantities).
                outputs: Likewise, from the head.
            """
            return keras.ops.mean(keras.ops.abs(targets - outputs) * keras.ops.cast(scale, outputs.dtype), axis=-1)

        return [keras.metrics.MeanMetricWrapper(mae, name="mae")]

    def decode(quantities: np.ndarray) -> Answer:
        return Answer(None, None, dict(zip(labels.names, map(float, quantities), strict=True)))

    return Task(
        name="regression",
        labels=labels,
        head=VectorHead(pooling, hidden, dropout),
        loss=loss,
        metrics=metrics,
        encode=lambda raw: ((raw - mean) / scale).astype(np.float32),
        probabilities=lambda outputs: outputs.astype(np.float64) * scale + mean,
        decode=decode,
        options={"pooling": pooling, "hidden": tuple(hidden), "dropout": dropout},
    )
