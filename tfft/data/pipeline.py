"""Turn a Loading into a ``tf.data.Dataset`` of batches; only this module shuffles, loads, batches and prefetches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.errors import DataError
from tfft.core.machine import cores
from tfft.core.python_functions import owned
from tfft.core.seed import derive
from tfft.core.values import Batch
from tfft.data import length_bucketing
from tfft.data.load_functions import HEADER, load_function
from tfft.data.loading import Loading
from tfft.data.shares import BATCHES_AHEAD, Share, shared

if TYPE_CHECKING:
    import tensorflow as tf


def order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Shuffle the positions for one epoch; the order depends only on the arguments, so training can continue at any epoch.

    Args:
        count: The number of examples.
        seed: The user's seed.
        epoch: Number of the epoch within the run, from 0.

    Returns:
        int64 positions, shape (count,), a permutation.

    Example:
        >>> sorted(order(4, seed=0, epoch=0).tolist())
        [0, 1, 2, 3]
        >>> np.array_equal(order(50, seed=0, epoch=3), order(50, seed=0, epoch=4))
        False
    """
    return np.random.default_rng([derive(seed, "shuffle"), epoch]).permutation(count)


def steps(count: int, batch_size: int) -> int:
    """Count the batches in one epoch; the last one may be smaller.

    Args:
        count: The number of examples.
        batch_size: Examples in a full batch, the first axis of its arrays' shape.

    Returns:
        ``ceil(count / batch_size)``.

    Example:
        >>> steps(10, batch_size=4)
        3
    """
    return -(-count // batch_size)


def training_batches(
    loading: Loading,
    batch_size: int,
    epochs: range,
    seed: int,
    replicas: int = 1,
    first_step: int = 0,
    own: range | None = None,
) -> "tf.data.Dataset":
    """Make the batches of several epochs as one dataset, from any step on, so that reading never pauses between epochs.

    Args:
        loading: How examples become arrays.
        batch_size: Examples in a full batch, over all replicas; the last of an epoch may be smaller.
        epochs: Numbers of the epochs within the run; each has its own order.
        seed: The user's seed.
        replicas: The number of replicas that share each batch.
        first_step: The number of the first batch, counted from 0 at the beginning of the first epoch.
        own: The numbers of the replicas of this process, whose shares alone are read; None for all.

    Returns:
        A dataset of Batch, ``(len(epochs) * steps(...) - first_step) * len(own)`` elements long: the shares of the first batch,
        one for each replica, then those of the second batch, and so on. No example is left out.
    """
    import tensorflow as tf

    share = Share(replicas, own, loading.together)
    over, within = divmod(first_step, steps(loading.count, batch_size))
    first_epoch = epochs.start + over

    def rows(epoch: np.ndarray) -> np.ndarray:
        chosen = order(loading.count, seed, int(epoch))
        random = np.random.default_rng([derive(seed, "batches"), int(epoch)])
        groups = length_bucketing.batches(chosen, batch_size, loading.lengths, random)
        return _rows(int(epoch), groups[within:] if epoch == first_epoch else groups, share)

    def of_epoch(epoch: Any) -> tf.data.Dataset:
        found = tf.numpy_function(rows, [epoch], tf.int64, stateful=False)
        return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(found, (None, None)))

    ordered = owned(
        tf.data.Dataset.range(first_epoch, epochs.stop).flat_map(tf.autograph.experimental.do_not_convert(of_epoch)),
        rows,
    )
    return shared(_batches(ordered, loading, epochs.start), share)


def validation_batches(
    loading: Loading,
    batch_size: int,
    positions: np.ndarray | None = None,
    replicas: int = 1,
    own: range | None = None,
) -> "tf.data.Dataset":
    """Make batches of all examples, once and in order, for loss and metrics.

    Args:
        loading: How examples become arrays.
        batch_size: The maximum number of examples in a batch, over all replicas.
        positions: The positions of the examples to take, int64, shape (m,); None for all.
        replicas: The number of replicas that share each batch.
        own: As for ``training_batches``.

    Returns:
        A dataset of Batch as in ``training_batches``; it can be iterated again.

    Example:
        >>> from tfft.core.values import Loaded
        >>> loading = Loading(3, lambda _, chosen: Loaded({"x": chosen * 1.0}, chosen * 10.0))
        >>> for batch in validation_batches(loading, batch_size=2, replicas=2).as_numpy_iterator():
        ...     print(batch.inputs["x"], batch.counted)
        [0.] [1.]
        [1.] [1.]
        [2.] [1.]
        [2.] [0.]
    """
    import tensorflow as tf

    positions = np.arange(loading.count) if positions is None else positions
    groups = np.array_split(positions, steps(len(positions), batch_size))
    share = Share(replicas, own, loading.together)
    return shared(_batches(tf.data.Dataset.from_tensor_slices(_rows(0, groups, share)), loading, 0), share)


