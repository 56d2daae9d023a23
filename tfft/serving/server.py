"""Run a service until it is told to stop. Requests that have begun are answered first."""

import resource
import socket
from typing import TYPE_CHECKING, Any

from tfft.core.errors import TfftError
from tfft.serving.packages import check_packages
from tfft.serving.protocol import protocol
from tfft.serving.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

_KEPT_SECONDS = 5


def check_address(host: str, port: int) -> None:
    """Check that a service can listen at an address, before a bundle is loaded.

    Args:
        host: As for ``run``.
        port: As for ``run``.

    Raises:
        TfftError: When another process listens there, the host is not an address of this machine, or the port is not allowed.

    Example:
        >>> check_address("127.0.0.1", 0)
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except (OSError, UnicodeError) as error:
        raise TfftError(
            f"Cannot listen at {host!r}, port {port}.",
            getattr(error, "strerror", None) or str(error),
            "Choose another port with --port, or another address with --host.",
        ) from None


def run(app: "FastAPI", host: str, port: int, settings: Settings, connections: int = 1_000) -> None:
    """Serve an application. SIGTERM and Ctrl-C end it once open requests are answered.

    Args:
        app: From ``create_app``.
        host: The address to listen at; ``"127.0.0.1"`` can be reached from this machine alone.
        port: The port; 0 chooses a free one.
        settings: The limits of the service.
        connections: The largest number of connections; requests on further ones get status 503. At most half of the files that
            the process may open (``ulimit -n``).

    Raises:
        TfftError: When a package is not installed.
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
    check_packages()
    import uvicorn

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol(settings, min(connections, _sockets() // 2)),  # large files of forms need some as well
        ws="none",
        timeout_keep_alive=_KEPT_SECONDS,
        timeout_graceful_shutdown=int(settings.seconds) + 1,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )
    return uvicorn.Server(config)


def _sockets() -> int:
    """The number of files and sockets that this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if soft == resource.RLIM_INFINITY else soft
