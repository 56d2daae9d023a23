"""Mark a folder as in use by a living process, with a small file that is called a lease.

A lease ends with the object that holds it, or with its process. A folder may have many leases, and checking them never waits.

The package ``filelock`` is not used. Its locks passed all tests of leases except one: a process on another machine that shares the
folder. Not every network file system passes locks on to other machines, and then the folder would be deleted while it is read. A
lease is a file, so other machines see it. The price is that a new process with the id of a dead one keeps an old lease alive.
"""

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
# a lease counts for a day if its process cannot be checked: it runs on another machine, or not on a POSIX system
_UNCHECKED_SECONDS = 86_400.0


def lease(folder: Path, holder: object) -> Callable[[], object]:
    """Mark a folder as in use for the lifetime of an object.

    Args:
        folder: An existing folder. If it cannot be written, there is no lease.
        holder: The object that uses the folder. The lease ends when the object is deleted.

    Returns:
        A function that ends the lease earlier. It may be called twice.
    """
    path = folder / f".lease-{socket.gethostname()}-{os.getpid()}-{next(_NUMBERS)}"
    with suppress(OSError):
        path.touch()
    return weakref.finalize(holder, _end, path, os.getpid())


def is_leased(folder: Path) -> bool:
    """Return whether a living process is using a folder. Leases of dead processes are deleted.

    Args:
        folder: The path of the folder. It need not exist.

    Returns:
        True when the folder has a lease of a living process.

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
        if _is_valid(path):
            living = True
        else:
            path.unlink(missing_ok=True)
    return living


def _is_valid(path: Path) -> bool:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return False
    if match["host"] != socket.gethostname() or os.name != "posix":
        with suppress(OSError):
            return time.time() - path.stat().st_mtime < _UNCHECKED_SECONDS
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
    except PermissionError:  # the process is running, and belongs to another user
        return True
    return True


def _end(path: Path, process: int) -> None:
    # a forked child process has a copy of the object and may end earlier
    if os.getpid() == process:
        with suppress(OSError):
            # the time of the folder says when it was last used, and the end of a lease is not a use
            used = path.parent.stat().st_mtime
            path.unlink(missing_ok=True)
            os.utime(path.parent, (used, used))
