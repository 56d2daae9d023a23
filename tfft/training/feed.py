"""What a phase reads: batches to train and to validate on, which weigh classes alike, and the loss of the weights as they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfft.core.strategy import replicas
from tfft.data.examples import Splits
from tfft.data.pipeline import Training, evaluation_batches, readable, steps, training_batches, usable
from tfft.models.assembly import TransferModel
from tfft.plans.phase import Phase
from tfft.preprocess import views

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
        class_weight: Class id to weight; None for equal weights.

    Returns:
        Batches of (uint8 (batch, height, width, 3), float32 (batch, outputs)), and float32 (batch,) weights where there are any.
    """
    return _weighted(
        evaluation_batches(data.validation, model.preprocessor, model.task.encode, batch_size), class_weight
    )


def training_feed(
    model: TransferModel,
    data: Splits,
    phase: Phase,
    batch_size: int,
    epochs: range,
    seed: int,
    class_weight: Mapping[int, float] | None,
) -> dict[str, Any]:
    """What Keras' ``fit`` reads in one phase.

    Args:
        model: Tells how to read images and encode targets.
        data: With training and validation parts.
        phase: Tells how pictures are changed.
        batch_size: Examples in a batch.
        epochs: Numbers of the epochs within the run.
        seed: Orders the examples and draws the changes.
        class_weight: Class id to weight; None for equal weights. A mixed example weighs what its shares weigh, which Keras' own
            ``class_weight`` does not know.

    Returns:
        Keyword arguments: the batches of all epochs, as ``validation_batches`` has them, and step counts.
    """

    def read(item: Any, random: np.random.Generator) -> np.ndarray:
        return views.read(item, model.preprocessor, phase.augment, random)

    def mix(pixels: np.ndarray, targets: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return views.mix(pixels, targets, phase.augment, random)

    how = Training(read, model.task.encode, mix, batch_size, replicas(model.strategy))
    return {
        "x": _weighted(training_batches(data.train, how, epochs, seed), class_weight),
        "steps_per_epoch": steps(usable(len(data.train), batch_size, how.copies), batch_size),
        # said, so that Keras keeps one iterator, which reads ahead while the next epoch trains
        "validation_steps": steps(len(data.validation), batch_size),
    }


def _weighted(batches: "tf.data.Dataset", class_weight: Mapping[int, float] | None) -> "tf.data.Dataset":
    import tensorflow as tf

    if class_weight is None:
        return batches
    weights = tf.constant([class_weight[index] for index in range(len(class_weight))], tf.float32)
    return batches.map(lambda pixels, targets: (pixels, targets, tf.linalg.matvec(targets, weights)))


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
