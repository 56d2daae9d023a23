"""One pass of a net over batches, in their order."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def forward(
    net: "keras.Model", batches: "tf.data.Dataset", named: Callable[[Sequence[Any]], Any], copies: int = 1
) -> np.ndarray:
    """What a net answers, traced once for batches of all sizes; Keras 3.15 traces anew for the first few shapes that it meets.

    Args:
        net: Functional; dropout is off.
        batches: At least one, of inputs, each or all of them in a tuple of shape (batch, ...), and targets, which are left out.
        named: A tuple of inputs -> as the net takes them, such as ``TextPreprocessor.named``.
        copies: Replicas of the net's strategy.

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
        # Keras would let XLA compile it on a GPU, anew for each length of texts
        net.jit_compile = False
        return np.asarray(net.predict(inputs.map(_alone), verbose=0))
    import tensorflow as tf

    # a concrete function: TensorFlow warns of a fifth tf.function from the same line as if it were traced anew
    signature = [inputs.element_spec]
    traced = tf.function(lambda batch: net(batch, training=False), signature, autograph=False).get_concrete_function()
    return np.concatenate([traced(batch).numpy() for batch in inputs])


def _alone(*inputs: Any) -> Any:
    """In a tuple of their own, or Keras takes the second tensor of a cut for targets."""
    return (inputs if len(inputs) > 1 else inputs[0],)
