"""Examples -> a ``tf.data.Dataset`` of batches: the one place that orders shuffle, read, batch and prefetch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.errors import DataError
from tfft.core.machine import cores
from tfft.core.seed import derive
from tfft.data.examples import Examples

if TYPE_CHECKING:
    import tensorflow as tf

Reader = Callable[[Any], np.ndarray]
Encoder = Callable[[np.ndarray], np.ndarray]
RandomReader = Callable[[Any, np.random.Generator], np.ndarray]
Mixer = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
_BATCHES_AHEAD = 2


def order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of one epoch: a full shuffle that depends on nothing but its arguments, so any epoch can be entered directly.

    Args:
        count: How many examples.
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
    """Batches in one epoch, the last one possibly smaller.

    Args:
        count: How many examples.
        batch_size: Examples in a full batch.

    Returns:
        ``ceil(count / batch_size)``.

    Example:
        >>> steps(10, batch_size=4)
        3
    """
    return -(-count // batch_size)


def usable(count: int, batch_size: int, copies: int) -> int:
    """Examples of an epoch that can be dealt out to replicas in equal shares; the order of each epoch leaves other ones out.

    Args:
        count: How many examples.
        batch_size: Examples in a full batch, a multiple of ``copies``.
        copies: Replicas that a batch is dealt out to.

    Returns:
        ``count`` less at most ``copies - 1``.

    Example:
        >>> usable(11, batch_size=4, copies=2), usable(11, batch_size=4, copies=1)
        (10, 11)
    """
    return count - count % batch_size % copies


@dataclass(frozen=True)
class Training:
    """How training examples become batches.

    Attributes:
        read: Raw input and a generator -> uint8 pixels, all of one shape (height, width, 3).
        encode: Targets of a batch -> float32, shape (batch, outputs).
        mix: Pixels and encoded targets of a batch, and a generator -> the same of equal shapes.
        batch_size: Examples in a full batch; the last of an epoch may be smaller.
        copies: Replicas that each batch is dealt out to.
    """

    read: RandomReader
    encode: Encoder
    mix: Mixer
    batch_size: int
    copies: int = 1


def training_batches(examples: Examples, how: Training, epochs: range, seed: int) -> "tf.data.Dataset":
    """Batches of several epochs end to end, so that reading never pauses between two of them.

    What is drawn at random depends on the seed, the epoch and the example alone, so it is the same however many threads read.

    Args:
        examples: What to read.
        how: They become batches.
        epochs: Numbers of the epochs within the run; each has its own order.
        seed: The user's seed.

    Returns:
        A dataset of (uint8 (batch, height, width, 3), float32 (batch, outputs)), ``len(epochs) * steps(...)`` batches long.
    """
    draw_seed = derive(seed, "augment")
    whole = usable(len(examples), how.batch_size, how.copies)

    def indices() -> Iterator[np.ndarray]:
        for epoch in epochs:
            for chosen in _slices(order(len(examples), seed, epoch)[:whole], how.batch_size):
                yield np.append(epoch, chosen)

    def load(epoch_and_chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        epoch, *chosen = map(int, epoch_and_chosen)
        images = [how.read(examples.inputs[i], np.random.default_rng([draw_seed, epoch, i])) for i in chosen]
        random = np.random.default_rng([draw_seed, epoch, chosen[0], len(examples)])
        return how.mix(np.stack(images), how.encode(examples.targets[chosen]).astype(np.float32), random)

    return _batches(indices, load, np.array([epochs[0], 0]))


def evaluation_batches(examples: Examples, read: Reader, encode: Encoder, batch_size: int) -> "tf.data.Dataset":
    """Batches of all examples once, in their order, as equal in size as can be: no replica then gets an empty share.

    Args:
        examples: What to read.
        read: Raw input -> uint8 pixels, all of one shape (height, width, 3).
        encode: Targets of a batch -> float32, shape (batch, outputs).
        batch_size: Most examples in a batch.

    Returns:
        A dataset as in ``training_batches``, ``steps(...)`` batches long; it can be iterated again.

    Example:
        >>> from tfft import tasks
        >>> from tfft.data import from_arrays
        >>> from tfft.preprocess.image import ImagePreprocessor
        >>> data = from_arrays(np.random.default_rng(0).integers(0, 255, (20, 10, 12, 3), np.uint8), [0, 1] * 10)
        >>> encode = tasks.classification(data.labels).encode
        >>> batches = evaluation_batches(data.validation, ImagePreprocessor(8, 8), encode, batch_size=3)
        >>> [(pixels.shape, targets.shape) for pixels, targets in batches.as_numpy_iterator()]
        [((2, 8, 8, 3), (2, 2)), ((2, 8, 8, 3), (2, 2))]
    """
    import tensorflow as tf

    def load(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images = np.stack([read(examples.inputs[int(index)]) for index in chosen])
        return images, encode(examples.targets[chosen]).astype(np.float32)

    count = steps(len(examples), batch_size)
    batches = _batches(lambda: iter(np.array_split(np.arange(len(examples)), count)), load, np.arange(1))
    # Keras warns of every generator whose length it does not know
    return batches.apply(tf.data.experimental.assert_cardinality(count))


@contextmanager
def readable() -> Iterator[None]:
    """Turn what TensorFlow raises when an image cannot be read in the middle of a pipeline back into our own error.

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
        raise DataError(f"An image could not be read any more: {reason}") from None


def check_batch_size(batch_size: Any) -> None:
    """Refuse a batch size that is no positive whole number.

    Args:
        batch_size: Examples in a batch.

    Raises:
        DataError: When it is not.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral) or batch_size < 1:
        raise DataError(f"batch_size={batch_size!r} must be a whole number of at least 1.", fix="32 is a good start.")


def _slices(positions: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(positions), batch_size):
        yield positions[start : start + batch_size]


def _batches(
    indices: Callable[[], Iterator[np.ndarray]],
    load: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    first: np.ndarray,
) -> "tf.data.Dataset":
    """What ``load`` makes of each element of ``indices``; ``first`` loads one example, which tells the shapes."""
    import tensorflow as tf

    shapes = [(None, *array.shape[1:]) for array in load(first)]

    def load_batch(chosen: Any) -> tuple[Any, Any]:
        # Pillow lets go of the interpreter while it decodes and resizes, so parallel calls use all cores
        images, labels = tf.numpy_function(load, [chosen], (tf.uint8, tf.float32), stateful=False)
        return tf.ensure_shape(images, shapes[0]), tf.ensure_shape(labels, shapes[1])

    batches = tf.data.Dataset.from_generator(indices, output_signature=tf.TensorSpec((None,), tf.int64))
    batches = batches.map(load_batch, num_parallel_calls=cores(), deterministic=True).prefetch(_BATCHES_AHEAD)
    options = tf.data.Options()
    # tf.data's autotuner can stall the end of an iterator for seconds (TensorFlow 2.21): every size above is explicit
    options.autotune.enabled = False
    options.deterministic = True
    return batches.with_options(options)
