"""Losses and metrics of a class for each pixel. Pixels with the class id 255 are ignored."""

from collections.abc import Callable
from typing import Any

from tfft.core.label_values import IGNORED


def cross_entropy() -> Any:
    """Make softmax cross-entropy: targets of shape (batch, height, width) and logits -> losses of the same shape as the targets."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)


def dice() -> Any:
    """Make the Dice loss: one minus the mean overlap of the classes that are in the mask of an image.

    Each pixel of an image has the loss of its image, so the mean over pixels is the mean over images, weighted by their pixels.
    It does not depend on the other images of a batch, and replicas give the results of one device.
    """
    import keras
    from keras import ops

    class Dice(keras.losses.Loss):
        """The Dice loss of each image, for each of its pixels."""

        def call(self, y_true: Any, y_pred: Any) -> Any:
            classes = y_pred.shape[-1]
            there = ops.cast(ops.not_equal(y_true, IGNORED), y_pred.dtype)
            # one_hot gives a row of zeros to an id outside of the classes, such as that of ignored pixels
            own = ops.one_hot(ops.cast(y_true, "int32"), classes, dtype=y_pred.dtype)
            said = ops.softmax(y_pred, axis=-1) * there[..., None]
            both, true = ops.sum(own * said, axis=(1, 2)), ops.sum(own, axis=(1, 2))
            overlap = 2 * both / ops.maximum(true + ops.sum(said, axis=(1, 2)), 1.0)
            occurs = ops.cast(true > 0, y_pred.dtype)
            mean = ops.sum(overlap * occurs, axis=-1) / ops.maximum(ops.sum(occurs, axis=-1), 1.0)
            return (1 - mean)[:, None, None] * ops.ones_like(there)

    return Dice(name="dice")


def mean_iou(classes: int) -> Any:
    """Make a metric: the mean IoU of the classes that occur, over all pixels since it was reset.

    Args:
        classes: The number of classes.

    Returns:
        A Keras metric of targets of shape (batch, height, width) and logits.
    """
    import keras
    from keras import ops

    class MeanIoU(keras.metrics.MeanIoU):
        """Keras' metric, for weights of 0 and 1 that are floats, which it warns about."""

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return super().update_state(y_true, y_pred, ops.cast(sample_weight, "int32"))

    return MeanIoU(classes, name="mean_iou", sparse_y_pred=False, ignore_class=IGNORED)


LOSSES: dict[str, Callable[[], Any]] = {"cross_entropy": cross_entropy, "dice": dice}
"""Name -> function that makes a loss."""
