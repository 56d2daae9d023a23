"""Requests that are too large or too slow end with a status and a reason, and all are measured."""

import asyncio
import json

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


def asked(*parts, headers=(), app=echo, path="/predict", pause=0.0, **options):
    """The response of a guarded application to a request in parts, and what was measured."""
    sent, measured, left = [], [], list(parts)

    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    async def main():
        guard = Guard(app, Settings(**options), lambda *values: measured.append(values[:3]))
        await guard({"type": "http", "method": "POST", "path": path, "headers": list(headers)}, receive, send)

    asyncio.run(main())
    return sent[0]["status"], sent[-1]["body"], dict(sent[0]["headers"]), measured


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


def test_a_length_that_is_no_number_is_not_trusted():
    assert asked(b"abc", headers=[(b"content-length", b"a lot")])[0] == 200


def test_other_connections_go_through():
    met = []

    async def app(scope, receive, send):
        met.append(scope["type"])

    asyncio.run(Guard(app, Settings(), lambda *values: None)({"type": "lifespan"}, None, None))
    assert met == ["lifespan"]
