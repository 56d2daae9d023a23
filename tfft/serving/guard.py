"""Refuse requests that are too large, too slow or ambiguous, answer errors of our own with 500, and measure all (ASGI)."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tfft.serving import refusals
from tfft.serving.refusals import RefusedError
from tfft.serving.settings import Settings

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
PAGES = ("/", "/docs")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'"
)
_HEADERS = ((b"x-content-type-options", b"nosniff"),)
_OF_PAGE = ((b"content-security-policy", _POLICY.encode()), (b"referrer-policy", b"no-referrer"))
_MOST_DIGITS = 18  # Python refuses to read more than 4,300
_MOST_HEAD_BYTES = 16 * 1024  # as h11, which lets more pass when they come at once
_VERSIONS = ("1.0", "1.1", "2", "3")
_log = logging.getLogger(__name__)


class Guard:
    """The outermost layer of a service.

    Args:
        app: The application inside.
        settings: The limits.
        measured: Called with method, path, status and seconds of each request.
    """

    def __init__(self, app: App, settings: Settings, measured: Callable[[str, str, int, float], Any]) -> None:
        self._app, self._settings, self._measured = app, settings, measured
        self._held = 0  # bytes of all requests that have no answer yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        Args:
            scope: The connection, as ASGI describes it.
            receive: Gives the next part of the request.
            send: Takes the next part of the response.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        exchange = _Exchange(self._settings, receive, send, self._hold, scope["path"] in PAGES)
        # an address that answers GET answers HEAD as well; the server leaves out the body
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            exchange.check_head(scope)
            await self._app(inner, exchange.receive, exchange.send)
        except RefusedError as error:
            exchange.refusal = error
        except Exception:
            if not exchange.gone:
                _log.exception("%s %r failed", scope["method"], scope["path"])
                if exchange.status:
                    raise  # the server closes the connection in the middle of the response
                exchange.refusal = RefusedError(
                    "The service failed.", "", "Its log says why. Tell the person who runs it.", 500
                )
        finally:
            try:
                await exchange.end()
            finally:
                self._held -= exchange.read
                status = exchange.status or (refusals.GONE if exchange.gone else 500)
                self._measured(scope["method"], scope["path"], status, time.perf_counter() - begun)

    def _hold(self, count: int) -> None:
        self._held += count
        if self._held > self._settings.held_bytes:
            raise refusals.busy(
                f"The requests that are being answered have more than {self._settings.held_bytes:,} bytes."
            )


class _Exchange:
    """One request and its response."""

    def __init__(
        self, settings: Settings, receive: Receive, send: Send, hold: Callable[[int], None], page: bool
    ) -> None:
        self._settings, self._receive, self._send, self._hold = settings, receive, send, hold
        self._more = _HEADERS + (_OF_PAGE if page else ())
        self._end = asyncio.get_running_loop().time() + settings.seconds
        self._whole = self._waits = False
        self.status, self.read, self.gone = 0, 0, False
        self.refusal: RefusedError | None = None

    def check_head(self, scope: Scope) -> None:
        """Refuse a request by its head; a server behind another one must not read it in two ways."""
        found: dict[bytes, set[bytes]] = {}
        for name, value in scope["headers"]:
            found.setdefault(name, set()).add(value)
        self._waits = b"expect" in found
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _MOST_HEAD_BYTES:
            raise RefusedError(f"The headers have more than {_MOST_HEAD_BYTES:,} bytes.", "", "Send fewer.", 431)
        if (version := scope.get("http_version", "1.1")) not in _VERSIONS:
            raise RefusedError("This version of HTTP does not exist.", version, "Use HTTP/1.1.", 400)
        lengths = found.get(b"content-length", set())
        length = next(iter(lengths), b"0")
        if len(lengths) > 1 or not length.isdigit() or (lengths and b"transfer-encoding" in found):
            raise RefusedError(
                "The headers do not say one length of the body.",
                f"content-length {', '.join(repr(each.decode('latin-1'))[:40] for each in sorted(lengths)[:3])}"
                + (", and transfer-encoding" if b"transfer-encoding" in found else ""),
                "Send one content-length, a whole number, or transfer-encoding: chunked.",
                400,
            )
        digits = length.lstrip(b"0") or b"0"
        if len(digits) > _MOST_DIGITS or int(digits) > self._settings.body_bytes:
            raise self._too_large()
        if len(found.get(b"content-type", ())) > 1:
            raise RefusedError("The request has several content types.", "", "Send one header content-type.", 400)
        if coded := found.get(b"content-encoding", set()) - {b"identity", b""}:
            raise RefusedError(
                "A compressed body is not read.",
                f"content-encoding {sorted(coded)[0].decode('latin-1')[:40]!r}",
                "Send the body as it is.",
                415,
            )

    async def receive(self) -> Message:
        """Give the next part of the request to the application."""
        if self._whole:  # only the end of the connection can follow
            message = await self._receive()
        else:
            try:
                async with asyncio.timeout_at(self._end):
                    message = await self._receive()
            except TimeoutError:
                self.refusal = refusals.late(self._settings.seconds)
                raise self.refusal from None
        if message["type"] == "http.disconnect":
            self.gone = True
            return message
        self.read += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        try:
            self._hold(len(message.get("body", b"")))
            if self.read > self._settings.body_bytes:
                raise self._too_large()
        except RefusedError as error:
            self.refusal = error
            raise
        return message

    async def send(self, message: Message) -> None:
        """Take the next part of the response of the application."""
        if self.refusal is not None or self.gone:
            return  # a framework answers each error while it reads a request by 400
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._more]
        await self._send(message)

    async def end(self) -> None:
        """Send the refusal, if there is one; then read what is left of the request.

        A connection that is closed with unread data loses the response.
        """
        if self.refusal is None or self.status or self.gone:
            return
        self.status = self.refusal.status
        content = refusals.body(self.refusal)
        headers = refusals.headers(self.refusal, content)
        await self._send({"type": "http.response.start", "status": self.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": content, "more_body": True})
        if self.status != 408 and not self._waits:  # a client that waits for "continue" sends no body
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._end):
                    while not self._whole:
                        message = await self._receive()
                        self._whole = not message.get("more_body", False)
        await self._send({"type": "http.response.body", "body": b""})

    def _too_large(self) -> RefusedError:
        return RefusedError(
            f"The request has more than {self._settings.body_bytes:,} bytes.", "", "Make it smaller.", 413
        )
