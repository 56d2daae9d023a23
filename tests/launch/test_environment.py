"""Workers get addresses that agree, their own index, and their share of the cores."""

import json
import socket

import pytest

from tfft.core.cluster import read_cluster
from tfft.core.errors import ClusterError
from tfft.launch import environment
from tfft.launch.environment import free_ports, worker_environments


def test_workers_agree_on_the_addresses_and_differ_in_the_index():
    clusters = [read_cluster(variables) for variables in worker_environments(3, {})]
    assert [cluster.index for cluster in clusters] == [0, 1, 2]
    assert len({cluster.workers for cluster in clusters}) == 1
    assert all(address.startswith("127.0.0.1:") for address in clusters[0].workers)


def test_all_other_variables_are_kept_and_the_given_ones_do_not_change():
    given = {"HOME": "/home/me", "TF_CONFIG": " "}
    found = worker_environments(1, given)
    assert found[0]["HOME"] == "/home/me"
    assert json.loads(found[0]["TF_CONFIG"])["task"] == {"type": "worker", "index": 0}
    assert given == {"HOME": "/home/me", "TF_CONFIG": " "}


@pytest.mark.parametrize(("cores", "count", "threads"), [(8, 2, "4"), (8, 3, "2"), (2, 4, "1")])
def test_workers_share_the_cores(monkeypatch, cores, count, threads):
    monkeypatch.setattr(environment.machine, "cores", lambda: cores)
    for variables in worker_environments(count, {"OMP_NUM_THREADS": ""}):
        assert [variables[name] for name in environment.THREAD_LIMITS] == [threads, threads]


def test_limits_of_the_user_are_kept():
    found = worker_environments(2, {"OMP_NUM_THREADS": "7"})[1]
    assert found["OMP_NUM_THREADS"] == "7"
    assert int(found["TF_NUM_INTRAOP_THREADS"]) >= 1


@pytest.mark.parametrize("count", [0, -1])
def test_no_workers_are_refused(count):
    with pytest.raises(ClusterError, match=rf"at least 1\. Got: {count}\. Use --workers"):
        worker_environments(count, {})


def test_a_launch_inside_a_cluster_is_refused_with_the_reason():
    with pytest.raises(ClusterError, match=r"one worker of a cluster.*Run the command without `tfft launch`, or unset"):
        worker_environments(2, {"TF_CONFIG": "{}"})


def test_free_ports_differ_and_ports_in_use_are_left_out(monkeypatch):
    ports = free_ports(5)
    assert len(set(ports)) == 5
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports[0]))
        listener.listen()
        monkeypatch.setattr(environment, "_PORTS", range(ports[0], ports[0] + 1))
        with pytest.raises(ClusterError, match=r"not enough free ports for 1 worker\. Got: 0 free ports"):
            free_ports(1)
