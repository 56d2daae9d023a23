"""Open zip files from other people. Their listing is checked before ``zipfile`` creates an object for each entry.

::

    with zip_files.opened(path, "'flowers.zip'", BundleError) as archive:
        content = archive.read("manifest.json")
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tfft.archives.unpacking import check_zip
from tfft.core import limits, regular_files
from tfft.core.errors import DataError, TfftError, shortlist
from tfft.core.path_advice import check_permitted

_LOCAL_HEADER = 30  # bytes in the file before the name of a member, which precedes its data
_TAIL = 65_557 + 20 + 56  # bytes at the end: the longest end record with its comment, and the zip64 records before it
_ENTRY = 512  # bytes of the listing that each allowed member may take on average
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, LookupError, RuntimeError)


@contextmanager
def opened(path: Path, what: str, error: type[TfftError] = DataError) -> Iterator[zipfile.ZipFile]:
    """Open a zip file after checking its listing.

    Args:
        path: The path of the file.
        what: The name of the file in messages.
        error: The exception class to raise.

    Yields:
        The archive. It contains only regular files and folders with plain relative names, within the limits for archives. No two
        members share bytes.

    Raises:
        TfftError: An instance of ``error``, before anything is unpacked, when the listing is not safe or the file is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "a.zip"
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         archive.writestr("a.txt", "a")
        ...     with opened(path, "'a.zip'") as archive:
        ...         archive.namelist()
        ['a.txt']
    """
    check_permitted(path, error)
    try:
        whole = regular_files.size_of(path) > 0 and zipfile.is_zipfile(path)
    except OSError as found:
        raise error(f"{what} cannot be read: {found.strerror or found}.", fix="Copy it again.") from found
    if not whole:
        raise error(f"{what} is damaged: it is not a complete zip file.", fix="Copy it again.")
    try:
        listed = _listing_bytes(path)
        limits.check("archive_members", -(-listed // _ENTRY), what, error)
        check_zip(path, error)
        archive = zipfile.ZipFile(path)
    except _DAMAGE as damage:
        if isinstance(damage, TfftError):
            raise
        raise error(f"{what} is damaged: {damage}.", fix="Copy it again.") from damage
    with archive:
        _check_places(archive.infolist(), path.stat().st_size, what, error)
        yield archive


def _listing_bytes(path: Path) -> int:
    """Read the length of the listing from the end of the file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    found = [0]
    for mark, layout, offset in ((b"PK\5\6", "<L", 12), (b"PK\6\6", "<Q", 40)):
        at = tail.find(mark)
        while at >= 0:
            value = tail[at + offset : at + offset + struct.calcsize(layout)]
            # 0xFFFFFFFF means that the length is in the zip64 record instead
            if len(value) == struct.calcsize(layout) and value != b"\xff\xff\xff\xff":
                found.append(struct.unpack(layout, value)[0])
            at = tail.find(mark, at + 1)
    return min(max(found), size)


def _check_places(members: Sequence[zipfile.ZipInfo], size: int, what: str, error: type[TfftError]) -> None:
    """Refuse members that share bytes of the file: with them, a few megabytes can unpack to terabytes."""
    end, previous = 0, ""
    for member in sorted(members, key=lambda member: member.header_offset):
        stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size
        if member.header_offset < end or stored:
            raise error(
                f"{what} contains members that share bytes, or whose sizes are wrong.",
                shortlist([name for name in (previous, member.filename) if name]),
                "Find out where it comes from.",
            )
        end, previous = member.header_offset + _LOCAL_HEADER + member.compress_size, member.filename
    if end > size:
        raise error(
            f"{what} is damaged: it is not a complete zip file.", f"{size:,} bytes of {end:,}", "Copy it again."
        )
