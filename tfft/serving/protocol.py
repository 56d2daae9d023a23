"""Uvicorn's protocol with time limits for the head of each request, and with reasons in JSON, which uvicorn 0.54 does not have."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from tfft.serving import refusals
from tfft.serving.guard import Guard
from tfft.serving.refusals import RefusedError
from tfft.serving.settings import Settings

_INVALID = RefusedError(
    "The request is not valid HTTP/1.1.",
    "",
    "Check the first line, the headers (16 KB at most), the length and the chunks.",
    400,
)
_LAST_SECONDS = 1.0


def protocol(settings: Settings, connections: int) -> Any:
    """Make the protocol class of a server.

    Args:
        settings: Its ``seconds`` limit the time for the head of a request. A connection that sends none gets status 408.
        connections: The largest number of connections; requests on others get status 503.

    Returns:
        A subclass of uvicorn's ``H11Protocol``.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    seconds = settings.seconds
    last = min(seconds, _LAST_SECONDS)
    busy = Guard(_busy, replace(settings, seconds=last, wait_milliseconds=0), lambda *values: None)

    class Timed(H11Protocol):
        """Closes connections that send no request, and says why."""

        _refused = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(seconds, self._refuse)
            if len(self.connections) > connections:
                self.app = busy
                self._wait(last, self._refuse)  # such connections must not take all sockets of the process

        def connection_lost(self, exc: Exception | None) -> None:
            self._late.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self._refused:
                super().data_received(data)

        def on_response_complete(self) -> None:
            self._wait(seconds, self._refuse)
            super().on_response_complete()

        def send_400_response(self, msg: str) -> None:
            self._close(_INVALID)

        def _wait(self, longest: float, then: Callable[[], None]) -> None:
            self._late.cancel()
            self._late = self.loop.call_later(longest, then)

        def _refuse(self) -> None:
            if self.cycle is None or (self.cycle.response_complete and self.conn.trailing_data[0]):
                self._close(refusals.late(seconds))
            elif self.cycle.response_complete:
                self.transport.close()  # it waited for another request, of which nothing came

        def _close(self, error: RefusedError) -> None:
            if _has_response(self):
                self.transport.close()
            elif not self.transport.is_closing():
                self._refused = True
                self._unset_keepalive_if_required()
                self.transport.write(_response(error))
                with contextlib.suppress(OSError, NotImplementedError):  # a client that is gone
                    self.transport.write_eof()
                self.flow.resume_reading()  # data that is not read would cost the client its response
                self._wait(last, self.transport.close)

    return Timed


def _has_response(connection: Any) -> bool:
    """Whether the client has a response to the request that it still sends, or a part of it."""
    from h11 import SEND_BODY

    cycle = connection.cycle
    if cycle is None or not cycle.response_started:
        return False
    return not cycle.response_complete or connection.conn.their_state is SEND_BODY


def _response(error: RefusedError) -> bytes:
    content = refusals.body(error)
    head = b"".join(b"%s: %s\r\n" % each for each in refusals.headers(error, content))
    return f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n".encode() + head + b"\r\n" + content


async def _busy(scope: Any, receive: Any, send: Any) -> None:
    raise refusals.busy("Too many connections are open.", 503)
