"""Choose a ``tf.distribute.Strategy``, run functions on its replicas, and check batch sizes."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.cluster import read_cluster
from tfft.core.errors import PlanError, shortlist
from tfft.core.quiet import without_false_alarms
from tfft.core.tpus import all_tpus, check_local, has_tpus, is_tpu
from tfft.core.workers import cluster_of, multi_worker

if TYPE_CHECKING:
    import tensorflow as tf

NAMES = ("auto", "mirrored", "multi_worker", "tpu")


def current() -> "tf.distribute.Strategy | None":
    """Return the strategy whose scope or replica context is active; None for a single device."""
    import tensorflow as tf

    return tf.distribute.get_strategy() if tf.distribute.has_strategy() else None


def resolve(strategy: "str | tf.distribute.Strategy | None") -> "tf.distribute.Strategy | None":
    """Return the strategy that the user asked for.

    Args:
        strategy: ``"mirrored"`` uses all GPUs, or all logical CPU devices without a GPU. ``"multi_worker"`` trains together with
            the other workers in ``TF_CONFIG``. ``"tpu"`` uses all TPUs of this machine. ``"auto"`` means the strategy whose
            ``scope()`` is active; else ``"multi_worker"`` where ``TF_CONFIG`` has several workers; else ``"tpu"`` where TensorFlow
            finds TPUs; else ``"mirrored"`` with two or more GPUs; else a single device. A MirroredStrategy,
            MultiWorkerMirroredStrategy, OneDeviceStrategy or TPUStrategy is used as it is. None means the strategy whose
            ``scope()`` is active, or a single device.

    Returns:
        A strategy, or None for a single device.

    Raises:
        PlanError: When the strategy is not supported, or is not the one whose scope is active, or when ``"tpu"`` finds no TPU.
            CentralStorageStrategy gives different results from a single device.
        ClusterError: When ``TF_CONFIG`` is invalid, or a worker does not come.

    Example:
        >>> resolve(None) is None
        True
    """
    import tensorflow as tf

    around = current()
    if strategy is None or (around is not None and strategy == "auto"):
        return around
    if strategy == "multi_worker" or (strategy == "auto" and _has_peers()):
        found: Any = multi_worker()
    elif strategy == "tpu" or (strategy == "auto" and has_tpus()):
        found = all_tpus()
    elif isinstance(strategy, str) and strategy in NAMES:
        gpus = tf.config.list_logical_devices("GPU")
        devices = [device.name for device in gpus or tf.config.list_logical_devices("CPU")]
        found = None if strategy == "auto" and len(gpus) < 2 else _mirrored(tuple(devices))
    elif isinstance(strategy, _kinds()):
        found = strategy
        there = [device.name for device in tf.config.list_logical_devices()]
        gone = [name for name in found.extended.worker_devices if not any(d in name or name in d for d in there)]
        if gone:
            raise PlanError(
                "The strategy uses devices that this machine does not have, and training would wait for them forever.",
                f"{shortlist(gone)}; this machine has {shortlist(there)}",
                "Use the existing devices, or divide a CPU with tf.config.set_logical_device_configuration().",
            )
        if is_tpu(strategy):
            check_local(found)
    elif isinstance(strategy, tf.distribute.Strategy):
        raise PlanError(
            "Keras 3 fails with this strategy, or gives different results from a single device.",
            type(strategy).__name__,
            "Use MirroredStrategy, MultiWorkerMirroredStrategy, OneDeviceStrategy or TPUStrategy.",
        )
    else:
        raise PlanError(
            f"strategy={strategy!r} is unknown.",
            fix=f"Use one of {', '.join(map(repr, NAMES))}, or a tf.distribute.MirroredStrategy.",
        )
    if around is not None and found is not around:
        raise PlanError(
            "build() was called inside the scope of another strategy than its argument strategy.",
            f"{type(found).__name__} inside the scope of {type(around).__name__}",
            "Call build() outside the scope, or leave strategy= out.",
        )
    return found


@lru_cache
def _mirrored(devices: tuple[str, ...]) -> "tf.distribute.MirroredStrategy":
    """Return the one strategy for these devices: two would number their collectives alike and abort (TensorFlow 2.21)."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(devices))


def _kinds() -> tuple[type, ...]:
    import tensorflow as tf

    kinds = tf.distribute
    return kinds.MirroredStrategy, kinds.MultiWorkerMirroredStrategy, kinds.OneDeviceStrategy, kinds.TPUStrategy


def _has_peers() -> bool:
    cluster = read_cluster(os.environ)
    return cluster is not None and cluster.count > 1


