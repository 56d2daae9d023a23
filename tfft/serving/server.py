"""Run a service until it is told to stop. Requests that have begun are answered first."""

from typing import TYPE_CHECKING, Any

from tfft.core.errors import TfftError
from tfft.serving.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    b'{"error": {"what": "The request did not arrive in time.", "fix": "Send it faster."}}'
)
_KEPT_SECONDS = 5


def run(app: "FastAPI", host: str, port: int, settings: Settings, connections: int = 1_000) -> None:
    """Serve an application. SIGTERM and Ctrl-C end it once open requests are answered.

    Args:
        app: From ``create_app``.
        host: The address to listen at; ``"127.0.0.1"`` can be reached from this machine alone.
        port: The port; 0 chooses a free one.
        settings: The limits of the service.
        connections: The largest number of connections; further ones get status 503.

    Raises:
        TfftError: When uvicorn is not installed.
    """
    server_of(app, host, port, settings, connections).run()


def server_of(app: "FastAPI", host: str, port: int, settings: Settings, connections: int = 1_000) -> Any:
    """Make the server of ``run``.

    Args:
        app: As for ``run``.
        host: As for ``run``.
        port: As for ``run``.
        settings: As for ``run``.
        connections: As for ``run``.

    Returns:
        A ``uvicorn.Server``.

    Raises:
        TfftError: As ``run``.
    """
    try:
        import uvicorn
    except ImportError:
        raise TfftError(
            "Serving needs uvicorn, which is not installed.", fix='Run: pip install "tfft[serve]"'
        ) from None
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_protocol(settings.seconds),
        timeout_keep_alive=_KEPT_SECONDS,
        timeout_graceful_shutdown=int(settings.seconds) + 1,
        limit_concurrency=connections,
        log_level="warning",
        server_header=False,
    )
    return uvicorn.Server(config)


def _protocol(seconds: float) -> Any:
    """Uvicorn's protocol, with a time limit for the head of the first request, which uvicorn 0.54 does not have."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Timed(H11Protocol):
        """Closes connections that send no request."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(seconds, self._refuse)

        def connection_lost(self, exc: Exception | None) -> None:
            self._late.cancel()
            super().connection_lost(exc)

        def _refuse(self) -> None:
            if self.cycle is None and not self.transport.is_closing():
                self.transport.write(_LATE)
                self.transport.close()

    return Timed
