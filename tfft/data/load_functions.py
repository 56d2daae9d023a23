"""Turn a Loading into a function of a TensorFlow graph: rows of arrays in memory, or calls of Python."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfft.core.values import Loaded
from tfft.data.loading import Loading

HEADER = 2
"""The number of values before the positions in each element of a dataset of positions."""


def load_function(loading: Loading, epoch: int) -> tuple[Callable[[Any], Loaded], Callable[..., Any] | None]:
    """Return a function that loads the examples of a batch.

    Args:
        loading: How examples become arrays.
        epoch: An epoch for which one example may be loaded now, to learn shapes and dtypes.

    Returns:
        A function: a row of ``HEADER`` values and then positions, int64, with -1 at the end for none -> Loaded, as tensors of shape
        (batch, ...). Then the Python function that it calls, if any.
    """
    return (_gathering(loading.held), None) if loading.held is not None else _calling(loading, epoch)


def _gathering(held: Loaded) -> Callable[[Any], Loaded]:
    """Return a function that takes rows of arrays in memory, without calling Python."""
    import tensorflow as tf

    # without None, which is a leaf of a structure for TensorFlow
    arrays = (dict(held.inputs), held.targets, *(() if held.counted is None else (held.counted,)))
    tensors = tf.nest.map_structure(tf.constant, arrays)

    def load(row: Any) -> Loaded:
        positions = row[HEADER : HEADER + tf.math.count_nonzero(row[HEADER:] >= 0)]
        return Loaded(*tf.nest.map_structure(lambda tensor: tf.gather(tensor, positions), tensors))

    return load


def _calling(loading: Loading, epoch: int) -> tuple[Callable[[Any], Loaded], Callable[..., Any]]:
    """Return a function that calls ``loading.load`` in the threads of the pipeline, and the Python function that they call."""
    import tensorflow as tf

    # load one example to learn shapes and dtypes
    first = loading.load(epoch, np.array([0]))
    names, given = list(first.inputs), loading.shapes or {}
    others = [array for array in (first.targets, first.counted) if array is not None]
    shapes = [(None, *given.get(name, array.shape[1:])) for name, array in first.inputs.items()]
    # where each token has a target, targets are as long as the inputs
    by_token = loading.lengths is not None and first.counted is not None
    shapes += [
        (None, given[names[0]][0], *array.shape[2:]) if by_token and array.ndim > 1 else (None, *array.shape[1:])
        for array in others
    ]
    kinds = [tf.as_dtype(array.dtype) for array in (*first.inputs.values(), *others)]
    # numpy_function does not take bfloat16, so its bits travel as integers
    bits = [tf.uint16 if kind == tf.bfloat16 else kind for kind in kinds]

    def called(row: np.ndarray) -> list[np.ndarray]:
        found = loading.load(int(row[0]), row[HEADER:][row[HEADER:] >= 0])
        others = [] if found.counted is None else [found.counted]
        arrays = [*(found.inputs[name] for name in names), found.targets, *others]
        return [array.view(bit.as_numpy_dtype) for array, bit in zip(arrays, bits, strict=True)]

    def load(row: Any) -> Loaded:
        # Pillow releases the GIL while it decodes and resizes, so parallel calls use all cores
        found = tf.numpy_function(called, [row], bits, stateful=False)
        tensors = [
            tf.ensure_shape(tf.bitcast(array, kind) if kind == tf.bfloat16 else array, shape)
            for array, kind, shape in zip(found, kinds, shapes, strict=True)
        ]
        return Loaded(dict(zip(names, tensors, strict=False)), *tensors[len(names) :])

    return load, called
