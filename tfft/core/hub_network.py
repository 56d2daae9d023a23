"""Whether Hugging Face can be reached. Without this check, huggingface_hub retries for half a minute and hides the cause."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

from tfft.core.offline import VARIABLE, is_refused

CONNECT = "Connect to the network once; or set the environment variable HF_ENDPOINT to the address of a mirror before Python starts"
"""What to do when there is no connection, for error messages."""
_TIMEOUT_SECONDS = 5.0
_REMEMBERED_SECONDS = 60.0
_FAILED: dict[tuple[str, int], tuple[float, str]] = {}
"""Address -> time and reason of the last failure: one load asks several times, and each may wait for the timeout."""


def no_connection() -> str:
    """Say why there is no connection to Hugging Face, or to the mirror that ``HF_ENDPOINT`` names.

    Returns:
        A reason for an error message; an empty string when there is a connection, or a proxy decides.
    """
    from huggingface_hub import constants

    if is_refused():
        return f"offline mode is on ({VARIABLE} or offline=True)"
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set; unset it to connect"
    address = urlsplit(constants.ENDPOINT)
    if address.hostname is None or {"all", address.scheme} & set(getproxies()):
        return ""
    reason = _failure(address.hostname, address.port or (80 if address.scheme == "http" else 443))
    return f"no connection to {address.hostname}: {reason}" if reason else ""


def _failure(host: str, port: int) -> str:
    """Why a connection fails; failures are remembered for a minute."""
    when, reason = _FAILED.get((host, port), (0.0, ""))
    if reason and time.monotonic() - when < _REMEMBERED_SECONDS:
        return reason
    _FAILED.pop((host, port), None)
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS).close()
    except OSError as error:
        reason = str(error.strerror or error)
        _FAILED[host, port] = time.monotonic(), reason
        return reason
    return ""


@contextmanager
def cached_only(reason: str) -> Iterator[None]:
    """Let huggingface_hub use only the files on this machine, when there is no connection.

    Args:
        reason: The result of ``no_connection``; an empty string changes nothing.

    Yields:
        None.
    """
    if not reason:
        yield
        return
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
