"""Refuse requests that are too large or too slow before they are read, and measure all others (ASGI)."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tfft.serving.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'"
)
_HEADERS = ((b"x-content-type-options", b"nosniff"),)
_OF_PAGE = ((b"content-security-policy", _POLICY.encode()), (b"referrer-policy", b"no-referrer"))


class _RefusedError(Exception):
    def __init__(self, status: int, what: str, fix: str) -> None:
        super().__init__(what)
        self.status, self.what, self.fix = status, what, fix


class Guard:
    """The outermost layer of a service.

    Args:
        app: The application inside.
        settings: The limits.
        measured: Called with method, path, status and seconds of each request.
    """

    def __init__(self, app: App, settings: Settings, measured: Callable[[str, str, int, float], Any]) -> None:
        self._app, self._settings, self._measured = app, settings, measured

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one request.

        Args:
            scope: The connection, as ASGI describes it.
            receive: Gives the next part of the request.
            send: Takes the next part of the response.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, read = time.perf_counter(), 0, 0
        most, refusal = self._settings.body_bytes, None

        async def limited() -> Message:
            nonlocal read, refusal
            try:
                message = await asyncio.wait_for(receive(), self._settings.seconds)
            except TimeoutError:
                refusal = _RefusedError(408, "The request did not arrive in time.", "Send it faster.")
                raise refusal from None
            read += len(message.get("body", b""))
            if read > most:
                refusal = _too_large(most)
                raise refusal
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if refusal is not None and status != refusal.status:
                return  # FastAPI answers 400 for every error while it reads a request
            if message["type"] == "http.response.start":
                status = message["status"]
                more = _OF_PAGE if scope["path"] == "/" else ()
                message["headers"] = [*message.get("headers", ()), *_HEADERS, *more]
            await send(message)

        try:
            if _length(scope) > most:
                refusal = _too_large(most)
            else:
                with contextlib.suppress(_RefusedError):
                    await self._app(scope, limited, noted)
            if refusal is not None and not status:
                status = refusal.status
                await _respond(noted, refusal)
        finally:
            self._measured(scope["method"], scope["path"], status, time.perf_counter() - begun)


def _too_large(most: int) -> _RefusedError:
    return _RefusedError(413, f"The request has more than {most:,} bytes.", "Make it smaller.")


def _length(scope: MutableMapping[str, Any]) -> int:
    """The length that a request says it has; 0 when it says none, or no number."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


async def _respond(send: Send, refused: _RefusedError) -> None:
    body = json.dumps({"error": {"what": refused.what, "fix": refused.fix}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
