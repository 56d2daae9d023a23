"""Zip files from elsewhere: the central directory is checked first, then only wanted members are written, by us.

::

    with zip_files.opened(path, "'flowers.zip'", BundleError) as archive:
        zip_files.unpack(archive, folder, lambda name: name.startswith("tokenizer/"))
"""

import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tfft.core import limits
from tfft.core.errors import DataError, TfftError, shortlist

_AT_ONCE = 1 << 20
_LOCAL_HEADER = 30  # bytes in front of a member's name
_TAIL = 65_557 + 20 + 56  # the longest end record with its comment, and what zip64 puts in front of it
_ENTRY = 512  # bytes in the central directory that one member may take on average
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, KeyError, NotImplementedError, RuntimeError)
"""What ``zipfile`` raises for a damaged file."""


@contextmanager
def opened(path: Path, what: str, error: type[TfftError] = DataError) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose listing is safe.

    Args:
        path: Of the file.
        what: The file, for the message.
        error: The class of the error to raise.

    Yields:
        The archive, of regular files and folders with plain relative names, stored or deflated, within the limits
        ``archive_bytes``, ``archive_ratio`` and ``archive_members``.

    Raises:
        TfftError: An instance of ``error``, before anything is unpacked; also when it is no whole zip file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "a.zip"
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         archive.writestr("../a.txt", "a")
        ...     with opened(path, "'a.zip'") as archive:
        ...         archive.namelist()
        Traceback (most recent call last):
        tfft.core.errors.DataError: 'a.zip' holds a name that leads outside of its folder. Got: '../a.txt'. Find out where it \
comes from.
    """
    try:
        listed = _directory_bytes(path)
        limits.check("archive_members", -(-listed // _ENTRY), what, error)
        archive = zipfile.ZipFile(path)
    except DAMAGE as found:
        if isinstance(found, TfftError):
            raise
        raise error(f"{what} is not a whole zip file: {found}.", fix="Copy it again.") from found
    with archive:
        _check(archive.infolist(), path.stat().st_size, what, error)
        yield archive


def unpack(archive: zipfile.ZipFile, folder: Path, wanted: Callable[[str], bool]) -> None:
    """Write members into an empty folder.

    Args:
        archive: From ``opened``.
        folder: An empty one.
        wanted: Name of a member -> whether to write it.

    Raises:
        OSError, ValueError: When it is damaged (one of ``DAMAGE``) or the disk is full.
    """
    for member in archive.infolist():
        if not wanted(member.filename):
            continue
        target = folder / member.filename
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        left = member.file_size
        with archive.open(member) as source, target.open("xb") as sink:
            while piece := source.read(_AT_ONCE):
                left -= len(piece)
                if left < 0:
                    raise zipfile.BadZipFile(f"{member.filename!r} is longer than its header says")
                sink.write(piece)
        if left:
            raise zipfile.BadZipFile(f"{member.filename!r} is shorter than its header says")


def _directory_bytes(path: Path) -> int:
    """How long the listing says it is: ``zipfile`` makes an object for each entry before anybody can count them."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    found = [0]
    for mark, layout, offset in ((b"PK\5\6", "<L", 12), (b"PK\6\6", "<Q", 40)):
        at = tail.find(mark)
        while at >= 0:
            value = tail[at + offset : at + offset + struct.calcsize(layout)]
            # 0xFFFFFFFF stands for: see zip64
            if len(value) == struct.calcsize(layout) and value != b"\xff\xff\xff\xff":
                found.append(struct.unpack(layout, value)[0])
            at = tail.find(mark, at + 1)
    return min(max(found), size)


def _check(members: Sequence[zipfile.ZipInfo], size: int, what: str, error: type[TfftError]) -> None:
    limits.check("archive_members", len(members), what, error)
    for member in members:
        if reason := _refusal(member):
            raise error(f"{what} holds {reason}.", repr(member.orig_filename[:200]), "Find out where it comes from.")
    names = [member.filename.rstrip("/").casefold() for member in members]
    files = {name for name, member in zip(names, members, strict=True) if not member.is_dir()}
    inside = files & {str(parent) for name in names for parent in PurePosixPath(name).parents}
    twice = {name for name, count in Counter(names).items() if count > 1} | inside
    if twice:
        raise error(f"{what} holds members of the same name.", shortlist(sorted(twice)), "Find out where it comes from.")
    _check_places(members, size, what, error)
    total = sum(member.file_size for member in members)
    if total > limits.highest("archive_ratio") * size:
        limits.check("archive_bytes", total, f"{what}, unpacked", error)


def _refusal(member: zipfile.ZipInfo) -> str:
    name, kind = member.orig_filename, stat.S_IFMT(member.external_attr >> 16)
    parts = name.removesuffix("/").split("/")
    if not name or "\\" in name or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
        return "a name that leads outside of its folder"
    if not name.isprintable():
        return "a name with control characters"
    if member.flag_bits & 0x61:
        return "an encrypted member"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "something that is neither a file nor a folder"
    if member.compress_type not in _METHODS:
        return "a member that is compressed by an unknown method"
    if member.is_dir() and member.file_size:
        return "a folder with content"
    return ""


def _check_places(members: Sequence[zipfile.ZipInfo], size: int, what: str, error: type[TfftError]) -> None:
    """Members that share bytes of the file make the worst bombs: a few megabytes that unpack to terabytes."""
    end, previous = 0, ""
    for member in sorted(members, key=lambda member: member.header_offset):
        stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size
        if member.header_offset < end or stored:
            raise error(
                f"{what} holds members that share bytes, or whose sizes are not true.",
                shortlist([name for name in (previous, member.filename) if name]),
                "Find out where it comes from.",
            )
        end, previous = member.header_offset + _LOCAL_HEADER + member.compress_size, member.filename
    if end > size:
        raise error(f"{what} is not a whole zip file.", f"{size:,} bytes of {end:,}", "Copy it again.")
