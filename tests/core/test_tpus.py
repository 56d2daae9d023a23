"""TPUs are found where TensorFlow finds them, and refused with the reason elsewhere."""

from types import SimpleNamespace

import pytest
import tensorflow as tf

from tests.tpu_strategy import directly, on_cpus
from tfft.core import tpus
from tfft.core.errors import PlanError
from tfft.core.strategy import in_replica, on_each, replicas, resolve, scope
from tfft.core.workers import cluster_of, is_chief


@pytest.fixture
def tpu_machine(monkeypatch):
    """A machine in which TensorFlow finds two TPUs; the calls that connect to them are recorded."""
    calls, list_devices = [], tf.config.list_physical_devices
    found = [SimpleNamespace(device_type="TPU")] * 2
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind=None: found if kind == "TPU" else list_devices(kind)
    )
    monkeypatch.setattr(tf.distribute.cluster_resolver, "TPUClusterResolver", lambda tpu: calls.append(tpu) or tpu)
    monkeypatch.setattr(tf.tpu.experimental, "initialize_tpu_system", lambda tpu: calls.append(f"connect {tpu}"))
    monkeypatch.setattr(tf.distribute, "TPUStrategy", _Strategy)
    tpus.all_tpus.cache_clear()
    yield calls
    tpus.all_tpus.cache_clear()


class _Strategy(tf.distribute.OneDeviceStrategy):
    def __init__(self, resolver):
        super().__init__("CPU:0")
        self.resolver = resolver


def test_a_machine_without_tpus_is_told_the_reason_and_what_to_do():
    with pytest.raises(
        PlanError,
        match=r"needs TPUs.*finds none.*supported.*2\.19\.1.*tensorflow-tpu is 2\.20\.0"
        rf".*TensorFlow {tf.__version__}, which finds 'CPU'.*strategy=\"auto\"",
    ):
        resolve("tpu")
    assert not tpus.has_tpus()
    assert resolve("auto") is None


@pytest.mark.parametrize("name", ["tpu", "auto"])
def test_a_machine_with_tpus_uses_all_of_them_and_connects_once(tpu_machine, name):
    found = resolve(name)
    assert isinstance(found, _Strategy)
    assert tpus.is_tpu(found)
    assert resolve("tpu") is found
    assert tpu_machine == ["local", "connect local"]
    assert resolve(None) is None


def test_several_workers_come_before_tpus(tpu_machine, monkeypatch):
    monkeypatch.setattr("tfft.core.strategy._has_peers", lambda: True)
    monkeypatch.setattr("tfft.core.strategy.multi_worker", lambda: "workers")
    assert resolve("auto") == "workers"


def test_the_active_scope_comes_before_tpus(tpu_machine):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope():
        assert resolve("auto") is strategy
    assert tpu_machine == []


def test_a_tpu_strategy_is_used_as_it_is_and_is_one_process():
    strategy = on_cpus(1)
    assert resolve(strategy) is strategy
    assert tpus.is_tpu(strategy)
    assert not any(map(tpus.is_tpu, (None, tf.distribute.OneDeviceStrategy("CPU:0"))))
    assert replicas(strategy) == 1
    assert cluster_of(strategy) is None, "its resolver names two hosts"
    assert is_chief(strategy)


def test_tpus_of_another_machine_are_refused():
    devices = ["/job:worker/replica:0/task:0/device:TPU:0", "/job:localhost/replica:0/task:0/device:TPU:0"]
    with pytest.raises(PlanError, match=r"TPUs of other machines.*Got: '/job:worker.*TPU:0'\. Run the program on"):
        tpus.check_local(SimpleNamespace(extended=SimpleNamespace(worker_devices=devices)))
    tpus.check_local(SimpleNamespace(extended=SimpleNamespace(worker_devices=devices[1:])))


def test_functions_run_compiled_in_a_replica_and_are_traced_once_for_each_shape():
    traces = []

    def doubled(tensor):
        traces.append(tensor.shape.as_list())
        return [2 * tensor]

    with directly() as strategy, scope(strategy):
        assert in_replica(strategy, lambda: tf.constant(3)).numpy() == 3
        run = on_each(strategy, doubled)
        for size in (2, 3, 2):
            batches = (
                tf.data.Dataset.from_tensor_slices(tf.ones(6)).batch(size, drop_remainder=True).map(lambda t: (t,))
            )
            assert [len(found) for (found,) in run(batches)] == [size] * (6 // size)
    assert traces == [[2], [3]]
