"""Let the workers of a cluster meet before TensorFlow starts: its strategy waits for a missing one without end (2.21)."""

import hashlib
import json
import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tfft.core.cluster import Cluster, host_and_port
from tfft.core.errors import ClusterError

_ATTEMPT_SECONDS = 2.0
_PAUSE_SECONDS = 0.1
# a worker that found a difference still tells the others for so long, so that they find it, too
_LAST_WORDS_SECONDS = 1.0
# what a worker tells each other one: its index, the number of workers, and a hash of their addresses
_GREETING = re.compile(rb"tfft worker (\d{1,6}) of (\d{1,6}) ([0-9a-f]{16})\n")
_GREETING_BYTES = 100
_ANSWER = b"tfft heard\n"


def meet(cluster: Cluster, seconds: float = 60.0) -> None:
    """Wait until all workers of a cluster have called this function.

    Each worker listens at its port, and tells every other one its index and a hash of the list of workers. It leaves when it has
    told all others and has heard from all of them.

    Args:
        cluster: The result of ``read_cluster``.
        seconds: The longest time to wait. Looking up a host name can take longer.

    Raises:
        ClusterError: When another process uses the port of this worker, or this process may not open it; when another worker has
            a different list of workers; or when the time is over, with the workers that did not come.

    Example:
        >>> meet(Cluster(("localhost:0",), 0), seconds=1)  # no other workers
    """
    if cluster.count == 1:
        return
    untold = dict.fromkeys(cluster.peers, "not tried")
    with _listening(cluster) as meeting:
        deadline = time.monotonic() + seconds
        while untold or not meeting.complete:
            for index in tuple(untold):
                left = deadline - time.monotonic()
                if left > 0 and (problem := _tell(cluster, index, min(_ATTEMPT_SECONDS, left))):
                    untold[index] = problem
                elif left > 0:
                    del untold[index]
            if meeting.differing:
                deadline = min(deadline, time.monotonic() + _LAST_WORDS_SECONDS)
            if time.monotonic() >= deadline or (meeting.differing and not untold):
                raise (
                    _different(cluster, meeting.differing)
                    if meeting.differing
                    else _missing(cluster, untold, meeting.heard, seconds)
                )
            time.sleep(max(0.0, min(_PAUSE_SECONDS, deadline - time.monotonic())))


class _Meeting(socketserver.ThreadingTCPServer):
    """Hear the other workers.

    Args:
        cluster: The cluster of this worker.

    Attributes:
        heard: The indices of the workers with the same list of workers.
        differing: The index and the number of workers of those with another list, as they say.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, cluster: Cluster) -> None:
        self.heard: set[int] = set()
        self.differing: dict[int, int] = {}
        self.request_queue_size = max(5, cluster.count)
        self._peers, self._digest = cluster.peers.keys(), _digest(cluster)
        super().__init__(("", host_and_port(cluster.address)[1]), _Greeted)

    @property
    def complete(self) -> bool:
        """Whether all other workers were heard."""
        return self.heard >= self._peers and not self.differing

    def hear(self, index: int, count: int, digest: str) -> None:
        """Note what a worker said."""
        if digest == self._digest:
            self.heard.add(index)
        else:
            self.differing[index] = count

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a connection that breaks; a worker tells again."""


class _Greeted(socketserver.StreamRequestHandler):
    """Read the greeting of one connection; other bytes are ignored."""

    timeout = _ATTEMPT_SECONDS
    server: _Meeting

    def handle(self) -> None:
        found = _GREETING.fullmatch(self.rfile.readline(_GREETING_BYTES))
        if found:
            self.server.hear(int(found[1]), int(found[2]), found[3].decode())
            self.wfile.write(_ANSWER)
            # the other side should close the connection: the side that closes first keeps the port busy for a while
            self.rfile.read(1)


@contextmanager
def _listening(cluster: Cluster) -> Iterator[_Meeting]:
    """Listen at the port of this worker, on all network interfaces, as TensorFlow's server will."""
    try:
        meeting = _Meeting(cluster)
    except OSError as error:
        raise ClusterError(
            f"Worker {cluster.index} cannot open its port {host_and_port(cluster.address)[1]}.",
            f"{error.strerror or error}, for address {cluster.address!r} in TF_CONFIG",
            "End the process that uses it (a worker of an earlier run?), or write another port into TF_CONFIG of all workers.",
        ) from error
    with meeting:
        thread = threading.Thread(target=meeting.serve_forever, args=(_PAUSE_SECONDS,), daemon=True)
        thread.start()
        try:
            yield meeting
        finally:
            meeting.shutdown()
            thread.join()


def _tell(cluster: Cluster, index: int, seconds: float) -> str:
    """Greet a worker; returns why it did not answer, or nothing when it did."""
    greeting = f"tfft worker {cluster.index} of {cluster.count} {_digest(cluster)}\n".encode()
    try:
        with socket.create_connection(host_and_port(cluster.workers[index]), seconds) as peer:
            peer.settimeout(seconds)
            peer.sendall(greeting)
            with peer.makefile("rb") as answers:
                answer = answers.readline(_GREETING_BYTES)
    except OSError as error:
        return str(error.strerror or error).lower()
    return "" if answer == _ANSWER else "the port answers, but not as a worker that starts"


def _digest(cluster: Cluster) -> str:
    return hashlib.sha256(json.dumps(cluster.workers).encode()).hexdigest()[:16]


def _different(cluster: Cluster, differing: dict[int, int]) -> ClusterError:
    index, count = min(differing.items())
    return ClusterError(
        f"Worker {index} has another list of workers in its TF_CONFIG than this process.",
        f"{count} workers there, and {cluster.count} here"
        if count != cluster.count
        else "other addresses, or another order",
        'Write the same "cluster" into TF_CONFIG of all workers, in the same order. Only the "index" differs.',
    )


def _missing(cluster: Cluster, untold: dict[int, str], heard: set[int], seconds: float) -> ClusterError:
    why = {index: untold.get(index, "it was told, but says nothing") for index in cluster.peers}
    missing = [index for index in why if index in untold or index not in heard]
    named = ", ".join(f"worker {index} at {cluster.workers[index]} ({why[index]})" for index in missing[:10])
    return ClusterError(
        f"{len(missing)} of the other workers did not start within {seconds:g} seconds.",
        named + (f", ... ({len(missing)} in all)" if len(missing) > 10 else ""),
        "Check that each of them runs and did not fail, and that the network lets connections to these ports through.",
    )
