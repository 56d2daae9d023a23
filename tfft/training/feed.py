"""What a phase validates on: batches that weigh classes as training does, and the loss of the weights as they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfft.data.examples import Splits
from tfft.data.pipeline import evaluation_batches, readable, steps, training_batches
from tfft.models.assembly import TransferModel

if TYPE_CHECKING:
    import tensorflow as tf


def validation_batches(
    model: TransferModel, data: Splits, batch_size: int, class_weight: Mapping[int, float] | None
) -> "tf.data.Dataset":
    """The validation part in batches, with the class weights of the training part as sample weights.

    Without them the validation loss, by which the best epoch is chosen, would pick the epoch that ignores the rare classes.

    Args:
        model: Tells how to read images and encode targets.
        data: With a validation part.
        batch_size: Examples in a batch.
        class_weight: Class id to weight, as Keras' ``fit`` takes it; None for equal weights.

    Returns:
        Batches of (uint8 (batch, height, width, 3), float32 (batch, outputs)), and float32 (batch,) weights where there are any.
    """
    import tensorflow as tf

    batches = evaluation_batches(data.validation, model.preprocessor, model.task.encode, batch_size)
    if class_weight is None:
        return batches
    weights = tf.constant([class_weight[index] for index in range(model.task.outputs)], tf.float32)
    return batches.map(lambda pixels, one_hot: (pixels, one_hot, tf.linalg.matvec(one_hot, weights)))


def phase_feed(model: TransferModel, data: Splits, batch_size: int, epochs: range, seed: int) -> dict[str, Any]:
    """What Keras' ``fit`` reads in one phase.

    Args:
        model: Tells how to read images and encode targets.
        data: With training and validation parts.
        batch_size: Examples in a batch.
        epochs: Numbers of the epochs within the run.
        seed: Orders the examples.

    Returns:
        Keyword arguments: the batches of all epochs, (uint8 (batch, height, width, 3), float32 (batch, outputs)), and step counts.
    """
    return {
        "x": training_batches(data.train, model.preprocessor, model.task.encode, batch_size, epochs, seed),
        "steps_per_epoch": steps(len(data.train), batch_size),
        # said, so that Keras keeps one iterator, which reads ahead while the next epoch trains
        "validation_steps": steps(len(data.validation), batch_size),
    }


def loss_now(net: keras.Model, batches: "tf.data.Dataset", count: int, batch_size: int) -> float | None:
    """Validation loss of the weights as they are, so that the first phase has something to beat as well.

    Args:
        net: Compiled.
        batches: From ``validation_batches``.
        count: Examples in them.
        batch_size: Examples in a batch.

    Returns:
        The loss; None when it is not a finite number.

    Raises:
        DataError: When an image cannot be read.
    """
    with readable():
        found = net.evaluate(batches, steps=steps(count, batch_size), verbose=0, return_dict=True)
    return float(found["loss"]) if np.isfinite(found["loss"]) else None
