"""Name or object -> ``tf.distribute.Strategy``, and what a global batch must be for its replicas."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.errors import PlanError, shortlist

if TYPE_CHECKING:
    import tensorflow as tf

NAMES = ("auto", "mirrored")


def current() -> "tf.distribute.Strategy | None":
    """The strategy in whose scope, or replica, this is called; None for one device."""
    import tensorflow as tf

    return tf.distribute.get_strategy() if tf.distribute.has_strategy() else None


def resolve(strategy: "str | tf.distribute.Strategy | None") -> "tf.distribute.Strategy | None":
    """The strategy that a user asked for.

    Args:
        strategy: ``"mirrored"`` for all GPUs of this machine, or without any all its logical CPU devices; ``"auto"`` for the same
            where there are two GPUs or more, else one device; a MirroredStrategy, OneDeviceStrategy or TPUStrategy; or None for one
            device. Inside of a strategy's ``scope()`` None means that strategy.

    Returns:
        A strategy, or None for one device.

    Raises:
        PlanError: When it is none of these, such as CentralStorageStrategy, which trains other numbers than one device does, and
            MultiWorkerMirroredStrategy, which Keras 3.15 cannot fit with; or another one than that of the scope.

    Example:
        >>> resolve(None) is None
        True
    """
    import tensorflow as tf

    around = current()
    if strategy is None:
        return around
    if isinstance(strategy, str) and strategy in NAMES:
        gpus = tf.config.list_logical_devices("GPU")
        devices = [device.name for device in gpus or tf.config.list_logical_devices("CPU")]
        found = None if strategy == "auto" and len(gpus) < 2 else _mirrored(tuple(devices))
    elif isinstance(strategy, _kinds()):
        found = strategy
        there = [device.name for device in tf.config.list_logical_devices()]
        spanned: Any = strategy
        gone = [name for name in spanned.extended.worker_devices if not any(d in name or name in d for d in there)]
        if gone:
            raise PlanError(
                "The strategy spans devices that this machine does not have, and training would wait for them for ever.",
                f"{shortlist(gone)}; there are {shortlist(there)}",
                "Use those, or split a CPU with tf.config.set_logical_device_configuration().",
            )
    elif isinstance(strategy, tf.distribute.Strategy):
        raise PlanError(
            "With this strategy Keras 3 fails, or trains something else than one device does.",
            type(strategy).__name__,
            "Use MirroredStrategy, OneDeviceStrategy or TPUStrategy.",
        )
    else:
        raise PlanError(
            f"strategy={strategy!r} is unknown.",
            fix=f"Use one of {', '.join(map(repr, NAMES))}, or a tf.distribute.MirroredStrategy.",
        )
    if around is not None and found is not around:
        raise PlanError(
            "build() was called inside of the scope of another strategy than the one that it was given.",
            f"{type(around).__name__} around {type(found).__name__}",
            "Leave the scope, or leave strategy= out.",
        )
    return found


@lru_cache
def _mirrored(devices: tuple[str, ...]) -> "tf.distribute.MirroredStrategy":
    """One strategy for a set of devices: two of them in a process number their collectives alike, and abort (TensorFlow 2.21)."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(devices))


def _kinds() -> tuple[type, ...]:
    import tensorflow as tf

    return tf.distribute.MirroredStrategy, tf.distribute.OneDeviceStrategy, tf.distribute.TPUStrategy


@contextmanager
def scope(strategy: "tf.distribute.Strategy | None") -> Iterator[None]:
    """The scope of a strategy; nothing for None.

    Args:
        strategy: From ``resolve``.

    Yields:
        Nothing.

    Raises:
        PlanError: Inside of the scope of another strategy: variables of two of them do not mix.
    """
    around = current()
    if around is not None and around is not strategy:
        raise PlanError(
            "The model was built for another strategy than the one in whose scope it is used.",
            f"{type(strategy).__name__ if strategy is not None else 'one device'} inside of {type(around).__name__}",
            "Pass strategy= to build(); its variables cannot change afterwards.",
        )
    if strategy is None:
        yield
    else:
        with strategy.scope():
            yield


