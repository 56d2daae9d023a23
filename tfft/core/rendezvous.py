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
# a worker that found a difference stays for so long, so that the others find it, too
_LAST_WORDS_SECONDS = 1.0
# what two workers tell each other: index, number of workers, and a hash of all addresses
_GREETING = re.compile(rb"tfft worker (\d{1,6}) of (\d{1,6}) ([0-9a-f]{16})\n")
_GREETING_BYTES = 100


def meet(cluster: Cluster, seconds: float = 60.0) -> None:
    """Wait until all workers of a cluster have called this function.

    Each worker listens at its port and connects to the ports of all others. On each connection, both sides tell their index and a
    hash of their list of workers.

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
    with _listening(cluster) as meeting:
        why = dict.fromkeys(cluster.peers, "not tried")
        deadline = time.monotonic() + seconds
        while absent := meeting.absent():
            for index in absent:
                if (left := deadline - time.monotonic()) > 0:
                    why[index] = _visit(meeting, cluster.workers[index], min(_ATTEMPT_SECONDS, left))
            if meeting.differing:
                deadline = min(deadline, time.monotonic() + _LAST_WORDS_SECONDS)
            if time.monotonic() >= deadline:
                break
            time.sleep(max(0.0, min(_PAUSE_SECONDS, deadline - time.monotonic())))
        if meeting.differing:
            raise _different(cluster, meeting.differing)
        if absent:
            raise _missing({index: f"{cluster.workers[index]} ({why[index]})" for index in absent}, seconds)


class _Meeting(socketserver.ThreadingTCPServer):
    """Listen at the port of a worker, and note which others it has met.

    Args:
        cluster: The cluster of this worker.

    Attributes:
        greeting: What this worker tells the others.
        differing: The index and the number of workers of those with another list, as they say.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, cluster: Cluster) -> None:
        self._digest = hashlib.sha256(json.dumps(cluster.workers).encode()).hexdigest()[:16]
        self.greeting = f"tfft worker {cluster.index} of {cluster.count} {self._digest}\n".encode()
        self.differing: dict[int, int] = {}
        self._absent = set(cluster.peers)
        self.request_queue_size = max(5, cluster.count)
        super().__init__(("", host_and_port(cluster.address)[1]), _Visited)

    def absent(self) -> list[int]:
        """Return the indices of the workers that were not met yet, in ascending order."""
        return sorted(self._absent)

    def hear(self, said: bytes) -> bool:
        """Note what another process said; returns whether it is a worker."""
        found = _GREETING.fullmatch(said)
        if found is None:
            return False
        self._absent.discard(int(found[1]))
        if found[3].decode() != self._digest:
            self.differing[int(found[1])] = int(found[2])
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a connection that breaks; the other worker comes again."""


class _Visited(socketserver.StreamRequestHandler):
    """Exchange greetings with a process that connects; one that is no worker gets no answer."""

    timeout = _ATTEMPT_SECONDS
    server: _Meeting

    def handle(self) -> None:
        said = self.rfile.readline(_GREETING_BYTES)
        if _GREETING.fullmatch(said):
            # answer first: this process may end as soon as it has heard the last worker
            self.wfile.write(self.server.greeting)
            self.server.hear(said)
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


def _visit(meeting: _Meeting, address: str, seconds: float) -> str:
    """Exchange greetings with a worker; returns why that failed, or an empty string."""
    try:
        with socket.create_connection(host_and_port(address), seconds) as peer:
            peer.sendall(meeting.greeting)
            with peer.makefile("rb") as answers:
                answer = answers.readline(_GREETING_BYTES)
    except OSError as error:
        return str(error.strerror or error).lower()
    return "" if meeting.hear(answer) else "the port answers, but not as a worker that starts"


def _different(cluster: Cluster, differing: dict[int, int]) -> ClusterError:
    index, count = min(differing.items())
    return ClusterError(
        f"Worker {index} has another list of workers in its TF_CONFIG than this process.",
        f"{count} workers there, and {cluster.count} here"
        if count != cluster.count
        else "other addresses, or another order",
        'Write the same "cluster" into TF_CONFIG of all workers, in the same order. Only the "index" differs.',
    )


def _missing(absent: dict[int, str], seconds: float) -> ClusterError:
    named = ", ".join(f"worker {index} at {where}" for index, where in tuple(absent.items())[:10])
    return ClusterError(
        f"{len(absent)} of the other workers did not start within {seconds:g} seconds.",
        named + (f", ... ({len(absent)} in all)" if len(absent) > 10 else ""),
        "Check that each of them runs and did not fail, and that the network lets connections to these ports through.",
    )
