"""Several processes that train together: their strategy, which of them writes, and values on which all agree."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tfft.core.cluster import Cluster, read_cluster
from tfft.core.errors import ClusterError, PlanError
from tfft.core.rendezvous import meet
from tfft.core.tpus import is_tpu

if TYPE_CHECKING:
    import tensorflow as tf

_NAMED = re.compile(r"/job:(chief|worker)/(?:replica:0/)?task:(\d+)")
WAITING = "TFFT_WORKERS_SECONDS"


@lru_cache
def multi_worker() -> "tf.distribute.MultiWorkerMirroredStrategy":
    """Return the strategy of all workers in ``TF_CONFIG``. There is one for a process.

    Returns:
        A MultiWorkerMirroredStrategy.

    Raises:
        PlanError: When ``TF_CONFIG`` is not set, or TensorFlow has already computed something.
        ClusterError: When ``TF_CONFIG`` is invalid, or a worker does not come within 60 seconds (or those in the environment
            variable ``TFFT_WORKERS_SECONDS``).
    """
    import tensorflow as tf

    cluster = read_cluster(os.environ)
    if cluster is None:
        raise PlanError(
            'strategy="multi_worker" needs the addresses of all workers, and TF_CONFIG is not set.',
            fix="Start the program with: tfft launch --workers 2 -- python program.py",
        )
    meet(cluster, _seconds())
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise PlanError(
            "The workers cannot be connected, because TensorFlow has already computed something in this process.",
            str(error),
            "Call tfft.build() before everything else that uses TensorFlow.",
        ) from error


def _seconds() -> float:
    written = os.environ.get(WAITING, "60")
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise ClusterError(f"{WAITING} must be a number of seconds.", repr(written), f"Write {WAITING}=600.")
    return seconds


def cluster_of(strategy: Any) -> Cluster | None:
    """Return the workers of a strategy.

    Args:
        strategy: The result of ``resolve``.

    Returns:
        The cluster; None when there is only this process.

    Example:
        >>> cluster_of(None) is None
        True
    """
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None or is_tpu(strategy):  # one process computes on all TPUs
        return None
    jobs = resolver.cluster_spec().as_dict()
    chiefs, workers = jobs.get("chief", []), jobs.get("worker", [])
    if len(chiefs) + len(workers) < 2:
        return None
    index = int(resolver.task_id or 0) + (len(chiefs) if resolver.task_type == "worker" else 0)
    return Cluster((*chiefs, *workers), index)


def is_chief(strategy: Any) -> bool:
    """Return whether this process writes files and shows progress.

    Args:
        strategy: The result of ``resolve``.

    Returns:
        True for the first worker, and for a process that trains alone.

    Example:
        >>> is_chief(None)
        True
    """
    cluster = cluster_of(strategy)
    return cluster is None or cluster.is_chief


def of_chief(strategy: Any, numbers: Sequence[float]) -> list[float]:
    """Send numbers of the chief to all workers. All of them must call this, with as many numbers.

    Args:
        strategy: The result of ``resolve``.
        numbers: float64 values, shape (n,); only those of the chief matter.

    Returns:
        The numbers of the chief; those of this process when it trains alone.

    Raises:
        ClusterError: When a worker has ended.

    Example:
        >>> of_chief(None, [3.0])
        [3.0]
    """
    if cluster_of(strategy) is None:
        return list(numbers)
    import tensorflow as tf

    def first(own: Any) -> Any:
        context = tf.distribute.get_replica_context()
        counted = tf.cast(tf.equal(context.replica_id_in_sync_group, 0), own.dtype)
        return context.all_reduce(tf.distribute.ReduceOp.SUM, own * counted)

    with answering(strategy):
        found = tf.function(lambda own: strategy.run(first, args=(own,)), autograph=False)(
            tf.constant(list(numbers), tf.float64)
        )
        return [float(number) for number in strategy.experimental_local_results(found)[0].numpy()]


@contextmanager
def answering(strategy: Any) -> Iterator[None]:
    """Convert TensorFlow's errors about a lost worker to a ClusterError.

    Args:
        strategy: The result of ``resolve``.

    Yields:
        None.

    Raises:
        ClusterError: Instead of an error of TensorFlow.

    Example:
        >>> with answering(None):
        ...     pass
    """
    import tensorflow as tf

    errors = tf.errors
    kinds = (
        errors.UnavailableError, errors.AbortedError, errors.CancelledError, errors.InternalError, errors.UnknownError,
        errors.DeadlineExceededError,
    )  # fmt: skip
    try:
        yield
    except kinds as error:
        if cluster_of(strategy) is None or "DataError:" in str(error.message):
            raise
        gone = _lost(strategy, error)
        is_own = not gone and isinstance(error, errors.InternalError | errors.UnknownError)
        raise ClusterError(
            "TensorFlow failed in this worker, or another one has ended, so this one cannot continue."
            if is_own
            else "Another worker of this training has ended or does not answer any more, so this one cannot continue.",
            gone or f"{type(error).__name__}: {(str(error.message).splitlines() or [''])[0][:200]}",
            "See what that worker says, then start all workers again with resume=True.",
        ) from None


def _lost(strategy: Any, error: Any) -> str:
    """The other workers that an error names, besides the device of this one; without a name, the only other one."""
    import tensorflow as tf

    cluster, chiefs = cluster_of(strategy), len(strategy.cluster_resolver.cluster_spec().as_dict().get("chief", []))
    numbers = {int(index) + (chiefs if job == "worker" else 0) for job, index in _NAMED.findall(str(error.message))}
    peers = {} if cluster is None else cluster.peers
    # these two may also come from an operation of this process
    is_own = isinstance(error, tf.errors.InternalError | tf.errors.UnknownError)
    gone = sorted(numbers & peers.keys()) or (list(peers) if len(peers) == 1 and not is_own else [])
    return ", ".join(f"worker {number}" for number in gone)
