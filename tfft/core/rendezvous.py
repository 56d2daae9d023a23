"""Let the workers of a cluster meet before TensorFlow starts: its strategy waits for a missing one without end (2.21)."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tfft.core.cluster import Cluster, host_and_port
from tfft.core.errors import ClusterError

_ATTEMPT_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_LINGERING_SECONDS = 0.5
_SILENT_SECONDS = 0.2
# a worker says this, then its number of workers and its index; TensorFlow's server, which may be there already, says something else
_GREETING = b"tfft worker "
_GREETING_BYTES = 100


def meet(cluster: Cluster, seconds: float = 60.0) -> None:
    """Wait until all workers of a cluster have called this function; each of them listens at its port meanwhile.

    Args:
        cluster: The result of ``read_cluster``.
        seconds: The longest time to wait.

    Raises:
        ClusterError: When another process uses the port of this worker, this process may not open it, or another worker has a
            different ``TF_CONFIG``; or when the time is over, with the workers that did not come.

    Example:
        >>> meet(Cluster(("localhost:0",), 0), seconds=1)  # no other workers
    """
    if cluster.count > 1:
        with _own_port(cluster):
            try:
                wait_for_peers(cluster, seconds)
            finally:
                # the others look for this port, too, before TensorFlow's server opens it again, or this process ends
                time.sleep(_LINGERING_SECONDS)


@contextmanager
def _own_port(cluster: Cluster) -> Iterator[None]:
    """Listen at the port of this worker, on all network interfaces, as TensorFlow's server will, and greet the others."""
    port = host_and_port(cluster.address)[1]
    listener = socket.socket()
    try:
        # as the server does: a port may be used again at once
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(cluster.count)
    except OSError as error:
        listener.close()
        raise ClusterError(
            f"Worker {cluster.index} cannot open its port {port}.",
            f"{error.strerror or error}, for address {cluster.address!r} in TF_CONFIG",
            "End the process that uses it (a worker of an earlier run?), or write another port into TF_CONFIG of all workers.",
        ) from error
    over = threading.Event()
    greeter = threading.Thread(target=_greet, args=(listener, cluster, over), daemon=True)
    greeter.start()
    try:
        yield
    finally:
        over.set()
        greeter.join()
        listener.close()


def _greet(listener: socket.socket, cluster: Cluster, over: threading.Event) -> None:
    """Tell every worker that connects how many there are, and which this one is."""
    greeting = _GREETING + json.dumps([cluster.count, cluster.index]).encode() + b"\n"
    listener.settimeout(_PAUSE_SECONDS)
    while not over.is_set():
        with suppress(OSError):  # nobody came, or the other one has left
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(_PAUSE_SECONDS)
                peer.sendall(greeting)
                # the other one should close the connection: the side that closes first keeps the port busy for a while
                peer.recv(1)


def wait_for_peers(cluster: Cluster, seconds: float) -> None:
    """Wait until every other worker accepts a TCP connection at its address.

    A port accepts connections when that worker waits in ``meet``, or has started its TensorFlow server. In ``meet``, it also says
    what its ``TF_CONFIG`` has, which must agree with that of this worker.

    Args:
        cluster: The result of ``read_cluster``.
        seconds: The longest time to wait. Looking up a host name can take longer.

    Raises:
        ClusterError: When a worker has a different ``TF_CONFIG``; or when the time is over, with the workers that did not answer.

    Example:
        >>> wait_for_peers(Cluster(("localhost:2222",), 0), seconds=1)  # no peers
    """
    deadline = time.monotonic() + seconds
    missing = {index: (address, "not tried") for index, address in cluster.peers.items()}
    while missing:
        for index, (address, _) in tuple(missing.items()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise _missing(missing, seconds)
            try:
                with socket.create_connection(host_and_port(address), min(_ATTEMPT_SECONDS, left)) as peer:
                    said = _heard(peer)
            except OSError as error:
                missing[index] = (address, str(error.strerror or error).lower())
            else:
                del missing[index]
                _compare(cluster, index, said)
        if missing:
            time.sleep(max(0.0, min(_PAUSE_SECONDS, deadline - time.monotonic())))


def _heard(peer: socket.socket) -> bytes:
    """The first line that a worker says, cut at a hundred bytes; nothing if it is silent."""
    said = b""
    peer.settimeout(_SILENT_SECONDS)
    with suppress(OSError):
        while b"\n" not in said and len(said) < _GREETING_BYTES and (more := peer.recv(_GREETING_BYTES - len(said))):
            said += more
    return said


def _compare(cluster: Cluster, index: int, said: bytes) -> None:
    if not said.startswith(_GREETING):
        return
    try:
        count, there = (int(number) for number in json.loads(said[len(_GREETING) :]))
    except (ValueError, TypeError):  # whatever listens there is no worker of tfft; TensorFlow will say so
        return
    if (count, there) != (cluster.count, index):
        raise ClusterError(
            f"The process at {cluster.workers[index]} has a different TF_CONFIG than this one.",
            f"there, it is worker {there} of {count}; here, worker {index} of {cluster.count}",
            'Write the same "cluster" into TF_CONFIG of all workers, in the same order. Only the "index" differs.',
        )


def _missing(missing: dict[int, tuple[str, str]], seconds: float) -> ClusterError:
    named = ", ".join(f"worker {index} at {address} ({why})" for index, (address, why) in tuple(missing.items())[:10])
    return ClusterError(
        f"{len(missing)} of the other workers did not start within {seconds:g} seconds.",
        named + (f", ... ({len(missing)} in all)" if len(missing) > 10 else ""),
        "Check that each of them runs and did not fail, and that the network lets connections to these ports through.",
    )
