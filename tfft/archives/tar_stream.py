"""Read a tar archive once, from front to end, in constant memory.

``tarfile`` decodes the blocks of 512 bytes. This module reads extended headers itself, because ``tarfile`` reads them as a whole
at any size, searches them with regular expressions that can take quadratic time (CVE-2024-6232), and recurses for each of them.
"""

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

_BLOCK = tarfile.BLOCKSIZE
_CHUNK_BYTES = 2**20
# more than any file system allows for a name, with space for attributes that are ignored
_HEADER_BYTES, _HEADERS = 2**16, 8
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_OTHERS = {
    tarfile.SYMTYPE: "a link",
    tarfile.LNKTYPE: "a link",
    tarfile.GNUTYPE_LONGLINK: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True)
class Member:
    """One file or folder in an archive.

    Attributes:
        name: The name in the archive.
        size: The size in bytes; 0 for a folder.
        folder: Whether the member is a folder.
        refusal: The kind of a member that is neither a file nor a folder, such as ``"a link"``; otherwise empty.
    """

    name: str
    size: int
    folder: bool
    refusal: str = ""


class TarStream:
    """Read the members of a tar archive one after the other.

    Args:
        raw: The decompressed archive; it is only read forwards.
        count: A function that is called with the number of bytes after each read; it raises when there are too many.

    Example:
        >>> import io
        >>> stream = io.BytesIO()
        >>> with tarfile.open(fileobj=stream, mode="w") as archive:
        ...     archive.addfile(tarfile.TarInfo("empty.txt"))
        >>> _ = stream.seek(0)
        >>> [member.name for member in TarStream(stream, lambda amount: None).members()]
        ['empty.txt']
    """

    def __init__(self, raw: IO[bytes], count: Callable[[int], None]) -> None:
        self._raw, self._count = raw, count
        self._left = 0  # bytes of the current member, including padding, that have not been read

    def members(self) -> Iterator[Member]:
        """Walk through the archive; unread bytes of a member are skipped.

        Yields:
            The members. A member that is neither a file nor a folder has a refusal and is the last one.

        Raises:
            EOFError: When the archive ends too early.
            ValueError: When a header is damaged or too long.
        """
        told: dict[str, str] = {}
        headers = 0
        while True:
            self._skip()
            block = self._read(_BLOCK)
            if not block.strip(b"\0"):
                return
            try:
                row = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.TarError as error:
                raise ValueError(f"a header is damaged ({error})") from error
            if row.size < 0:
                raise ValueError("a header has a negative size")
            headers += 1
            if headers > _HEADERS:
                raise ValueError(f"a file has more than {_HEADERS} headers")
            if row.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
                told |= _records(self._header(row.size))
            elif row.type == tarfile.XGLTYPE:
                _records(self._header(row.size))
            elif row.type == tarfile.GNUTYPE_LONGNAME:
                told["path"] = self._header(row.size).partition(b"\0")[0].decode("utf-8", "surrogateescape")
            else:
                member = _member(row, told)
                self._left = _padded(member.size)
                yield member
                if member.refusal:
                    return
                told, headers = {}, 0

    def content(self, member: Member) -> Iterator[bytes]:
        """Read the bytes of the member that was yielded last.

        Args:
            member: The member, as ``members`` yielded it.

        Yields:
            Chunks of at most 1 MiB.

        Raises:
            EOFError: When the archive ends too early.
        """
        left = member.size
        while left:
            chunk = self._read(min(left, _CHUNK_BYTES))
            left -= len(chunk)
            self._left -= len(chunk)
            yield chunk

    def drain(self) -> None:
        """Read the bytes after the end of the archive, so that the decompressor compares its checksum."""
        while chunk := self._raw.read(_CHUNK_BYTES):
            self._count(len(chunk))

    def _header(self, size: int) -> bytes:
        if size > _HEADER_BYTES:
            raise ValueError(f"a header of {size:,} bytes is longer than {_HEADER_BYTES:,}")
        return self._read(_padded(size))[:size]

    def _skip(self) -> None:
        while self._left:
            self._left -= len(self._read(min(self._left, _CHUNK_BYTES)))

    def _read(self, size: int) -> bytes:
        parts, left = [], size
        while left:
            part = self._raw.read(left)
            if not part:
                raise EOFError("it ends too early")
            self._count(len(part))
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _member(row: tarfile.TarInfo, told: dict[str, str]) -> Member:
    name, size = told.get("path", row.name), row.size
    if "size" in told:
        if not (told["size"].isascii() and told["size"].isdigit()):
            raise ValueError("a header has no size")
        size = int(told["size"][:19])
    is_folder = row.type == tarfile.DIRTYPE
    refusal = "" if is_folder or row.type in _FILES else _OTHERS.get(row.type, "neither a file nor a folder")
    if any(key.startswith("GNU.sparse") for key in told):
        refusal = "a sparse file"
    if "linkpath" in told:
        refusal = "a link"
    if is_folder and size:
        refusal = "a folder with content"
    return Member(name, size, is_folder, refusal)


def _records(header: bytes) -> dict[str, str]:
    """Parse a POSIX extended header: lines ``<length> <key>=<value>``, where the length includes its own digits."""
    found = {}
    while header.strip(b"\0"):
        length, space, _ = header[:20].partition(b" ")
        if not space or not length.isdigit() or not len(length) + 3 <= int(length) <= len(header):
            raise ValueError("an extended header is damaged")
        row, header = header[len(length) + 1 : int(length)], header[int(length) :]
        key, equals, value = row.removesuffix(b"\n").partition(b"=")
        if not equals or not row.endswith(b"\n"):
            raise ValueError("an extended header is damaged")
        found[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
    return found
