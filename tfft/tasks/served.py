"""Answers in a TensorFlow graph: what a SavedModel returns for the logits of a batch."""

from collections.abc import Callable, Sequence
from typing import Any

Served = Callable[[Any], dict[str, Any]]


def one_class(names: Sequence[str]) -> Served:
    """Return the most probable class of each example.

    Args:
        names: The class names in the order of their ids.

    Returns:
        A function: logits, float32 of shape (batch, classes) -> ``label``, strings of shape (batch,); ``probability``, float32 of
        shape (batch,), in [0, 1]; and ``probabilities``, float32 of shape (batch, classes).

    Example:
        >>> import tensorflow as tf
        >>> found = one_class(["ants", "bees"])(tf.constant([[0.0, 3.0]]))
        >>> found["label"].numpy().tolist(), round(float(found["probability"][0]), 4)
        ([b'bees'], 0.9526)
    """

    def run(logits: Any) -> dict[str, Any]:
        import tensorflow as tf

        probabilities = tf.nn.softmax(logits)
        best = tf.argmax(probabilities, axis=-1)
        return {
            "label": tf.gather(tf.constant(list(names)), best),
            "probability": tf.reduce_max(probabilities, axis=-1),
            "probabilities": probabilities,
        }

    return run


def several_classes(thresholds: Sequence[float]) -> Served:
    """Return which classes are predicted for each example.

    Args:
        thresholds: The smallest probability at which each class is predicted, in (0, 1).

    Returns:
        A function: logits, float32 of shape (batch, classes) -> ``predicted``, bool of shape (batch, classes), and
        ``probabilities``, float32 of the same shape.

    Example:
        >>> import tensorflow as tf
        >>> several_classes([0.5, 0.9])(tf.constant([[1.0, 1.0]]))["predicted"].numpy().tolist()
        [[True, False]]
    """

    def run(logits: Any) -> dict[str, Any]:
        import tensorflow as tf

        probabilities = tf.sigmoid(logits)
        return {"predicted": probabilities >= tf.constant(list(thresholds)), "probabilities": probabilities}

    return run


def quantities(mean: Sequence[float], scale: Sequence[float]) -> Served:
    """Return quantities in the unit of the user.

    Args:
        mean: The mean of each quantity in the training part.
        scale: Its standard deviation.

    Returns:
        A function: outputs, float32 of shape (batch, quantities) -> ``values``, float32 of the same shape.

    Example:
        >>> import tensorflow as tf
        >>> quantities([40.0], [10.0])(tf.constant([[0.5]]))["values"].numpy().tolist()
        [[45.0]]
    """

    def run(outputs: Any) -> dict[str, Any]:
        import tensorflow as tf

        return {"values": outputs * tf.constant(list(scale), tf.float32) + tf.constant(list(mean), tf.float32)}

    return run


def pixel_classes(logits: Any) -> dict[str, Any]:
    """Return the class of each pixel, at the input size of the net.

    Args:
        logits: float32, shape (batch, height, width, classes).

    Returns:
        ``mask``, class ids as uint8 of shape (batch, height, width), and ``probability``, float32 of the same shape.

    Example:
        >>> import tensorflow as tf
        >>> pixel_classes(tf.constant([[[[0.0, 3.0]]]]))["mask"].numpy().tolist()
        [[[1]]]
    """
    import tensorflow as tf

    probabilities = tf.nn.softmax(logits)
    return {
        "mask": tf.cast(tf.argmax(probabilities, axis=-1), tf.uint8),
        "probability": tf.reduce_max(probabilities, axis=-1),
    }
