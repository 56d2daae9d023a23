"""Workers meet before TensorFlow starts; those that do not come are named."""

import socket
import threading
import time

import pytest

from tfft.core.cluster import Cluster
from tfft.core.errors import ClusterError
from tfft.core.rendezvous import meet, wait_for_peers


@pytest.fixture
def listener():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found


def cluster_of(*ports, index=0):
    return Cluster(tuple(f"127.0.0.1:{port}" for port in ports), index)


def test_a_free_port_passes_and_stays_free(listener):
    port = listener.getsockname()[1]
    listener.close()
    for _ in range(2):
        meet(cluster_of(port, index=0), 1)


def test_a_port_in_use_is_refused(listener):
    listener.listen()
    port = listener.getsockname()[1]
    with pytest.raises(
        ClusterError, match=rf"Worker 1 cannot open its port {port}\. Got: Address already in use, for .*End"
    ):
        meet(cluster_of(1, port, index=1), 1)


def test_waiting_ends_when_every_peer_accepts(listener):
    port = listener.getsockname()[1]
    opens = threading.Timer(0.3, listener.listen)
    opens.start()
    begin = time.monotonic()
    wait_for_peers(cluster_of(1, port, index=0), 20)
    assert 0.25 < time.monotonic() - begin < 10
    opens.join()


def test_peers_that_never_come_are_named_with_the_reason(listener):
    listener.listen()
    there = listener.getsockname()[1]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # it does not listen, and nobody else can
        missing = silent.getsockname()[1]
        begin = time.monotonic()
        with pytest.raises(ClusterError) as raised:
            wait_for_peers(cluster_of(1, there, missing, index=0), 0.4)
        assert 0.35 < time.monotonic() - begin < 5
    assert raised.value.what == "1 of the other workers did not start within 0.4 seconds."
    assert raised.value.got == f"worker 2 at 127.0.0.1:{missing} (connection refused)"


def test_a_host_name_that_does_not_exist_is_a_reason():
    with pytest.raises(ClusterError, match=r"worker 1 at no-such-host\.invalid:2222 \(.+\)"):
        wait_for_peers(Cluster(("a:1", "no-such-host.invalid:2222"), 0), 0.3)


def test_workers_meet_whoever_comes_first():
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], two.getsockname()[1]
    met, begin = [], time.monotonic()

    def come(index, delay):
        time.sleep(delay)
        meet(cluster_of(*ports, index=index), 20)
        met.append(time.monotonic() - begin)

    threads = [threading.Thread(target=come, args=(0, 0)), threading.Thread(target=come, args=(1, 0.5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(met) == 2
    assert all(0.45 < seconds < 15 for seconds in met)


def told(*clusters):
    """What each of these workers raises, when they meet."""
    raised = {}

    def run(number, cluster):
        try:
            meet(cluster, 5)
        except ClusterError as error:
            raised[number] = str(error)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(clusters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return raised


def free(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    found = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return found


def test_workers_with_the_same_list_meet():
    ports = free(3)
    assert told(*(cluster_of(*ports, index=index) for index in range(3))) == {}


def test_workers_that_disagree_about_their_number_are_refused_at_once():
    one, two, three = free(3)
    begin = time.monotonic()
    raised = told(cluster_of(one, two, index=0), cluster_of(one, two, three, index=1))
    assert time.monotonic() - begin < 4
    assert f"The process at 127.0.0.1:{two} has a different TF_CONFIG than this one." in raised[0]
    assert "Got: there, it is worker 1 of 3; here, worker 1 of 2." in raised[0]
    assert "there, it is worker 0 of 2; here, worker 0 of 3" in raised[1]


def test_workers_that_disagree_about_their_order_are_refused():
    one, two = free(2)
    raised = told(cluster_of(one, two, index=0), cluster_of(two, one, index=0))
    assert "there, it is worker 0 of 2; here, worker 1 of 2" in raised[0]


@pytest.mark.parametrize(
    "said", [b"", b"\x00\x00\x12\x04", b"tfft worker nonsense\n", b"tfft worker [1]\n", b"x" * 500]
)
def test_whatever_else_a_port_says_counts_as_there(listener, said):
    listener.listen()

    def answer():
        peer, _ = listener.accept()
        with peer:
            peer.sendall(said)

    thread = threading.Thread(target=answer)
    thread.start()
    wait_for_peers(cluster_of(1, listener.getsockname()[1], index=0), 5)
    thread.join()
