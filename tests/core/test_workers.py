"""What several processes agree on; two real processes are in tests/workflows/test_workers.py."""

import pytest
import tensorflow as tf

from tfft.core.errors import ClusterError, PlanError
from tfft.core.workers import answering, cluster_of, is_chief, multi_worker, of_chief


def test_a_process_alone_is_the_chief_and_keeps_its_numbers():
    for strategy in (None, tf.distribute.OneDeviceStrategy("/cpu:0")):
        assert cluster_of(strategy) is None
        assert is_chief(strategy)
        assert of_chief(strategy, [1.5, 2.0]) == [1.5, 2.0]


class Resolver:
    def __init__(self, job, index, **jobs):
        self.task_type, self.task_id, self._jobs = job, index, jobs

    def cluster_spec(self):
        return tf.train.ClusterSpec(self._jobs)


class Strategy:
    def __init__(self, *arguments, **jobs):
        self.cluster_resolver = Resolver(*arguments, **jobs)


@pytest.mark.parametrize(
    ("strategy", "index"),
    [
        (Strategy("worker", 0, worker=["a:1", "b:1"]), 0),
        (Strategy("worker", 1, worker=["a:1", "b:1"]), 1),
        (Strategy("chief", 0, chief=["a:1"], worker=["b:1"]), 0),
        (Strategy("worker", 0, chief=["a:1"], worker=["b:1"]), 1),
    ],
)
def test_the_chief_counts_as_the_first_worker(strategy, index):
    assert cluster_of(strategy).workers == ("a:1", "b:1")
    assert cluster_of(strategy).index == index
    assert is_chief(strategy) == (index == 0)


def test_without_addresses_there_is_no_strategy_of_several_workers(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(PlanError, match=r"needs the addresses of all workers.*tfft launch --workers 2"):
        multi_worker()


@pytest.mark.parametrize("written", ["soon", "0", "-3", "nan"])
def test_an_invalid_time_to_wait_is_refused(monkeypatch, written):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}')
    monkeypatch.setenv("TFFT_WORKERS_SECONDS", written)
    with pytest.raises(ClusterError, match=r"TFFT_WORKERS_SECONDS must be a number of seconds"):
        multi_worker()


def lost(text):
    return tf.errors.UnavailableError(None, None, text)


def test_a_lost_worker_is_named():
    two = Strategy("worker", 0, worker=["a:1", "b:1"])
    told = r"has ended or does not answer.*Got: worker 1\. See what that worker says"
    with pytest.raises(ClusterError, match=told), answering(two):
        raise lost("Collective ops is aborted by: the tasks are unhealthy:\n/job:worker/replica:0/task:1\nRestart")
    with pytest.raises(ClusterError, match=told), answering(two):
        raise lost("no details, but there is only one other worker")
    own = r"^TensorFlow failed in this worker, or another one has ended.*Got: UnknownError: Input/output error: /data/x"
    with pytest.raises(ClusterError, match=own), answering(two):
        raise tf.errors.UnknownError(None, None, "Input/output error: /data/x\nmore")
    three = Strategy("worker", 0, worker=["a:1", "b:1", "c:1"])
    with pytest.raises(ClusterError, match="Got: UnavailableError: no details"), answering(three):
        raise lost("no details")
    own = "{{node _device_/job:worker/replica:0/task:0/device:CPU:0}} reported from /job:worker/task:1"
    with pytest.raises(ClusterError, match=r"Got: worker 1\."), answering(two):
        raise lost(own)


def test_a_lost_chief_of_a_job_of_its_own_is_worker_0():
    first = Strategy("worker", 0, chief=["a:1"], worker=["b:1", "c:1"])
    with pytest.raises(ClusterError, match=r"Got: worker 0, worker 2\."), answering(first):
        raise lost("/job:chief/replica:0/task:0 /job:worker/replica:0/task:1 /job:worker/replica:0/task:0")


def test_other_errors_and_those_of_a_process_alone_pass_through():
    two = Strategy("worker", 0, worker=["a:1", "b:1"])
    with pytest.raises(tf.errors.UnavailableError), answering(None):
        raise lost("a reason")
    with pytest.raises(tf.errors.InvalidArgumentError), answering(two):
        raise tf.errors.InvalidArgumentError(None, None, "a shape")
    with pytest.raises(tf.errors.UnknownError, match="DataError"), answering(two):
        raise tf.errors.UnknownError(None, None, "DataError: an image is gone")
