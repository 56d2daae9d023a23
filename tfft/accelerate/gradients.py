"""The gradient of a loss, without a training loop around it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.accelerate import convolutions

if TYPE_CHECKING:
    import keras


@contextmanager
def forgotten() -> Iterator[None]:
    """Let go, at the end, of the graphs in which gradients of our own were traced.

    TensorFlow 2.21 enters every ``custom_gradient`` of a graph into a table that it never clears. The entry holds the graph, and
    the graph the memory of every variable it reads: 245 MB of each training of MiniLM stayed. Once a step is traced nobody looks
    there; but another thread of the process must not be tracing one when this ends.

    Yields:
        Nothing.
    """
    from tensorflow.python.framework import ops

    table: dict[str, Any] = getattr(ops.gradient_registry, "_registry", {})
    before = set(table)
    try:
        yield
    finally:
        for name in [name for name in table if name.startswith("CustomGradient-") and name not in before]:
            del table[name]


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
