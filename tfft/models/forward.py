"""One pass of a net over batches, in their order."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def forward(net: "keras.Model", batches: "tf.data.Dataset", copies: int = 1) -> np.ndarray:
    """What a net answers, traced once for batches of all sizes; Keras 3.15 traces anew for the first few shapes that it meets.

    Args:
        net: Functional; dropout is off.
        batches: Of inputs as the net takes them, each shape (batch, ...), the same for all batches but for unknown axes.
        copies: Replicas of the net's strategy.

    Returns:
        float32, shape (n, outputs).
    """
    if copies > 1:
        # Keras would let XLA compile it on a GPU, anew for each length of texts
        net.jit_compile = False
        return np.asarray(net.predict(batches.map(_alone), verbose=0))
    import tensorflow as tf

    traced = tf.function(lambda inputs: net(inputs, training=False), [batches.element_spec], autograph=False)
    return np.concatenate([traced(inputs).numpy() for inputs in batches])


def _alone(*inputs: Any) -> Any:
    """In a tuple of their own, or Keras takes the second tensor of a cut for targets."""
    return (inputs if len(inputs) > 1 else inputs[0],)
