"""Let the workers of a cluster meet before TensorFlow starts: its strategy waits for a missing one without end (2.21)."""

import socket
import time

from tfft.core.cluster import Cluster, host_and_port
from tfft.core.errors import ClusterError

_ATTEMPT_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_LINGERING_SECONDS = 0.5


def meet(cluster: Cluster, seconds: float = 60.0) -> None:
    """Wait until all workers of a cluster have called this function; each of them listens at its port meanwhile.

    Args:
        cluster: The result of ``read_cluster``.
        seconds: The longest time to wait.

    Raises:
        ClusterError: When another process uses the port of this worker, this process may not open it, or the time is over; the
            message names the workers that did not come.

    Example:
        >>> meet(Cluster(("localhost:0",), 0), seconds=1)  # no other workers
    """
    if cluster.count > 1:
        with _own_port(cluster):
            wait_for_peers(cluster, seconds)
            # the others look for this port, too, before TensorFlow's server opens it again
            time.sleep(_LINGERING_SECONDS)


def _own_port(cluster: Cluster) -> socket.socket:
    """Listen at the port of this worker, on all network interfaces, as TensorFlow's server will."""
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
    return listener


def wait_for_peers(cluster: Cluster, seconds: float) -> None:
    """Wait until every other worker accepts a TCP connection at its address.

    A port accepts connections when that worker waits in ``meet``, or has started its TensorFlow server.

    Args:
        cluster: The result of ``read_cluster``.
        seconds: The longest time to wait. Looking up a host name can take longer.

    Raises:
        ClusterError: When the time is over; the message names the workers that did not answer.

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
                socket.create_connection(host_and_port(address), min(_ATTEMPT_SECONDS, left)).close()
                del missing[index]
            except OSError as error:
                missing[index] = (address, str(error.strerror or error).lower())
        if missing:
            time.sleep(max(0.0, min(_PAUSE_SECONDS, deadline - time.monotonic())))


def _missing(missing: dict[int, tuple[str, str]], seconds: float) -> ClusterError:
    named = ", ".join(f"worker {index} at {address} ({why})" for index, (address, why) in tuple(missing.items())[:10])
    return ClusterError(
        f"{len(missing)} of the other workers did not start within {seconds:g} seconds.",
        named + (f", ... ({len(missing)} in all)" if len(missing) > 10 else ""),
        "Check that each of them runs and did not fail, and that the network lets connections to these ports through.",
    )
