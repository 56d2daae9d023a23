"""Leases: a file in a folder says which living process is using it; it goes with its holder, and counts for nothing without it."""

import os
import re
import socket
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

_NAME = re.compile(r"\.lease-(?P<host>.+)-(?P<pid>\d+)-\d+")
_NUMBERS = count()
# a process on another machine, or where processes cannot be asked for, is believed for a day
_BELIEVED_SECONDS = 86_400.0


def lease(folder: Path, holder: object) -> Callable[[], object]:
    """Say that a folder is in use, for as long as an object lives.

    Args:
        folder: Must exist; where it cannot be written to, nothing is said.
        holder: Whose end ends the lease.

    Returns:
        What ends it before; may be called twice.
    """
    path = folder / f".lease-{socket.gethostname()}-{os.getpid()}-{next(_NUMBERS)}"
    with suppress(OSError):
        path.touch()
    return weakref.finalize(holder, _end, path, os.getpid())


def is_leased(folder: Path) -> bool:
    """Whether a living process is using a folder; what a dead one left behind is removed.

    Args:
        folder: Need not exist.

    Returns:
        Whether there is a lease that counts.

    Example:
        >>> import tempfile
        >>> class Table: ...
        >>> with tempfile.TemporaryDirectory() as name:
        ...     table = Table()
        ...     end = lease(Path(name), table)
        ...     before = is_leased(Path(name))
        ...     del table
        ...     before, is_leased(Path(name))
        (True, False)
    """
    living = False
    for path in folder.glob(".lease-*"):
        if _counts(path):
            living = True
        else:
            path.unlink(missing_ok=True)
    return living


def _counts(path: Path) -> bool:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return False
    if match["host"] != socket.gethostname() or os.name != "posix":
        with suppress(OSError):
            return time.time() - path.stat().st_mtime < _BELIEVED_SECONDS
        return False
    return process_lives(int(match["pid"]))


def process_lives(pid: int) -> bool:
    """Return whether a process runs on this machine.

    Args:
        pid: The process id.

    Returns:
        True also for a process of another user.

    Example:
        >>> process_lives(os.getpid())
        True
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True


def _end(path: Path, process: int) -> None:
    # a child that was forked off has the object as well, and ends earlier
    if os.getpid() == process:
        with suppress(OSError):
            # the folder's time says when it was used, and this is no use
            used = path.parent.stat().st_mtime
            path.unlink(missing_ok=True)
            os.utime(path.parent, (used, used))
