"""Offline mode: with ``TFFT_OFFLINE=1`` or ``offline=True``, libraries that look for weights or data get no connection."""

import ipaddress
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VARIABLE = "TFFT_OFFLINE"
_LOCAL = ("localhost", None, "", b"localhost")
# in urllib and requests the lower-case variable has priority
_PROXY = ("NO_PROXY", "no_proxy")
_ON = f"offline mode is on ({VARIABLE} or offline=True)"
_LOCK = threading.Lock()
_HOLDERS: list[str] = []
"""Why connections are refused at the moment; the first reason is told."""


class OfflineError(ConnectionError):
    """Raised instead of opening a connection. Libraries treat it as a missing network."""


def is_offline() -> bool:
    """Return whether the environment variable ``TFFT_OFFLINE`` turns offline mode on.

    Returns:
        True for any value except an empty one, ``0``, ``no``, ``off`` and ``false``.
    """
    return os.environ.get(VARIABLE, "").strip().lower() not in ("", "0", "no", "off", "false")


def is_refused() -> bool:
    """Return whether connections are refused at the moment.

    Returns:
        True inside the context of ``disconnected`` while offline mode is on.
    """
    return bool(_HOLDERS)


@contextmanager
def disconnected(always: bool = False, why: str = _ON) -> Iterator[None]:
    """Refuse connections from this process to other machines inside this context. Local connections still work.

    kagglehub, huggingface_hub, urllib and TensorFlow Datasets have different switches or none, but all use Python's sockets.
    TensorFlow's own code for ``gs://`` does not, but tfft never uses it.

    Args:
        always: Whether to refuse connections even when ``TFFT_OFFLINE`` is not set.
        why: The reason that an ``OfflineError`` gives.

    Yields:
        None.

    Example:
        >>> with disconnected(always=True):
        ...     socket.create_connection(("example.org", 443), timeout=1)
        Traceback (most recent call last):
        tfft.core.offline.OfflineError: no connection to 'example.org', because offline mode is on (TFFT_OFFLINE or offline=True)
    """
    if not always and not is_offline():
        yield
        return
    with _LOCK:
        _HOLDERS.append(why)
        if len(_HOLDERS) == 1:
            _refuse()
    try:
        yield
    finally:
        with _LOCK:
            _HOLDERS.remove(why)
            if not _HOLDERS:
                _allow()


_BEFORE: dict[str, Any] = {}


def _refuse() -> None:
    _BEFORE.update({name: socket.socket.__dict__.get(name) for name in ("connect", "connect_ex")})
    _BEFORE["getaddrinfo"] = look_up = socket.getaddrinfo
    # a proxy on this machine would bypass the check
    for name in _PROXY:
        _BEFORE[name], os.environ[name] = os.environ.get(name), "*"

    def checked(original: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if isinstance(address, tuple) and not _is_local(address[0]):
                raise _refused(address[0])
            return original(self, address)

        return call

    def looked_up(host: Any, *more: Any, **options: Any) -> Any:
        if not _is_local(host):
            raise _refused(host)
        return look_up(host, *more, **options)

    socket.socket.connect = checked(socket.socket.connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = checked(socket.socket.connect_ex)  # type: ignore[method-assign]
    socket.getaddrinfo = looked_up


def _refused(host: Any) -> OfflineError:
    # a thread may keep a patched function for a moment after the last holder has left
    return OfflineError(f"no connection to {host!r}, because {next(iter(_HOLDERS), _ON)}")


def _allow() -> None:
    for name in ("connect", "connect_ex"):
        if _BEFORE[name] is None:  # it was inherited from the C class
            delattr(socket.socket, name)
        else:
            setattr(socket.socket, name, _BEFORE[name])
    socket.getaddrinfo = _BEFORE["getaddrinfo"]
    for name in _PROXY:
        os.environ.pop(name, None)
        if _BEFORE[name] is not None:
            os.environ[name] = _BEFORE[name]


def _is_local(host: Any) -> bool:
    if host in _LOCAL:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
