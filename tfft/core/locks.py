"""Keep a folder for one process: a second one is refused, and a process that is killed keeps nothing.

The lock belongs to the operating system, which frees it when the process ends, however it ends. Leases (``core/leases.py``) have
another purpose: many processes may read one folder, also from other machines.
"""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfft.core.errors import TfftError

_NAME = ".lock"
_HOLDER = re.compile(r"process \d+ on [\w.-]+")


@contextmanager
def alone_in(folder: Path | None) -> Iterator[None]:
    """Lock a folder in this context. Where the file system or the platform has no locks, nothing is locked.

    Args:
        folder: A folder, which is created if it does not exist; None locks nothing.

    Yields:
        None.

    Raises:
        TfftError: When another context has locked the folder, in this process or in another one.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name, alone_in(Path(name)):
        ...     with alone_in(Path(name)):
        ...         pass
        Traceback (most recent call last):
        tfft.core.errors.TfftError: Another training uses the folder ... Wait until it ends, or choose another folder.
    """
    held = None if folder is None else _locked(folder)
    try:
        yield
    finally:
        if held is not None and folder is not None:
            with suppress(OSError):
                os.unlink(folder / _NAME)  # before the lock ends, so that nobody else has locked this file
            os.close(held)


def _locked(folder: Path) -> int | None:
    """The descriptor of the locked file; None where nothing can be locked."""
    try:
        import fcntl

        folder.mkdir(parents=True, exist_ok=True)
    except (ImportError, OSError):
        return None
    while True:
        try:
            file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, folder / _NAME):
                os.ftruncate(file, 0)
                os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
                return file
        except BlockingIOError:
            holder = os.pread(file, 200, 0).decode(errors="replace")
            known = _HOLDER.fullmatch(holder) is not None
            os.close(file)
            raise TfftError(
                f"Another training uses the folder {str(folder)!r}.",
                holder if known else "",  # the file may have been written by somebody else
                "Wait until it ends, or choose another folder.",
            ) from None
        except OSError:  # a file system without locks
            os.close(file)
            return None
        os.close(file)  # its last holder has deleted it since it was opened


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
