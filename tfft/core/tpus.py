"""Find the TPUs of this machine, connect to them, and recognise and check their strategy."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tfft.core.errors import PlanError, shortlist

if TYPE_CHECKING:
    import tensorflow as tf


def is_tpu(strategy: Any) -> bool:
    """Return whether a strategy trains on TPUs. XLA then compiles each step for fixed shapes, and computes in bfloat16.

    Args:
        strategy: The result of ``resolve``; None for a single device.

    Returns:
        True for a TPUStrategy.

    Example:
        >>> is_tpu(None)
        False
    """
    if strategy is None:
        return False
    import tensorflow as tf

    return isinstance(strategy, tf.distribute.TPUStrategy)


def has_tpus() -> bool:
    """Return whether TensorFlow finds TPUs in this machine; TPUs that it would reach over a network do not count."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("TPU"))


def check_local(strategy: "tf.distribute.TPUStrategy") -> None:
    """Refuse TPUs of other machines, because images and texts are read by Python functions of this process.

    Args:
        strategy: A TPUStrategy.

    Raises:
        PlanError: When some of its TPUs are in another machine.
    """
    remote = [name for name in strategy.extended.worker_devices if "/job:localhost/" not in name]
    if remote:
        raise PlanError(
            "The strategy uses TPUs of other machines, and tfft reads images and texts in this process only.",
            shortlist(remote),
            'Run the program on the machine with the TPUs, with strategy="tpu".',
        )


@lru_cache
def all_tpus() -> "tf.distribute.TPUStrategy":
    """Return the strategy of all TPUs of this machine. There is one for a process, because connecting twice loses all variables.

    Returns:
        A TPUStrategy.

    Raises:
        PlanError: When TensorFlow finds no TPU.

    Example:
        >>> all_tpus()
        Traceback (most recent call last):
        tfft.core.errors.PlanError: strategy="tpu" needs TPUs, and TensorFlow finds none in this machine. The last...
    """
    import tensorflow as tf

    if not has_tpus():
        raise PlanError(
            'strategy="tpu" needs TPUs, and TensorFlow finds none in this machine. The last TensorFlow that was supported on TPUs '
            "is 2.19.1, and the last version of the package tensorflow-tpu is 2.20.0.",
            f"TensorFlow {tf.__version__}, which finds {shortlist(d.device_type for d in tf.config.list_physical_devices())}",
            'Use strategy="auto", which takes the GPUs or the CPU of this machine.',
        )
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu="local")
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return tf.distribute.TPUStrategy(resolver)