def evaluation_batches(
    loading: Loading, batch_size: int, positions: np.ndarray | None = None, copies: int = 1
) -> "tf.data.Dataset":
    """Make batches of all examples, once and in order, with sizes as equal as possible.

    Args:
        loading: How examples become arrays.
        batch_size: The maximum number of examples in a batch.
        positions: The positions of the examples to take, int64, shape (m,); None for all.
        copies: The number of replicas that share each batch equally; if necessary, the last example is repeated at the end.

    Returns:
        A dataset as in ``training_batches``, ``steps(...)`` batches long; it can be iterated again.

    Example:
        >>> from tfft.core.values import Loaded
        >>> loading = Loading(7, lambda _, chosen: Loaded({"x": chosen * 1.0}, chosen * 10.0))
        >>> for inputs, targets in evaluation_batches(loading, batch_size=4, copies=2).as_numpy_iterator():
        ...     print(inputs["x"], targets)
        [0. 1. 2. 3.] [ 0. 10. 20. 30.]
        [4. 5. 6. 6.] [40. 50. 60. 60.]
    """
    import tensorflow as tf

    positions = np.arange(loading.count) if positions is None else positions
    positions = np.append(positions, np.repeat(positions[-1:], -len(positions) % copies))
    groups = np.array_split(positions.reshape(-1, copies), evaluation_steps(len(positions), batch_size, copies))
    return _batches(tf.data.Dataset.from_tensor_slices(_rows(0, [group.ravel() for group in groups])), loading, 0).map(
        lambda batch: (batch.inputs, batch.targets)
    )


def evaluation_steps(count: int, batch_size: int, copies: int = 1) -> int:
    """Count the batches of an evaluation.

    Args:
        count: The number of examples.
        batch_size: The maximum number of examples in a batch.
        copies: The number of replicas that share each batch.

    Returns:
        The number of batches, at least 1.

    Example:
        >>> evaluation_steps(7, batch_size=4, copies=2), evaluation_steps(3, batch_size=1, copies=2)
        (2, 2)
    """
    return steps(-(-count // copies), max(1, batch_size // copies))


@contextmanager
def readable() -> Iterator[None]:
    """Convert TensorFlow's error for an input that cannot be read inside of a pipeline back to a DataError.

    Yields:
        Nothing.

    Raises:
        DataError: When an image cannot be read; other errors of TensorFlow pass through.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        if "DataError:" not in str(error.message):
            raise
        reason = str(error.message).split("DataError:", 1)[1].split("\n", 1)[0].strip()
        raise DataError(f"An image can no longer be read: {reason}") from None


def check_batch_size(batch_size: Any) -> None:
    """Refuse a batch size that is not a positive whole number.

    Args:
        batch_size: Examples in a batch.

    Raises:
        DataError: When it is not a whole number of at least 1.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral) or batch_size < 1:
        raise DataError(f"batch_size={batch_size!r} must be a whole number of at least 1.", fix="32 is a good start.")


def _rows(epoch: int, groups: Sequence[np.ndarray], share: Share | None = None) -> np.ndarray:
    """The epoch, whether the examples count, and then the positions of each batch, int64, shape (batches, 2 + largest batch).

    -1 fills smaller batches.
    """
    share = share or Share()
    rows = np.full((len(groups), HEADER + max(map(len, groups), default=0)), -1)
    rows[:, 0] = epoch
    for row, group in zip(rows, groups, strict=True):
        taken = share.of(group)
        row[1] = share.counted(group)
        row[HEADER : HEADER + len(taken)] = taken
    return rows


def _batches(rows: "tf.data.Dataset", loading: Loading, epoch: int) -> "tf.data.Dataset":
    """Load the Batch of each row that ``_rows`` made."""
    import tensorflow as tf

    load, called = load_function(loading, epoch)

    def load_batch(row: Any) -> Batch:
        inputs, targets, each = load(row)
        there = tf.cast(row[1], tf.float32)
        # not tf.repeat, which takes 27 operations more
        counted = tf.fill([tf.shape(targets)[0]], there) if each is None else each * there
        return Batch(inputs, targets, counted, counted)

    loaded = rows.map(
        tf.autograph.experimental.do_not_convert(load_batch), num_parallel_calls=cores(), deterministic=True
    )
    batches = (loaded if called is None else owned(loaded, called)).prefetch(BATCHES_AHEAD)
    options = tf.data.Options()
    # tf.data's autotuner can stall the end of an iterator for seconds (TensorFlow 2.21): every size above is explicit
    options.autotune.enabled = False
    options.deterministic = True
    # nothing here can be fused or removed, and the search for it takes a fifth of the start of a pipeline
    options.experimental_optimization.apply_default_optimizations = False
    return batches.with_options(options)
