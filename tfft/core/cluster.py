"""Read the workers of a distributed training from ``TF_CONFIG``. TensorFlow is not imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfft.core import strict_json
from tfft.core.errors import ClusterError, kind_of, shortlist

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):(?P<port>[0-9]{1,5})")
_JOBS = ("chief", "worker")
_REFUSED = {
    "ps": "Parameter servers are not supported: tfft trains with synchronous workers only.",
    "evaluator": "A separate evaluator is not supported: the chief evaluates after the training.",
}
_SHAPE = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
_WRITE = f"Write it as {_SHAPE}, or unset it to train with one process."


@dataclass(frozen=True)
class Cluster:
    """The workers of a distributed training, and which of them this process is.

    Attributes:
        workers: The address ``"host:port"`` of each worker. The chief is the first one.
        index: The position of this process in ``workers``.

    Example:
        >>> cluster = Cluster(("10.0.0.1:2222", "10.0.0.2:2222"), 1)
        >>> cluster.count, cluster.is_chief, cluster.address, cluster.peers
        (2, False, '10.0.0.2:2222', {0: '10.0.0.1:2222'})
    """

    workers: tuple[str, ...]
    index: int

    @property
    def count(self) -> int:
        """The number of workers, at least 1."""
        return len(self.workers)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what all workers share, such as the bundle."""
        return self.index == 0

    @property
    def address(self) -> str:
        """The address of this process."""
        return self.workers[self.index]

    @property
    def peers(self) -> dict[int, str]:
        """The addresses of the other workers, by their index."""
        return {index: address for index, address in enumerate(self.workers) if index != self.index}


def read_cluster(environ: Mapping[str, str]) -> Cluster | None:
    """Read and check ``TF_CONFIG``.

    A ``chief`` counts as the first worker, as in TensorFlow. Keys that tfft does not need, such as ``environment``, are ignored.

    Args:
        environ: The environment variables of a process.

    Returns:
        The cluster; None when ``TF_CONFIG`` is not set or empty.

    Raises:
        ClusterError: When the variable is not valid JSON, has other kinds of processes, invalid addresses or an invalid task.

    Source: https://www.tensorflow.org/guide/distributed_training#setting_up_the_tf_config_environment_variable and, for the
    position of the chief, ``id_in_cluster`` in ``tensorflow/python/distribute/multi_worker_util.py``.

    Example:
        >>> config = '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "worker", "index": 0}}'
        >>> read_cluster({"TF_CONFIG": config})
        Cluster(workers=('a:1', 'b:1'), index=1)
    """
    written = environ.get("TF_CONFIG", "")
    if not written.strip():
        return None
    config = strict_json.read(written, "TF_CONFIG", ClusterError, _WRITE)
    if not isinstance(config, dict):
        raise ClusterError("TF_CONFIG must be a JSON object.", kind_of(config), _WRITE)
    jobs, task = _part(config, "cluster"), _part(config, "task")
    addresses = _addresses(jobs)
    job, index = _task(task, addresses)
    return Cluster(
        tuple(address for name in _JOBS for address in addresses[name]),
        index + (len(addresses["chief"]) if job == "worker" else 0),
    )


def _part(config: dict[str, Any], key: str) -> dict[str, Any]:
    if key not in config:
        raise ClusterError(f"TF_CONFIG has no {key!r}.", f"the keys {shortlist(config)}" if config else "{}", _WRITE)
    if not isinstance(config[key], dict):
        raise ClusterError(f"The {key!r} of TF_CONFIG must be a JSON object.", kind_of(config[key]), _WRITE)
    return config[key]


def _addresses(jobs: dict[str, Any]) -> dict[str, list[str]]:
    """The checked addresses of the chief and of the other workers."""
    for name, listed in jobs.items():
        if name not in _JOBS and listed:
            why = _REFUSED.get(name, "tfft knows the processes 'chief' and 'worker'.")
            raise ClusterError(
                f"TF_CONFIG has a {name!r}. {why}", fix=f"Remove {name!r} from the cluster of all processes."
            )
        if name in _JOBS and not isinstance(listed, list):
            raise ClusterError(f"{name!r} of TF_CONFIG must be a list of addresses.", kind_of(listed), _WRITE)
    found = {name: jobs.get(name, []) for name in _JOBS}
    every = [address for name in _JOBS for address in found[name]]
    if not every:
        raise ClusterError("The cluster of TF_CONFIG has no workers.", repr(jobs), _WRITE)
    if len(found["chief"]) > 1:
        raise ClusterError(
            "TF_CONFIG has more than one chief.", shortlist(found["chief"]), "Move all but one of them to 'worker'."
        )
    for address in every:
        host_and_port(address)
    twice = sorted({address for address in every if every.count(address) > 1})
    if twice:
        raise ClusterError(
            "Two workers of TF_CONFIG have the same address.", shortlist(twice), "Give each worker a port of its own."
        )
    return found


def _task(task: dict[str, Any], addresses: dict[str, list[str]]) -> tuple[str, int]:
    """The checked type and index of this process."""
    job, index = task.get("type"), task.get("index")
    if isinstance(job, str) and job in _REFUSED:
        raise ClusterError(f"This process is a {job!r} of TF_CONFIG. {_REFUSED[job]}", fix="Do not start this process.")
    known = [name for name in _JOBS if addresses[name]]
    if job not in known:
        raise ClusterError(
            "The task type of TF_CONFIG is not part of its cluster.", repr(job), f"Use {' or '.join(map(repr, known))}."
        )
    if isinstance(index, bool) or not isinstance(index, int):
        raise ClusterError("The task index of TF_CONFIG must be an integer.", repr(index), "Count from 0.")
    if not 0 <= index < len(addresses[job]):
        raise ClusterError(
            f"The task index of TF_CONFIG is out of range: there are {len(addresses[job])} of type {job!r}.",
            repr(index),
            f"Use a number from 0 to {len(addresses[job]) - 1}, a different one in each process.",
        )
    return job, index


def host_and_port(address: Any) -> tuple[str, int]:
    """Divide an address.

    Args:
        address: ``"host:port"``.

    Returns:
        The host, without the brackets of IPv6, and the port.

    Raises:
        ClusterError: When it is not an address.

    Example:
        >>> host_and_port("[fe80::1]:2222")
        ('fe80::1', 2222)
    """
    found = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ClusterError(
            "TF_CONFIG has an invalid address.",
            repr(address),
            'Write "host:port" with a port from 1 to 65535, for example "10.0.0.2:2222" or "[fe80::1]:2222".',
        )
    return found["host"].strip("[]"), int(found["port"])
