"""In offline mode, no connection leaves this machine."""

import os
import socket
import threading
import urllib.request

import pytest

from tfft.core.offline import OfflineError, disconnected, is_offline


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("yes", True), ("", False), ("0", False), ("False", False), (" off ", False)]
)
def test_usual_words_for_yes_and_no_are_understood(value, expected, monkeypatch):
    monkeypatch.setenv("TFFT_OFFLINE", value)
    assert is_offline() is expected


def test_other_machines_are_refused_by_name_and_by_address():
    with disconnected(always=True):
        with pytest.raises(OfflineError, match=r"'example\.org'"):
            socket.getaddrinfo("example.org", 443)
        with socket.socket() as one, pytest.raises(OfflineError, match=r"'192\.0\.2\.1'"):
            one.connect(("192.0.2.1", 443))
        with socket.socket() as one, pytest.raises(OfflineError):
            one.connect_ex(("192.0.2.1", 443))


def test_the_reason_is_the_one_that_was_given_and_offline_mode_only_by_default():
    with disconnected(always=True, why="the doctor downloads nothing"):
        with pytest.raises(OfflineError) as caught:
            socket.getaddrinfo("example.org", 443)
        with socket.socket() as one, pytest.raises(OfflineError, match=r"because the doctor downloads nothing$"):
            one.connect(("192.0.2.1", 443))
    assert str(caught.value) == "no connection to 'example.org', because the doctor downloads nothing"
    with disconnected(always=True), pytest.raises(OfflineError, match=r"because offline mode is on \(TFFT_OFFLINE or"):
        socket.getaddrinfo("example.org", 443)


def test_local_connections_still_work(server):
    with disconnected(always=True), socket.create_connection(server, timeout=5) as one:
        assert one.getpeername() == server


def test_everything_is_restored_afterwards_even_after_an_error(server):
    before = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    with pytest.raises(KeyError), disconnected(always=True):
        raise KeyError
    assert (socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo) == before


def test_with_two_contexts_connections_are_refused_until_the_last_one_ends():
    first, leave = threading.Event(), threading.Event()

    def hold():
        with disconnected(always=True):
            first.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    first.wait(10)
    with disconnected(always=True):
        pass
    with pytest.raises(OfflineError):
        socket.getaddrinfo("example.org", 443)
    leave.set()
    thread.join()
    assert "refuse" not in repr(socket.socket.connect)
    assert socket.getaddrinfo("localhost", 80)


def test_without_the_variable_nothing_is_changed(monkeypatch):
    monkeypatch.delenv("TFFT_OFFLINE", raising=False)
    before = socket.getaddrinfo
    with disconnected():
        assert socket.getaddrinfo is before


def test_patches_of_other_libraries_are_kept(monkeypatch):
    def theirs(*arguments, **options):
        raise AssertionError

    monkeypatch.setattr(socket.socket, "connect", theirs)
    monkeypatch.setattr(socket, "getaddrinfo", theirs)
    with disconnected(always=True):
        pass
    assert (socket.socket.connect, socket.getaddrinfo) == (theirs, theirs)


def test_proxies_are_not_used(monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with disconnected(always=True):
        assert urllib.request.proxy_bypass("example.org")
    assert "NO_PROXY" not in os.environ
    assert os.environ["no_proxy"] == "localhost"
    assert not urllib.request.proxy_bypass("example.org")
