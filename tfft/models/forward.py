"""Compute the outputs of a net for a sequence of batches."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.strategy import on_each

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def forward(
    net: "keras.Model", batches: "tf.data.Dataset", named: Callable[[Sequence[Any]], Any], copies: int = 1
) -> np.ndarray:
    """Compute the outputs of a net in inference mode, traced once for batches of all sizes.

    Keras' ``predict`` is not used on a single device, because Keras 3.15 traces the net again for the first few shapes of batches.

    Args:
        net: A functional model.
        batches: One or more batches of (inputs, targets). The inputs are one tensor or a tuple of tensors, each of shape (batch,
            ...). The targets are ignored.
        named: A function: tuple of inputs -> the inputs in the form that the net takes, such as ``TextPreprocessor.named``.
        copies: The number of replicas of the net's strategy.

    Returns:
        float32, shape (n, outputs).

    Example:
        >>> import keras, tensorflow as tf
        >>> pixels = keras.Input((2,))
        >>> net = keras.Model(pixels, keras.ops.sum(pixels, axis=1, keepdims=True))
        >>> batches = tf.data.Dataset.from_tensor_slices((np.ones((3, 2), np.float32), [0, 1, 0])).batch(2)
        >>> forward(net, batches, lambda inputs: inputs[0]).tolist()
        [[2.0], [2.0], [2.0]]
    """
    inputs = batches.map(lambda taken, _: named(taken if isinstance(taken, tuple) else (taken,)))
    if copies > 1:
        # on a GPU, Keras would let XLA compile the net again for each length of texts
        net.jit_compile = False
        return np.asarray(net.predict(inputs.map(_alone), verbose=0))
    import tensorflow as tf

    # a concrete function, because TensorFlow warns about retracing when the same line makes a fifth tf.function
    signature = [inputs.element_spec]
    traced = tf.function(lambda batch: net(batch, training=False), signature, autograph=False).get_concrete_function()
    return np.concatenate([traced(batch).numpy() for batch in inputs])


def forward_on_each(
    strategy: "tf.distribute.Strategy | None",
    net: "keras.Model",
    batches: "tf.data.Dataset",
    named: Callable[[Sequence[Any]], Any],
) -> np.ndarray:
    """Compute the outputs of a net in inference mode on the replicas of a strategy, without Keras' ``predict``.

    Args:
        strategy: The strategy of the net; None for a single device.
        net: As for ``forward``.
        batches: As for ``forward``, with sizes that the replicas divide.
        named: As for ``forward``.

    Returns:
        float32, shape (n, outputs).

    Example:
        >>> import keras, tensorflow as tf
        >>> pixels = keras.Input((2,))
        >>> net = keras.Model(pixels, keras.ops.sum(pixels, axis=1, keepdims=True))
        >>> batches = tf.data.Dataset.from_tensor_slices((np.ones((3, 2), np.float32), [0, 1, 0])).batch(2)
        >>> forward_on_each(None, net, batches, lambda inputs: inputs[0]).tolist()
        [[2.0], [2.0], [2.0]]
    """

    def answers(inputs: Any, _: Any) -> list[Any]:
        return [net(named(inputs if isinstance(inputs, tuple) else (inputs,)), training=False)]

    return np.concatenate([found for (found,) in on_each(strategy, answers)(batches)])


def _alone(*inputs: Any) -> Any:
    """Put the inputs into a tuple of one element; otherwise Keras would use the second tensor of a cut as targets."""
    return (inputs if len(inputs) > 1 else inputs[0],)
