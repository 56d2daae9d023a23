"""The environment variables of worker processes on this machine: ``TF_CONFIG`` with free ports, and limits of threads."""

import json
import random
import socket
from collections.abc import Mapping

from tfft.core import machine
from tfft.core.errors import ClusterError, quantity

HOST = "127.0.0.1"
THREAD_LIMITS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")
_PORTS = range(20_000, 32_768)  # below the ports that Linux and macOS give to outgoing connections
_ATTEMPTS = 1000


def worker_environments(count: int, environ: Mapping[str, str]) -> list[dict[str, str]]:
    """Make the environment variables of each worker.

    Each worker gets ``TF_CONFIG``. Workers share the cores of this machine: ``TF_NUM_INTRAOP_THREADS`` and ``OMP_NUM_THREADS`` are
    set to the number of cores divided by the number of workers, unless they are set already.

    Args:
        count: The number of workers, at least 1.
        environ: The environment variables of this process. They are not changed.

    Returns:
        The variables of worker 0 (the chief), 1, and so on.

    Raises:
        ClusterError: When ``count`` is less than 1, ``TF_CONFIG`` is already set, or there are not enough free ports.

    Example:
        >>> one, two = worker_environments(2, {"HOME": "/home/me"})
        >>> json.loads(two["TF_CONFIG"])["task"], two["HOME"]
        ({'type': 'worker', 'index': 1}, '/home/me')
    """
    if count < 1:
        raise ClusterError("The number of workers must be at least 1.", repr(count), "Use --workers 2 or more.")
    if environ.get("TF_CONFIG", "").strip():
        raise ClusterError(
            "TF_CONFIG is already set, so this process is one worker of a cluster, and its workers could not join that cluster.",
            repr(environ["TF_CONFIG"][:200]),
            "Run the command without `tfft launch`, or unset TF_CONFIG to train on this machine only.",
        )
    addresses = [f"{HOST}:{port}" for port in free_ports(count)]
    threads = str(max(1, machine.cores() // count))
    shared = {name: threads for name in THREAD_LIMITS if not environ.get(name)}
    return [
        {
            **environ,
            **shared,
            "TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}),
        }
        for index in range(count)
    ]


def free_ports(count: int) -> list[int]:
    """Find ports that no process listens on. Another process can still take one before a worker opens it.

    Args:
        count: The number of ports.

    Returns:
        Different port numbers, in random order, so that two launches at a time do not choose the same ones.

    Raises:
        ClusterError: When there are not enough free ports.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, min(len(_PORTS), _ATTEMPTS + count)):
        if len(found) < count and _is_free(port):
            found.append(port)
    if len(found) < count:
        raise ClusterError(
            f"There are not enough free ports for {quantity(count, 'worker')}.",
            f"{quantity(len(found), 'free port')} from {_PORTS.start} to {_PORTS.stop - 1}",
            "Start fewer workers, or end processes that use these ports.",
        )
    return found


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as listener:
            listener.bind(("", port))  # on all network interfaces, as TensorFlow's server does
    except OSError:
        return False
    return True
