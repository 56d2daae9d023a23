"""The gradient of a loss, without a training loop around it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core import convolutions

if TYPE_CHECKING:
    import keras


def gradient(net: "keras.Model", loss: Any) -> Callable[[Any, np.ndarray], np.ndarray]:
    """How the loss of a batch changes with each value that trains, computed as in training.

    Dropout is off and norms that train are in inference mode, so that it is the same every time and changes nothing.

    Args:
        net: With variables that train.
        loss: A Keras loss of (targets, logits).

    Returns:
        A function, traced once for each kind of input: inputs as the net takes them, shape (batch, ...), and float32 targets,
        shape (batch, outputs) -> float32, shape (values that train,), in the order of ``net.trainable_variables``; 0 where the
        loss does not depend on one.

    Example:
        >>> import keras
        >>> net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        >>> gradient(net, keras.losses.MeanSquaredError())(np.array([[3.0]]), np.array([[1.0]])).tolist()
        [12.0]
    """
    import tensorflow as tf

    @tf.function
    def differentiated(inputs: Any, targets: Any) -> Any:
        variables = [variable.value for variable in net.trainable_variables]
        with tf.GradientTape() as tape, convolutions.differentiated():
            value = loss(targets, net(inputs, training=False))
        found = tape.gradient(value, variables, unconnected_gradients="zero")
        return tf.concat([tf.reshape(tf.cast(part, tf.float32), [-1]) for part in found], axis=0)

    return lambda inputs, targets: differentiated(inputs, targets).numpy()
