"""Replace files and folders in one step, so that a crash never leaves half of a file; check free space and writable places."""

import errno
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfft.core.leases import process_lives

_ABANDONED_SECONDS = 86_400.0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write to a temporary sibling, then move it to ``path``. On any error ``path`` stays unchanged.

    First, temporary siblings of killed processes are deleted. An old folder that such a process had moved aside is put back.

    Args:
        path: The file or folder to create or replace. Its parent folder is created.

    Yields:
        A path that does not exist yet, on the same file system. Create a file or a folder there.

    Raises:
        OSError: When writing fails (the temporary sibling is then removed), or the path begins with ``~``.

    Example:
        >>> from contextlib import suppress
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.json"
        ...     write_text(path, "the old file")
        ...     with suppress(KeyboardInterrupt), replacing(path) as fresh:
        ...         write_text(fresh, "half of the new f")
        ...         raise KeyboardInterrupt
        ...     path.read_text()
        'the old file'
    """
    path = Path(path)
    if reason := unexpanded(path):
        raise OSError(f"{reason} ({str(path)!r})")
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    owner = f"{socket.gethostname()}-{os.getpid()}"
    workplace = Path(tempfile.mkdtemp(prefix=f".{path.name}.{owner}-", suffix=".partial", dir=path.parent))
    fresh, old = workplace / "new", workplace / "old"
    try:
        yield fresh
        if path.is_dir():
            # a folder cannot be replaced in one step: move the old one aside, and move it back if the second step fails
            path.rename(old)
            try:
                fresh.rename(path)
            except BaseException:
                old.rename(path)
                raise
        else:
            os.replace(fresh, path)
    finally:
        # if moving it back failed as well, keep the old folder where it is instead of deleting it
        if path.exists() or not old.exists():
            shutil.rmtree(workplace, ignore_errors=True)


def sweep(path: Path) -> None:
    """Delete the temporary files that killed processes left when they wrote a path.

    Args:
        path: The path that was given to ``replacing``. If it does not exist because a process was killed between its two renames,
            the old folder is put back.
    """
    owned = re.compile(rf"\.{re.escape(path.name)}\.((?P<host>.+)-(?P<pid>\d+)-)?[a-z0-9_]{{8}}\.partial")
    for left in path.parent.glob(".*.partial"):
        found = owned.fullmatch(left.name)
        if found is None or _is_written(left, found["host"], found["pid"]):
            continue
        old = left / "old"
        with suppress(OSError):  # another process may delete it at the same time
            if old.exists() and not path.exists():
                old.rename(path)
            shutil.rmtree(left)


def _is_written(left: Path, host: str | None, pid: str | None) -> bool:
    if pid is not None and host == socket.gethostname() and os.name == "posix":
        return process_lives(int(pid))
    # the sibling was written by another machine or an older version of tfft: keep it for a day
    with suppress(OSError):
        return time.time() - left.stat().st_mtime < _ABANDONED_SECONDS
    return True


def check_room(folder: Path, needed_bytes: int) -> None:
    """Check, before a file is written, that it fits on its disk.

    Args:
        folder: The folder of the file; it must exist.
        needed_bytes: The size of the file in bytes.

    Raises:
        OSError: With ENOSPC, when less space is free.
    """
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        words = f"{in_words(needed_bytes)} are needed and {in_words(free)} are free"
        raise OSError(errno.ENOSPC, words, str(folder))


def unexpanded(path: Path) -> str:
    """Refuse a path that begins with ``~``, because Python would create a folder of this name instead of using the home folder.

    Args:
        path: The path of a file or folder that is to be written.

    Returns:
        Advice with the expanded path; an empty string when the path does not begin with ``~``.

    Example:
        >>> unexpanded(Path("~/flowers.tfft"))
        "Python does not expand '~' in a path: write '...flowers.tfft'"
        >>> unexpanded(Path("flowers~/a.tfft"))
        ''
    """
    expanded = os.path.expanduser(path)
    return f"Python does not expand '~' in a path: write {expanded!r}" if expanded != str(path) else ""


def refusal(path: Path) -> str:
    """Return the reason why a path cannot be written or, when something exists there, replaced.

    Args:
        path: The path of a file or folder; neither it nor its parent folders need to exist.

    Returns:
        The reason of the operating system with the folder; empty when the path can be written.

    Example:
        >>> refusal(Path("/proc/none/report.html")) != "", refusal(Path(tempfile.gettempdir()) / "report.html")
        (True, '')
    """
    if reason := unexpanded(path):
        return reason
    # os.path.exists is False for paths below a folder that may not be entered, where Path.exists raises
    above = next(parent for parent in path.absolute().parents if os.path.exists(parent))
    # a folder that will be replaced is moved first, which needs the right to write into it as well
    for folder in (above, path) if os.path.isdir(path) and not os.path.islink(path) else (above,):
        try:
            # try it: permissions alone do not reveal /proc or a disk that is mounted read-only
            with tempfile.TemporaryDirectory(prefix=".tfft-", dir=folder):
                pass
        except OSError as error:
            return f"{error.strerror} ({str(folder)!r})"
    return ""


def in_words(size_bytes: float) -> str:
    """Format a size in bytes for people.

    Args:
        size_bytes: The size in bytes, at least 0.

    Returns:
        The size in bytes, kB, MB or GB (powers of 1,000), with three significant digits.

    Example:
        >>> in_words(100), in_words(1_060_000), in_words(32e9)
        ('100 bytes', '1.06 MB', '32 GB')
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.3g} {name}"
    return f"{size_bytes:.0f} bytes"


def write_text(path: Path, text: str) -> None:
    """Write a small UTF-8 file in one step.

    Args:
        path: The path of the file.
        text: The whole content of the file.

    Raises:
        OSError: When the file cannot be written, or the path is a folder. An existing file then stays unchanged.
    """
    if Path(path).is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder; name a file in it.")
    with replacing(path) as fresh:
        fresh.write_text(text, encoding="utf-8")
