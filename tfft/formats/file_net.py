"""A LiteRT file that is called as the Keras net is, so that both go through the same evaluation."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.values import argument_of
from tfft.data.examples import Examples
from tfft.formats.net_files import open_litert

_CALLS, _UNCOUNTED = 20, 3


class FileNet:
    """The net in a LiteRT file, for one device.

    Args:
        path: The path of the file.
        net: The Keras net that was written into it; its inputs and the shape of its logits are those of the file.
    """

    def __init__(self, path: Path, net: Any) -> None:
        self._run, self._inputs, self._shape = open_litert(path), net.inputs, net.outputs[0].shape

    @property
    def distribute_strategy(self) -> Any:
        """The strategy for a single device."""
        import tensorflow as tf

        return tf.distribute.get_strategy()

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """Compute logits, also inside of a graph.

        Args:
            inputs: The only input, or all by name, each of shape (batch, ...).
            training: Not used.

        Returns:
            Logits, a float32 tensor of shape (batch, ..., outputs).
        """
        import tensorflow as tf

        names = [tensor.name for tensor in self._inputs]
        given = inputs if isinstance(inputs, Mapping) else {names[0]: inputs}
        tensors = [tf.cast(given[tensor.name], tensor.dtype) for tensor in self._inputs]

        def run(*arrays: np.ndarray) -> np.ndarray:
            return self._run(dict(zip(names, arrays, strict=True)))

        found = tf.numpy_function(run, tensors, tf.float32)
        found.set_shape(self._shape)
        return found


def seconds_per_example(predictor: Predictor, net: Callable[..., Any], examples: Examples) -> float:
    """Measure the time that a net needs for one example alone, without preprocessing.

    Args:
        predictor: The model, whose preprocessor reads the example.
        net: A Keras net, or a FileNet.
        examples: At least one example; the first one is answered.

    Returns:
        The median of 20 calls, in seconds.
    """
    import tensorflow as tf

    row = predictor.preprocessor(examples.inputs[0])
    given = argument_of({name: tf.constant(array) for name, array in predictor.preprocessor.collate([row]).items()})
    # an argument, because TensorFlow would compute constants once
    traced = tf.function(lambda inputs: net(inputs, training=False), autograph=False)
    found = []
    for _ in range(_UNCOUNTED + _CALLS):
        begun = time.perf_counter()
        traced(given).numpy()
        found.append(time.perf_counter() - begun)
    return float(np.median(found[_UNCOUNTED:]))
