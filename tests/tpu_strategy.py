"""TensorFlow's own TPUStrategy on CPU devices: it traces as on TPUs, and with ``directly`` one replica also runs.

TensorFlow has no kernels for it on a CPU, so a traced function cannot be called.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import tensorflow as tf
from tensorflow.python.distribute import tpu_strategy

DEVICE = "/job:localhost/replica:0/task:0/device:{}:{}"


class Resolver:
    """Lists TPUs that do not exist."""

    task_type, task_id = "worker", 0

    def __init__(self, count: int) -> None:
        self.count = count

    def get_tpu_system_metadata(self) -> SimpleNamespace:
        devices = [SimpleNamespace(name=DEVICE.format("TPU", number)) for number in range(self.count)]
        numbers = {"num_hosts": 1, "num_of_cores_per_host": self.count, "num_cores": self.count}
        return SimpleNamespace(devices=devices, **numbers)

    def cluster_spec(self) -> tf.train.ClusterSpec:
        return tf.train.ClusterSpec({"worker": ["a:1", "b:1"]})


def on_cpus(count: int) -> tf.distribute.TPUStrategy:
    """A TPUStrategy of so many replicas, each on a logical CPU device."""
    make = tpu_strategy.np.array

    def array(values: object, **options: object) -> object:
        found = make(values, **options)
        if options.get("dtype") is object and found.size == count:
            found = make([[DEVICE.format("CPU", number)] for number in range(count)], dtype=object)
        return found

    with patch.object(tpu_strategy.np, "array", array):
        return tf.distribute.TPUStrategy(Resolver(count))


@contextmanager
def directly() -> Iterator[tf.distribute.TPUStrategy]:
    """A TPUStrategy of one replica whose functions run on the CPU, because they are not replicated."""
    strategy = on_cpus(1)
    # packed variables are only for functions that are replicated
    strategy._enable_packed_variable_in_eager_mode = False

    def replicate(computation: object, inputs: list[list[object]], **_: object) -> list[list[object]]:
        found = tf.nest.flatten(computation(*inputs[0]))
        return [[tf.identity(each) for each in found if each is not None and not isinstance(each, tf.Operation)]]

    with patch.object(tpu_strategy.tpu, "replicate", replicate):
        yield strategy
