"""Batches of one fixed size, for devices whose steps are compiled for fixed shapes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.values import Batch
from tfft.data.loading import Loading
from tfft.data.pipeline import evaluation_batches, steps

if TYPE_CHECKING:
    import tensorflow as tf


def filled(batches: "tf.data.Dataset", size: int) -> "tf.data.Dataset":
    """Fill smaller batches up with their own examples, which do not count again.

    Loss, metrics and gradients stay the same. Only normalisation layers that train see the repeated examples.

    Args:
        batches: A dataset of Batch, each with 1 to ``size`` examples.
        size: The number of examples in every batch of the result.

    Returns:
        A dataset of Batch. The first axis of every tensor is ``size``, also in its ``element_spec``.

    Example:
        >>> from tfft.core.values import Loaded
        >>> from tfft.data.pipeline import validation_batches
        >>> loading = Loading(3, lambda _, chosen: Loaded({"x": chosen * 1.0}, chosen * 10.0))
        >>> for batch in filled(validation_batches(loading, batch_size=2), 2).as_numpy_iterator():
        ...     print(batch.inputs["x"], batch.counted)
        [0. 1.] [1. 1.]
        [2. 2.] [1. 0.]
    """

    def fill(batch: Batch) -> Batch:
        import tensorflow as tf

        return cyclic(batch, tf.range(size), tf.shape(batch.targets)[0])

    return batches.map(fill)


def cyclic(batch: Batch, positions: Any, count: Any) -> Batch:
    """Take examples of a batch; positions after its end begin again at its first example, and do not count.

    Args:
        batch: A Batch.
        positions: int32, shape (m,).
        count: The number of examples in the batch.

    Returns:
        A Batch of m examples.

    Example:
        >>> found = cyclic(Batch({"x": np.array([7, 8])}, np.zeros((2, 1)), np.ones(2), np.ones(2)), np.arange(1, 4), 2)
        >>> found.inputs["x"].numpy().tolist(), found.counted.numpy().tolist()
        ([8, 7, 8], [1.0, 0.0, 0.0])
    """
    import tensorflow as tf

    found: Batch = tf.nest.map_structure(lambda tensor: tf.gather(tensor, tf.math.floormod(positions, count)), batch)
    return found.only(positions < count)


def full_batches(loading: Loading, batch_size: int, positions: np.ndarray, copies: int = 1) -> "tf.data.Dataset":
    """Make batches for an evaluation as ``evaluation_batches`` does, all of the same size.

    Args:
        loading: How examples become arrays.
        batch_size: The maximum number of examples in a batch.
        positions: The positions of the examples to take, int64, shape (m,), at least one.
        copies: The number of replicas that share each batch equally.

    Returns:
        A dataset of (inputs, targets), each of shape (size, ...), also in its ``element_spec``. The last example is repeated at the
        end, so the first m results are those of ``positions``.

    Example:
        >>> from tfft.core.values import Loaded
        >>> loading = Loading(5, lambda _, chosen: Loaded({"x": chosen * 1.0}, chosen * 10.0))
        >>> for inputs, _ in full_batches(loading, 3, np.arange(5), copies=2).as_numpy_iterator():
        ...     print(inputs["x"])
        [0. 1.]
        [2. 3.]
        [4. 4.]
    """
    import tensorflow as tf

    shares = min(max(1, batch_size // copies), steps(len(positions), copies))
    size = shares * copies
    positions = np.append(positions, np.repeat(positions[-1:], -len(positions) % size))

    def sized(tensor: Any) -> Any:
        return tf.ensure_shape(tensor, (size, *tensor.shape[1:]))

    batches = evaluation_batches(loading, size, positions, copies)
    return batches.map(lambda *batch: tf.nest.map_structure(sized, batch))
