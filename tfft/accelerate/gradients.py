"""Compute the gradient of a loss without a training loop, and free the memory that gradients leave behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.accelerate import convolutions

if TYPE_CHECKING:
    import keras


@contextmanager
def forgotten() -> Iterator[None]:
    """At the end of this context, free the graphs in which custom gradients were traced.

    TensorFlow 2.21 stores every ``custom_gradient`` of a graph in a table and never clears it. An entry keeps its graph, and the
    graph keeps the memory of all variables that it reads: 245 MB after each training of MiniLM. Traced steps do not need the table
    any more. However, no other thread of the process may be tracing when the context ends.

    Yields:
        None.
    """
    from tensorflow.python.framework import ops

    table: dict[str, Any] = getattr(ops.gradient_registry, "_registry", {})
    before = set(table)
    try:
        yield
    finally:
        for name in [name for name in table if name.startswith("CustomGradient-") and name not in before]:
            del table[name]


def gradient(net: "keras.Model", loss: Any, strategy: Any = None) -> Callable[[Any, np.ndarray], np.ndarray]:
    """Make a function that computes the gradient of the loss of a batch, with the operations that are used in training.

    Dropout is off and norms are in inference mode, so that repeated calls give the same result and change nothing.

    Args:
        net: A net with trainable variables.
        loss: A Keras loss of (targets, logits).
        strategy: The strategy of the net; None for a single device. Every replica computes the gradient of the whole batch.

    Returns:
        A function, traced once for each kind of input. It takes the inputs of the net, shape (batch, ...), and float32 targets,
        shape (batch, outputs). It returns the gradient as float32, shape (trainable values,), in the order of
        ``net.trainable_variables``. The gradient is 0 for variables that do not affect the loss.

    Example:
        >>> import keras
        >>> net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        >>> gradient(net, keras.losses.MeanSquaredError())(np.array([[3.0]]), np.array([[1.0]])).tolist()
        [12.0]
    """
    import tensorflow as tf

    def differentiated(inputs: Any, targets: Any) -> Any:
        variables = [variable.value for variable in net.trainable_variables]
        with tf.GradientTape() as tape, convolutions.differentiated():
            value = loss(targets, net(inputs, training=False))
        found = tape.gradient(value, variables, unconnected_gradients="zero")
        return tf.concat([tf.reshape(tf.cast(part, tf.float32), [-1]) for part in found], axis=0)

    @tf.function
    def replicated(inputs: Any, targets: Any) -> Any:
        # outside of a replica, a distributed variable has no value that a gradient could be taken of
        return (
            differentiated(inputs, targets)
            if strategy is None
            else strategy.run(differentiated, args=(inputs, targets))
        )

    def computed(inputs: Any, targets: np.ndarray) -> np.ndarray:
        found = replicated(inputs, targets)
        return (found if strategy is None else strategy.experimental_local_results(found)[0]).numpy()

    return computed