def replicas(strategy: Any) -> int:
    """How many copies of the net train side by side.

    Args:
        strategy: From ``resolve``.

    Returns:
        At least 1.

    Example:
        >>> replicas(None)
        1
    """
    return 1 if strategy is None else int(strategy.num_replicas_in_sync)


@contextmanager
def synchronized(layers: Iterable[Any], copies: int) -> Iterator[None]:
    """Let batch normalisation count the whole batch, not each replica its own share.

    Args:
        layers: Any Keras layers; those that can be synchronised are, inside, and are as they were afterwards.
        copies: Number of replicas.

    Yields:
        Nothing.
    """
    apart = [layer for layer in layers if copies > 1 and getattr(layer, "synchronized", None) is False]
    try:
        for layer in apart:
            layer.synchronized = True
        yield
    finally:
        for layer in apart:
            layer.synchronized = False


def summed(gradients: list[Any]) -> list[Any]:
    """The gradients of all replicas together.

    Args:
        gradients: Of one replica, in its own context; tensors of any shape, None where a variable has none.

    Returns:
        Their sums over the replicas, the same in each; tensors of the same shapes.
    """
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    given = [gradient for gradient in gradients if gradient is not None]
    whole = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, given))
    return [None if gradient is None else next(whole) for gradient in gradients]


def on_each(strategy: Any, function: Any) -> "Callable[[tf.data.Dataset], Iterator[list[np.ndarray]]]":
    """A function, traced once, that all replicas compute.

    Args:
        strategy: From ``resolve``; None for one device.
        function: Elements of a batch -> a list of tensors, each of shape (batch, ...).

    Returns:
        Batches, all of one ``element_spec`` and of as many examples each as the replicas divide -> the list for each batch and
        replica, as arrays.
    """
    import tensorflow as tf

    chosen = tf.distribute.get_strategy() if strategy is None else strategy
    traced: list[Any] = []

    def run(batches: "tf.data.Dataset") -> Iterator[list[np.ndarray]]:
        dealt = chosen.experimental_distribute_dataset(batches)
        if not traced:
            # by what the batches are: TensorFlow warns of functions that are traced as they are called
            step = tf.function(lambda *batch: chosen.run(function, args=batch))
            traced.append(step.get_concrete_function(*dealt.element_spec))
        for batch in dealt:
            found = [chosen.experimental_local_results(tensor) for tensor in traced[0](*batch)]
            yield from ([tensor.numpy() for tensor in share] for share in zip(*found, strict=True))

    return run


def in_replica(strategy: Any, function: Callable[[], Any]) -> Any:
    """Call a function eagerly in the context of a replica, which the functions of a SavedModel need.

    Args:
        strategy: From ``resolve``; None for one device.
        function: Returns a tensor, or a structure of tensors, of any shape.

    Returns:
        The result on the first replica of this machine.

    Example:
        >>> in_replica(None, lambda: 3)
        3
    """
    if strategy is None:
        return function()
    import tensorflow as tf

    results = strategy.run(function)
    return tf.nest.map_structure(lambda result: strategy.experimental_local_results(result)[0], results)


def check_batch(batch_size: int, copies: int) -> None:
    """Refuse a batch that cannot be dealt out evenly: the mean of unequal shares is not the mean of the batch.

    Args:
        batch_size: Examples in a batch, over all replicas.
        copies: Number of replicas.

    Raises:
        PlanError: When the replicas do not divide it.

    Example:
        >>> check_batch(32, 2)
        >>> check_batch(33, 2)
        Traceback (most recent call last):
        tfft.core.errors.PlanError: batch_size=33 cannot be dealt out to 2 replicas. Use 32 or 34.
    """
    if batch_size % copies:
        less = batch_size - batch_size % copies
        near = f"{less} or {less + copies}" if less else f"{copies}"
        raise PlanError(f"batch_size={batch_size} cannot be dealt out to {copies} replicas.", fix=f"Use {near}.")
