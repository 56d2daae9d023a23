"""Read files from other people: only regular files, and only after a check of their size.

A pipe could wait forever, and a device such as ``/dev/zero`` has no end.

::

    content = regular_files.read(path, "tokenizer_bytes", repr(str(path)), BackboneError)
"""

import os
import stat
from pathlib import Path

from tfft.core import limits
from tfft.core.errors import DataError, TfftError


def size_of(path: str | Path) -> int:
    """Return the size of a regular file.

    Args:
        path: The path of the file; a link is followed.

    Returns:
        The size in bytes.

    Raises:
        OSError: When the file does not exist, or is a pipe, a device or a folder.

    Example:
        >>> size_of(os.devnull)
        Traceback (most recent call last):
        OSError: it is not a regular file, but a pipe or a device
    """
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise OSError("it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is not a regular file, but a pipe or a device")
    return found.st_size


def check(path: str | Path, limit: str, what: str = "", error: type[TfftError] = DataError) -> int:
    """Refuse a file that is not regular, or is larger than a limit. The file is not opened.

    Args:
        path: The path of the file.
        limit: The name of the limit in ``core.limits``, in bytes.
        what: The name of the file in messages; its path by default.
        error: The class of the error to raise above the limit.

    Returns:
        The size in bytes.

    Raises:
        OSError: When the file does not exist, or is a pipe, a device or a folder.
        TfftError: An instance of ``error``, when the file is larger than the limit.
    """
    size = size_of(path)
    limits.check(limit, size, what or repr(str(path)), error)
    return size


def read(path: str | Path, limit: str = "input_bytes", what: str = "", error: type[TfftError] = DataError) -> bytes:
    """Read a regular file after checking its size.

    Args:
        path: The path of the file.
        limit: The name of the limit in ``core.limits``, in bytes.
        what: The name of the file in messages; its path by default.
        error: The class of the error to raise above the limit.

    Returns:
        Its bytes: at most as many as the file had when it was checked.

    Raises:
        OSError: When the file does not exist, or is a pipe, a device or a folder.
        TfftError: An instance of ``error``, when the file is larger than the limit.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.txt").write_bytes(b"some text")
        ...     read(f"{folder}/a.txt", "text_bytes")
        b'some text'
    """
    size = check(path, limit, what, error)
    with open(path, "rb") as file:
        return file.read(size)