@contextmanager
def scope(strategy: "tf.distribute.Strategy | None") -> Iterator[None]:
    """Enter the scope of a strategy. For None this does nothing.

    Args:
        strategy: The result of ``resolve``.

    Yields:
        None.

    Raises:
        PlanError: When the scope of another strategy is active, because variables of two strategies cannot be combined.
    """
    around = current()
    if around is not None and around is not strategy:
        raise PlanError(
            "The model is used inside the scope of another strategy than it was built for.",
            f"built for {type(strategy).__name__ if strategy is not None else 'one device'}, used inside {type(around).__name__}",
            "Pass strategy= to build(); the strategy of a model cannot be changed afterwards.",
        )
    if strategy is None:
        yield
    else:
        with strategy.scope():
            yield


def replicas(strategy: Any) -> int:
    """Return the number of copies of the net that train in parallel.

    Args:
        strategy: The result of ``resolve``.

    Returns:
        The number of replicas, at least 1.

    Example:
        >>> replicas(None)
        1
    """
    return 1 if strategy is None else int(strategy.num_replicas_in_sync)


@contextmanager
def synchronized(layers: Iterable[Any], copies: int) -> Iterator[None]:
    """Let batch normalisation use the statistics of the whole batch instead of each replica's part.

    Args:
        layers: Keras layers of any kind. Those that support it are synchronised in this context.
        copies: The number of replicas.

    Yields:
        None.
    """
    apart = [layer for layer in layers if copies > 1 and getattr(layer, "synchronized", None) is False]
    try:
        for layer in apart:
            layer.synchronized = True
        yield
    finally:
        for layer in apart:
            layer.synchronized = False


def on_each(strategy: Any, function: Any) -> "Callable[[tf.data.Dataset], Iterator[list[np.ndarray]]]":
    """Make a function that runs on all replicas; with several workers, on one device of each. Each ``element_spec`` is traced once.

    Args:
        strategy: The result of ``resolve``; None for a single device.
        function: Elements of a batch -> a list of tensors, each of shape (batch, ...).

    Returns:
        A function: batches -> for each batch and replica, the list of results as arrays. All batches must have a size
        that the replicas divide.
    """
    import tensorflow as tf

    chosen = tf.distribute.get_strategy() if strategy is None else strategy
    own = cluster_of(strategy) is not None
    traced: dict[tuple[Any, ...], Any] = {}

    # a TPUStrategy names its operations after this function, which therefore must have a name
    def replicated(*batch: Any) -> Any:
        return chosen.run(function, args=batch)

    def run(batches: "tf.data.Dataset") -> Iterator[list[np.ndarray]]:
        dealt = batches if own else chosen.experimental_distribute_dataset(batches)
        spec = tuple(tf.nest.flatten(dealt.element_spec))
        if spec not in traced:
            # trace for the given ``element_spec``, because TensorFlow warns about functions that are traced again when called
            traced[spec] = tf.function(replicated).get_concrete_function(*dealt.element_spec)
        for batch in dealt:
            found = [chosen.experimental_local_results(tensor)[: 1 if own else None] for tensor in traced[spec](*batch)]
            yield from ([tensor.numpy() for tensor in share] for share in zip(*found, strict=True))

    return run


def in_replica(strategy: Any, function: Callable[[], Any]) -> Any:
    """Call a function eagerly in the context of a replica, which the functions of a SavedModel need.

    Args:
        strategy: The result of ``resolve``; None for a single device.
        function: A function that returns a tensor, or a structure of tensors, of any shape.

    Returns:
        The result on the first replica of this machine.

    Example:
        >>> in_replica(None, lambda: 3)
        3
    """
    if strategy is None:
        return function()
    import tensorflow as tf

    with without_false_alarms():
        # a TPUStrategy runs compiled functions only
        results = strategy.run(tf.function(function, autograph=False) if is_tpu(strategy) else function)
    return tf.nest.map_structure(lambda result: strategy.experimental_local_results(result)[0], results)


def local_replicas(strategy: Any) -> int:
    """Return the number of copies of the net that compute features and answers in parallel in this process.

    Args:
        strategy: The result of ``resolve``.

    Returns:
        As ``replicas``; 1 with several workers, where each process computes on its own.

    Example:
        >>> local_replicas(None)
        1
    """
    return 1 if cluster_of(strategy) is not None else replicas(strategy)


def check_batch(batch_size: int, copies: int) -> None:
    """Refuse a batch with fewer examples than there are replicas.

    Args:
        batch_size: The number of examples in a batch, over all replicas.
        copies: The number of replicas.

    Raises:
        PlanError: When some replica would never get an example.

    Example:
        >>> check_batch(33, 2)
        >>> check_batch(3, 4)
        Traceback (most recent call last):
        tfft.core.errors.PlanError: batch_size=3 is too small for 4 replicas, which share each batch. Use 4 or more.
    """
    if batch_size < copies:
        raise PlanError(
            f"batch_size={batch_size} is too small for {copies} replicas, which share each batch.",
            fix=f"Use {copies} or more.",
        )
