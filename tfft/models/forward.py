"""Compute the outputs of a net for a sequence of batches."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.strategy import on_each

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def forward(
    net: "keras.Model",
    batches: "tf.data.Dataset",
    as_argument: Callable[[Mapping[str, Any]], Any] = dict,
    strategy: "tf.distribute.Strategy | None" = None,
    reduce: Callable[[Any], Any] | None = None,
) -> Iterator[np.ndarray]:
    """Compute the outputs of a net in inference mode, traced once for batches of all sizes.

    Keras' ``predict`` is not used, because Keras 3.15 traces the net again for the first few shapes of batches.

    Args:
        net: A functional model.
        batches: One or more batches of (inputs, targets). The inputs are a dict of tensors, each of shape (batch, ...). The targets
            are ignored.
        as_argument: A function: dict of inputs -> the argument of the net, such as ``argument_of``.
        strategy: The strategy whose replicas share each batch; they must divide its size. None for a single device.
        reduce: A function: outputs of a batch -> a smaller tensor, which is yielded in their place; None for the outputs.

    Yields:
        The outputs of each batch, float32, shape (batch, ..., outputs).

    Example:
        >>> import keras, tensorflow as tf
        >>> pixels = keras.Input((2,))
        >>> net = keras.Model(pixels, keras.ops.sum(pixels, axis=1, keepdims=True))
        >>> batches = tf.data.Dataset.from_tensor_slices(({"pixels": np.ones((3, 2), np.float32)}, [0, 1, 0])).batch(2)
        >>> [found.tolist() for found in forward(net, batches, lambda inputs: inputs["pixels"])]
        [[[2.0], [2.0]], [[2.0]]]
    """

    def answers(inputs: Any) -> Any:
        found = net(as_argument(inputs), training=False)
        return found if reduce is None else reduce(found)

    if strategy is not None:
        yield from (outputs for (outputs,) in on_each(strategy, lambda inputs, _: [answers(inputs)])(batches))
        return
    import tensorflow as tf

    # a concrete function, because TensorFlow warns about retracing when the same line makes a fifth tf.function
    inputs = batches.map(lambda taken, _: (taken,))
    traced = tf.function(answers, inputs.element_spec, autograph=False).get_concrete_function()
    yield from (traced(*batch).numpy() for batch in inputs)
