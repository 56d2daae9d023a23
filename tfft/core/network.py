"""Offline: with ``TFFT_OFFLINE=1``, or when asked, no library that looks for weights or data gets a connection."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VARIABLE = "TFFT_OFFLINE"
_LOCAL = ("127.0.0.1", "::1", "localhost", None, "", b"localhost")
_LOCK = threading.Lock()
_HOLDERS: list[object] = []


class OfflineError(ConnectionError):
    """Raised in the place of a connection; the libraries above take it for a network that is gone."""


def is_offline() -> bool:
    """Whether the environment variable ``TFFT_OFFLINE`` says so.

    Returns:
        True for any value but an empty one, ``0``, ``no``, ``off`` and ``false``.
    """
    return os.environ.get(VARIABLE, "").strip().lower() not in ("", "0", "no", "off", "false")


@contextmanager
def disconnected(always: bool = False) -> Iterator[None]:
    """Refuse connections of this process to other machines, as long as the block runs; local ones go on.

    kagglehub, huggingface_hub, urllib and TensorFlow Datasets each have a switch of their own, or none; all of them open sockets
    of Python's. (TensorFlow's own access to ``gs://`` does not: tfft never asks for it.)

    Args:
        always: Also where the environment does not say so.

    Yields:
        Nothing.

    Example:
        >>> with disconnected(always=True):
        ...     socket.create_connection(("example.org", 443), timeout=1)
        Traceback (most recent call last):
        tfft.core.network.OfflineError: no connection to 'example.org': offline
    """
    if not always and not is_offline():
        yield
        return
    holder = object()
    with _LOCK:
        _HOLDERS.append(holder)
        if len(_HOLDERS) == 1:
            _refuse()
    try:
        yield
    finally:
        with _LOCK:
            _HOLDERS.remove(holder)
            if not _HOLDERS:
                _allow()


_LOOK_UP = socket.getaddrinfo


def _refuse() -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def checked(original: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if isinstance(address, tuple) and address[0] not in _LOCAL:
                raise OfflineError(f"no connection to {address[0]!r}: offline")
            return original(self, address)

        return call

    def look_up(host: Any, *more: Any, **options: Any) -> Any:
        if host not in _LOCAL:
            raise OfflineError(f"no connection to {host!r}: offline")
        return _LOOK_UP(host, *more, **options)

    socket.socket.connect = checked(connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = checked(connect_ex)  # type: ignore[method-assign]
    socket.getaddrinfo = look_up


def _allow() -> None:
    # both are inherited from the C class below
    del socket.socket.connect, socket.socket.connect_ex
    socket.getaddrinfo = _LOOK_UP
