"""Requests that are too large or too slow end with a status and a reason, and all are measured."""

import asyncio
import json
import time

import pytest

from tfft.serving.guard import Guard
from tfft.serving.settings import Settings


async def echo(scope, receive, send):
    """Read the whole request, and say how long it is."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


def asked(*parts, headers=(), app=echo, path="/predict", pause=0.0, left=None, method="POST", version="1.1", **options):
    """The response of a guarded application to a request in parts, and what was measured."""
    sent, measured = [], []
    left = list(parts) if left is None else left
    scope = {"type": "http", "method": method, "path": path, "headers": list(headers), "http_version": version}

    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    async def main():
        guard = Guard(app, Settings(**options), lambda *values: measured.append(values[:3]))
        await guard(scope, receive, send)

    asyncio.run(main())
    body = b"".join(message["body"] for message in sent[1:])
    return sent[0]["status"], body, dict(sent[0]["headers"]), measured


def test_an_ordinary_request_goes_through():
    status, body, headers, measured = asked(b"abc", b"de")
    assert (status, body) == (200, b"5")
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert b"content-security-policy" not in headers
    assert measured == [("POST", "/predict", 200)]
    assert b"content-security-policy" in asked(b"", path="/")[2]


@pytest.mark.parametrize(
    ("parts", "headers"), [([b"x" * 11], ()), ([b"x" * 6] * 2, ()), ([b""], [(b"content-length", b"11")])]
)
def test_a_request_that_is_too_large_is_refused_however_it_comes(parts, headers):
    status, body, headers, measured = asked(*parts, headers=headers, body_bytes=10)
    assert status == 413
    assert json.loads(body)["error"]["what"] == "The request has more than 10 bytes."
    assert headers[b"connection"] == b"close"
    assert measured == [("POST", "/predict", 413)]


def test_a_request_that_does_not_arrive_is_refused():
    status, body, _, _ = asked(b"", pause=5.0, seconds=0.05)
    assert (status, json.loads(body)["error"]["fix"]) == (408, "Send it faster.")


LENGTHS = [b"a lot", b"-1", b"+5", b"1_0", b"5.0", b"", "٥".encode(), b"\xb2", b"0x5"]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_is_no_number_is_refused(length):
    status, body, _, measured = asked(b"abc", headers=[(b"content-length", length)])
    assert (status, measured[0][2]) == (400, 400)
    error = json.loads(body)["error"]
    assert error["what"] == "The headers do not say one length of the body."
    assert error["got"] == f"content-length {length.decode('latin-1')!r}"


@pytest.mark.parametrize("length", [b"9" * 19, b"9" * 5000, b"10485761"])
def test_a_length_of_many_digits_is_too_large(length):
    assert asked(b"", headers=[(b"content-length", length)])[0] == 413


def test_leading_zeros_are_a_number():
    assert asked(b"abc", headers=[(b"content-length", b"0" * 5000 + b"3")])[0] == 200


@pytest.mark.parametrize(
    ("headers", "got"),
    [
        ([(b"content-length", b"4"), (b"content-length", b"5")], "content-length '4', '5'"),
        ([(b"content-length", b"3"), (b"transfer-encoding", b"chunked")], "content-length '3', and transfer-encoding"),
    ],
)
def test_several_lengths_are_refused(headers, got):
    status, body, _, _ = asked(b"abc", headers=headers)
    assert (status, json.loads(body)["error"]["got"]) == (400, got)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"content-encoding", b"gzip")], 415),
        ([(b"content-encoding", b"identity")], 200),
        ([(b"content-type", b"text/plain"), (b"content-type", b"application/json")], 400),
        ([(b"a", b"b" * 17_000)], 431),
        ([(b"a", b"b")] * 9_000, 431),
    ],
)
def test_heads_that_can_be_read_in_two_ways_are_refused(headers, status):
    assert asked(b"abc", headers=headers)[0] == status


def test_a_body_that_trickles_ends_in_time():
    begun = time.monotonic()
    status, _, _, measured = asked(*[b"x"] * 100, pause=0.05, seconds=0.3)
    assert (status, measured[0][2]) == (408, 408)
    assert time.monotonic() - begun < 2


def test_what_is_left_of_a_refused_request_is_read_so_that_the_client_gets_its_response():
    left = [b"x" * 10] * 5
    status, _, _, _ = asked(left=left, headers=[(b"content-length", b"50")], body_bytes=20)
    assert (status, left) == (413, [])
    left = [b"x" * 10] * 5
    assert asked(left=left, headers=[(b"content-length", b"50"), (b"expect", b"100-continue")], body_bytes=20)[0] == 413
    assert len(left) == 5, "a client that waits for its response sends no body"


def failing(begun):
    async def app(scope, receive, send):
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError("the secret")

    return app


def test_an_error_of_the_application_is_a_500_with_a_reason_and_its_traceback_is_logged(caplog):
    status, body, _, measured = asked(b"", app=failing(begun=False))
    assert (status, measured) == (500, [("POST", "/predict", 500)])
    assert json.loads(body)["error"]["what"] == "The service failed."
    assert b"secret" not in body
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
    assert record.getMessage() == "POST '/predict' failed"


def test_an_error_in_the_middle_of_a_response_ends_the_connection(caplog):
    with pytest.raises(ZeroDivisionError):
        asked(b"", app=failing(begun=True))
    assert caplog.records[0].exc_info[0] is ZeroDivisionError


def test_a_client_that_is_gone_is_no_error_of_the_service(caplog):
    async def app(scope, receive, send):
        if (await receive())["type"] == "http.disconnect":
            raise RuntimeError("the framework noticed")

    measured = []

    async def receive():
        return {"type": "http.disconnect"}

    guard = Guard(app, Settings(), lambda *values: measured.append(values[2]))
    asyncio.run(guard({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, None))
    assert measured == [499]
    assert caplog.records == []


def test_all_requests_together_hold_a_limited_number_of_bytes():
    statuses = []

    async def main():
        gate = asyncio.Event()

        async def app(scope, receive, send):
            await receive()
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        guard = Guard(app, Settings(body_bytes=10, held_bytes=25), lambda *values: statuses.append(values[2]))

        async def receive():
            return {"type": "http.request", "body": b"x" * 10}

        async def send(message):
            pass

        scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
        open_requests = [asyncio.ensure_future(guard(scope, receive, send)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert statuses == [429]
        gate.set()
        await asyncio.gather(*open_requests)
        await guard(scope, receive, send)  # the bytes of answered requests are free again

    asyncio.run(main())
    assert statuses == [429, 200, 200, 200]


def test_head_is_answered_as_get():
    met = []

    async def app(scope, receive, send):
        met.append(scope["method"])
        await echo(scope, receive, send)

    assert asked(b"", app=app, method="HEAD")[0] == 200
    assert met == ["GET"]


@pytest.mark.parametrize(("version", "status"), [("1.0", 200), ("1.1", 200), ("2", 200), ("2.0", 400), ("9.9", 400)])
def test_versions_of_http_that_do_not_exist_are_refused(version, status):
    assert asked(b"", version=version)[0] == status


def test_other_connections_go_through():
    met = []

    async def app(scope, receive, send):
        met.append(scope["type"])

    asyncio.run(Guard(app, Settings(), lambda *values: None)({"type": "lifespan"}, None, None))
    assert met == ["lifespan"]
