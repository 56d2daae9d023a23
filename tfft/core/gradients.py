"""The gradient of a loss, computed at once, without a training loop around it."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


def gradient(net: "keras.Model", loss: Any, inputs: Any, targets: np.ndarray) -> np.ndarray:
    """How the loss of one batch changes with each value that trains; dropout is off, so that it is the same every time.

    Args:
        net: With variables that train.
        loss: A Keras loss of (targets, logits).
        inputs: As the net takes them, shape (batch, ...).
        targets: float32, shape (batch, outputs).

    Returns:
        float32, shape (values that train,), in the order of ``net.trainable_variables``; 0 where the loss does not depend on one.

    Example:
        >>> import keras
        >>> net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        >>> gradient(net, keras.losses.MeanSquaredError(), np.array([[3.0]]), np.array([[1.0]])).tolist()
        [12.0]
    """
    import tensorflow as tf

    variables = [variable.value for variable in net.trainable_variables]
    with tf.GradientTape() as tape:
        value = loss(targets, net(inputs, training=False))
    found = tape.gradient(value, variables, unconnected_gradients="zero")
    return np.concatenate([np.asarray(part, np.float32).ravel() for part in found])
