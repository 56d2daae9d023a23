"""TF_CONFIG is read as TensorFlow reads it; what does not fit together is refused before anything starts."""

import json
import os
import subprocess
import sys

import pytest

from tfft.core.cluster import Cluster, host_and_port, read_cluster
from tfft.core.errors import ClusterError

TWO = ["10.0.0.1:2222", "10.0.0.2:2222"]


def config(cluster=None, **task):
    return {
        "TF_CONFIG": json.dumps(
            {"cluster": {"worker": TWO} if cluster is None else cluster, "task": {"type": "worker", "index": 0} | task}
        )
    }


@pytest.mark.parametrize("environ", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": " \n"}])
def test_without_tf_config_there_is_no_cluster(environ):
    assert read_cluster(environ) is None


def test_workers_and_index_are_read():
    cluster = read_cluster(config(index=1))
    assert cluster == Cluster(tuple(TWO), 1)
    assert (cluster.count, cluster.is_chief, cluster.address) == (2, False, TWO[1])
    assert cluster.peers == {0: TWO[0]}
    assert read_cluster(config()).is_chief


@pytest.mark.parametrize(("job", "index", "place"), [("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)])
def test_the_chief_is_the_first_worker(job, index, place):
    cluster = read_cluster(config({"worker": TWO, "chief": ["[fe80::1]:80"]}, type=job, index=index))
    assert cluster == Cluster(("[fe80::1]:80", *TWO), place)
    assert cluster.is_chief == (job == "chief")


@pytest.mark.parametrize("job", ["chief", "worker"])
def test_one_worker_is_a_cluster(job):
    cluster = read_cluster(config({job: ["localhost:1"], "ps": []}, type=job))
    assert (cluster.count, cluster.is_chief, cluster.peers) == (1, True, {})


def test_other_keys_are_ignored():
    written = json.loads(config()["TF_CONFIG"]) | {"environment": "cloud", "rpc_layer": "grpc"}
    assert read_cluster({"TF_CONFIG": json.dumps(written)}).count == 2


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{", r"TF_CONFIG is not valid JSON: .* Got: '\{'\. Write it as"),
        ('{"task": 1, "task": 2}', r"the key 'task' appears twice"),
        ("[1]", r"must be a JSON object\. Got: a list\. Write it as .*or unset it"),
        ("{}", r"TF_CONFIG has no 'cluster'\. Got: \{\}\."),
        ('{"cluster": {}}', r"TF_CONFIG has no 'task'\. Got: the keys 'cluster'\."),
        ('{"cluster": [], "task": {}}', r"'cluster' of TF_CONFIG must be a JSON object\. Got: a list"),
    ],
)
def test_invalid_json_is_refused_with_the_right_shape(written, message):
    with pytest.raises(ClusterError, match=message):
        read_cluster({"TF_CONFIG": written})


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({}, r"has no workers"),
        ({"worker": []}, r"has no workers\. Got: \{'worker': \[\]\}"),
        ({"worker": "a:1"}, r"'worker' of TF_CONFIG must be a list of addresses\. Got: a str"),
        ({"worker": {"0": "a:1"}}, r"must be a list of addresses\. Got: a dict"),
        ({"worker": TWO, "ps": ["c:1"]}, r"has a 'ps'\. Parameter servers are not supported.*Remove 'ps'"),
        ({"worker": TWO, "evaluator": ["c:1"]}, r"has a 'evaluator'\. A separate evaluator is not supported"),
        ({"worker": TWO, "master": ["c:1"]}, r"has a 'master'\. tfft knows the processes 'chief' and 'worker'"),
        ({"worker": TWO, "chief": ["c:1", "d:1"]}, r"more than one chief\. Got: 'c:1', 'd:1'"),
        ({"worker": ["a:1", "b:1", "a:1"]}, r"the same address\. Got: 'a:1'\. Give each worker a port"),
        ({"worker": ["a:1"], "chief": ["a:1"]}, r"the same address"),
    ],
)
def test_an_invalid_cluster_is_refused(cluster, message):
    with pytest.raises(ClusterError, match=message):
        read_cluster(config(cluster))


@pytest.mark.parametrize(
    "address", ["a", "a:", ":1", "a:0", "a:65536", "a:b", "grpc://a:1", "a b:1", "fe80::1:2222", "a:1\n", 2222, None]
)
def test_an_address_without_host_or_port_is_refused(address):
    with pytest.raises(ClusterError, match=r"has an invalid address\. Got: .*Write \"host:port\""):
        read_cluster(config({"worker": [address, "b:1"]}))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"index": 2}, r"out of range: there are 2 of type 'worker'\. Got: 2\. Use a number from 0 to 1"),
        ({"index": -1}, r"out of range"),
        ({"index": "0"}, r"must be an integer\. Got: '0'"),
        ({"index": True}, r"must be an integer\. Got: True"),
        ({"index": None}, r"must be an integer\. Got: None"),
        ({"index": 1.0}, r"must be an integer\. Got: 1\.0"),
        ({"type": "chief"}, r"not part of its cluster\. Got: 'chief'\. Use 'worker'"),
        ({"type": None}, r"not part of its cluster\. Got: None"),
        ({"type": ["worker"]}, r"not part of its cluster"),
        ({"type": "evaluator"}, r"This process is a 'evaluator' of TF_CONFIG\. A separate evaluator"),
    ],
)
def test_an_invalid_task_is_refused(task, message):
    with pytest.raises(ClusterError, match=message):
        read_cluster(config(**task))


def test_reading_needs_no_tensorflow():
    code = (
        "import os, sys; from tfft.core.cluster import read_cluster\n"
        "print(read_cluster(os.environ).count, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | config(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "2 False\n", done.stderr


@pytest.mark.parametrize(
    ("address", "expected"), [("10.0.0.2:2222", ("10.0.0.2", 2222)), ("[fe80::1]:1", ("fe80::1", 1))]
)
def test_an_address_is_divided(address, expected):
    assert host_and_port(address) == expected
