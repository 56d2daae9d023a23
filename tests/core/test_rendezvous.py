"""Workers meet before TensorFlow starts; those that do not come, or have another list of workers, are named."""

import socket
import threading
import time

import pytest

from tfft.core.cluster import Cluster
from tfft.core.errors import ClusterError
from tfft.core.rendezvous import meet
from tfft.launch.environment import free_ports


def cluster_of(*ports, index=0):
    return Cluster(tuple(f"127.0.0.1:{port}" for port in ports), index)


def together(*clusters, seconds=10, delays=None):
    """For each of these workers, when it met the others, or what it raised."""
    found, begin = [None] * len(clusters), time.monotonic()

    def come(number, cluster, delay):
        time.sleep(delay)
        try:
            meet(cluster, seconds)
        except ClusterError as error:
            found[number] = str(error)
        else:
            found[number] = time.monotonic() - begin

    numbered = enumerate(zip(clusters, delays or [0] * len(clusters), strict=True))
    threads = [threading.Thread(target=come, args=(number, *pair)) for number, pair in numbered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_one_worker_waits_for_nobody():
    meet(Cluster(("localhost:0",), 0), 1)


def test_a_port_in_use_is_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = rf"Worker 1 cannot open its port {port}\. Got: Address already in use, for .*End"
        with pytest.raises(ClusterError, match=told):
            meet(cluster_of(1, port, index=1), 1)


def test_workers_meet_whoever_comes_first_and_their_ports_are_free_again():
    ports = free_ports(3)
    for delays in ([0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]):
        met = together(*(cluster_of(*ports, index=index) for index in range(3)), delays=delays)
        assert all(max(delays) <= seconds < 10 for seconds in met)


def test_workers_that_never_come_are_named_with_the_reason():
    one, two, three, four = free_ports(4)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", three))
        silent.listen()
        begin = time.monotonic()
        with pytest.raises(ClusterError) as raised:
            meet(cluster_of(one, two, three, four, index=0), 0.6)
    assert 0.5 < time.monotonic() - begin < 5
    assert raised.value.what == "3 of the other workers did not start within 0.6 seconds."
    assert f"worker 1 at 127.0.0.1:{two} (connection refused)" in raised.value.got
    assert f"worker 2 at 127.0.0.1:{three} (timed out)" in raised.value.got


def test_a_host_name_that_does_not_exist_is_a_reason():
    (port,) = free_ports(1)
    with pytest.raises(ClusterError, match=r"worker 1 at no-such-host\.invalid:2222 \(.+\)"):
        meet(Cluster((f"127.0.0.1:{port}", "no-such-host.invalid:2222"), 0), 0.3)


def test_a_port_where_something_else_answers_is_named():
    one, two = free_ports(2)
    with socket.create_server(("127.0.0.1", two)) as server:

        def answer():
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\n")
                peer.recv(100)

        thread = threading.Thread(target=answer)
        thread.start()
        told = rf"worker 1 at 127\.0\.0\.1:{two} \(the port answers, but not as a worker that starts\)"
        with pytest.raises(ClusterError, match=told):
            meet(cluster_of(one, two, index=0), 0.1)
        thread.join()


def test_workers_that_disagree_about_their_number_are_refused_at_once_on_both_sides():
    one, two, three = free_ports(3)
    begin = time.monotonic()
    found = together(cluster_of(one, two, index=0), cluster_of(one, two, three, index=1))
    assert time.monotonic() - begin < 5
    assert (
        "Worker 1 has another list of workers in its TF_CONFIG than this process. Got: 3 workers there, and 2 h"
        in found[0]
    )
    assert (
        "Worker 0 has another list of workers in its TF_CONFIG than this process. Got: 2 workers there, and 3 h"
        in found[1]
    )


@pytest.mark.parametrize("change", ["order", "address"])
def test_every_worker_notices_that_one_has_another_list(change):
    one, two, three, four = free_ports(4)
    odd = cluster_of(two, one, three, index=2) if change == "order" else cluster_of(one, four, three, index=2)
    begin = time.monotonic()
    found = together(cluster_of(one, two, three, index=0), cluster_of(one, two, three, index=1), odd, seconds=20)
    for said in found[:2]:
        assert "Worker 2 has another list" in said
        assert "Got: other addresses, or another order." in said
    assert "has another list of workers in its TF_CONFIG" in found[2]
    assert time.monotonic() - begin < 4


@pytest.mark.parametrize(
    "said",
    [
        b"", b"\x00\x00\x12\x04", b"GET / HTTP/1.1\r\n\r\n", b"x" * 5000, b"tfft worker 1 of 2 0123456789abcdeg\n",
        b"tfft worker -1 of 2 0123456789abcdef\n", b"tfft worker 99999999999 of 2 0123456789abcdef\n",
        b"tfft worker \xd9\xa1 of 2 0123456789abcdef\n",
    ],
)  # fmt: skip
def test_other_bytes_and_silent_connections_change_nothing(said):
    ports = free_ports(2)
    held = []

    def disturb():
        deadline = time.monotonic() + 5
        while len(held) < 20 and time.monotonic() < deadline:
            try:
                held.append(socket.create_connection(("127.0.0.1", ports[0]), 1))
                held[-1].sendall(said)
            except OSError:
                time.sleep(0.05)

    thread = threading.Thread(target=disturb)
    thread.start()
    met = together(cluster_of(*ports, index=0), cluster_of(*ports, index=1), delays=[0, 0.7])
    thread.join()
    for one in held:
        one.close()
    assert len(held) > 2
    assert all(0.6 < seconds < 8 for seconds in met), met
