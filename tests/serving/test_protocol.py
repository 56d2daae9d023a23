"""Connections that send no request, or no HTTP, end in time and with a reason in JSON."""

import concurrent.futures
import contextlib
import socket
import time

import pytest

from tests.conftest import picture
from tests.malformed_requests import request
from tests.serving.conftest import running
from tfft.formats.compared_examples import encoded

HEALTH = request("/health", method="GET")


@pytest.fixture(scope="module")
def service(images):
    with running(images, seconds=1.0, body_bytes=2**20) as made:
        yield made


def kept(service):
    """A connection on which a request was answered."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    connection.sendall(HEALTH)
    found = b""
    while b"ok" not in found:
        found += connection.recv(65536)
    return connection


def test_what_is_no_http_gets_a_reason(service):
    for content in (b"\x16\x03\x01 no http\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 300_000):
        found = service.send(content)
        assert (found.status, found.values["error"]["what"]) == (400, "The request is not valid HTTP/1.1.")
        assert found.headers["content-type"] == "application/json"


def test_broken_chunks_get_a_reason_while_the_body_is_read(service):
    head = b"POST /predict/bytes HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    found = service.send(head, b"3\r\nabc\r\n", b"xyz\r\n", pause=0.1)
    assert (found.status, found.values["error"]["what"]) == (400, "The request is not valid HTTP/1.1.")


def test_broken_chunks_after_the_response_close_the_connection(service):
    head = b"POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 404")
        connection.sendall(b"xyz\r\n")
        while connection.recv(65536):
            pass
    assert service.call("GET", "/health").status == 200


def test_half_a_second_request_ends_in_time(service):
    with kept(service) as connection:
        begun = time.monotonic()
        connection.sendall(b"GET /health HT")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")
        assert connection.recv(65536) == b""
        assert time.monotonic() - begun < 5


def test_a_connection_that_is_kept_ends_without_another_response(service):
    with kept(service) as connection:
        assert connection.recv(65536) == b""


def test_a_body_that_goes_on_after_its_response_ends_in_time(service):
    head = b"POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 404")
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < 10:
                connection.sendall(b"1\r\nx\r\n")
                time.sleep(0.05)
        assert time.monotonic() - begun < 5


def test_a_body_that_trickles_ends_in_time(service):
    begun = time.monotonic()
    head = b"POST /predict/bytes HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n"
    assert service.send(head, *[b"x"] * 60, pause=0.05).status == 408
    assert time.monotonic() - begun < 10


def test_a_client_that_sends_fifty_megabytes_before_it_reads_gets_its_response(service):
    for body in (b"x" * 50 * 2**20, (b"x" * 2**20 for _ in range(50))):  # with a length, and in chunks
        found = service.call("POST", "/predict/bytes", body)
        assert (found.status, found.values["error"]["what"]) == (413, "The request has more than 1,048,576 bytes.")


def test_pipelined_requests_are_answered_in_order_up_to_the_first_that_is_malformed(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(HEALTH + request("/nowhere", method="GET") + b"nothing\r\n\r\n" + HEALTH)
        found = b""
        while part := connection.recv(65536):
            found += part
    assert [line[:12] for line in found.split(b"HTTP/1.1 ")[1:]] == [
        b"200 OK\r\ndate",
        b"404 Not Foun",
        b"400 Bad Requ",
    ]


def test_connections_above_the_limit_get_a_reason_and_leave_room_afterwards(images):
    with running(images, connections=5, seconds=20.0) as service:
        idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(5)]
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            found = list(pool.map(lambda _: service.show(encoded(picture(0))), range(20)))
        assert {each.status for each in found} == {503}
        assert {each.values["error"]["what"] for each in found} == {"Too many connections are open."}
        assert {each.headers["retry-after"] for each in found} == {"1"}
        begun = time.monotonic()
        assert service.send(b"").status == 408  # it takes a socket for a second, and not for twenty
        assert time.monotonic() - begun < 10
        for each in idle:
            each.close()
        time.sleep(0.2)
        assert service.show(encoded(picture(0))).status == 200


def test_connections_take_no_more_than_half_of_the_files_of_a_process(images, monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda which: (11, 4096))
    with running(images) as service, contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
        assert service.call("GET", "/health").status == 503


def test_an_upgrade_to_websockets_is_an_ordinary_request(service):
    upgrade = {"connection": "Upgrade", "sec-websocket-key": "x3JJHMbDL1EzLkh9GBhXDw==", "sec-websocket-version": "13"}
    assert service.send(request("/predict", method="GET", upgrade="websocket", **upgrade)).status == 405
