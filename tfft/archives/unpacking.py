"""Unpack archives from other people. All members are listed and checked before the first file is written.

::

    unpack_tar(Path("module.tar.gz"), fresh_folder, error=BackboneError)
    unpack_zip(Path("flowers.tfft"), fresh_folder, wanted=lambda name: name == "manifest.json")

Only regular files and folders with plain relative names are accepted. ``tarfile.extractall`` is not used: with ``filter="data"``
some versions of Python write outside the target through long nested links (CVE-2025-4517).
"""

import gzip
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tfft.archives.member_names import MemberNames
from tfft.archives.tar_stream import Member, TarStream
from tfft.core import limits, regular_files
from tfft.core.errors import DataError, TfftError

_CHUNK_BYTES = 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_GZIP = b"\x1f\x8b"
_DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, ValueError, LookupError)


def unpack_tar(
    source: Path | bytes, folder: Path, error: type[TfftError] = DataError, shown: str = "", besides: int = 0
) -> None:
    """Unpack a tar archive, with or without gzip compression.

    Args:
        source: The path of the archive, or its bytes.
        folder: The folder to unpack into; it is created, or must be empty.
        error: The class of the exceptions to raise.
        shown: The name of the archive in messages; the default is its path.
        besides: The size in bytes of files that came with the archive, such as weights. It is added to the size limit.

    Raises:
        TfftError: An instance of ``error``, when the archive is damaged, exceeds a limit of ``tfft.core.limits``, or contains a
            link, a device or a name that leads out of the folder. In that case no file is written.
    """
    shown = shown or (repr(str(source)) if isinstance(source, Path) else "The archive")
    size = 0
    try:
        size = regular_files.size_of(source) if isinstance(source, Path) else len(source)
        for _ in _tar(source, _Check(shown, error, size, besides), None):
            pass
        for _ in _tar(source, _Check(shown, error, size, besides), folder):
            pass
    except TfftError:
        raise
    except _DAMAGE as damage:
        raise error(
            f"{shown} cannot be unpacked: {damage}.", f"{size:,} bytes", "Download or copy it again."
        ) from damage


def _tar(source: Path | bytes, check: "_Check", folder: Path | None) -> Iterator[Member]:
    """Read through a tar archive; write its files when a folder is given."""
    with ExitStack() as stack:
        raw: Any = stack.enter_context(source.open("rb") if isinstance(source, Path) else io.BytesIO(source))
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        plain: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        stream = TarStream(plain, check.content)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        for member in stream.members():
            check.member(member.name, member.folder, member.refusal)
            check.content(0, ahead=member.size)
            if folder is not None:
                _write(folder, member.name, None if member.folder else stream.content(member))
            yield member
        # read to the end, because only there gzip compares its checksum
        stream.drain()


def unpack_zip(
    source: Path,
    folder: Path,
    error: type[TfftError] = DataError,
    wanted: Callable[[str], bool] = lambda name: True,
) -> None:
    """Unpack a zip archive, or some of its files.

    Args:
        source: The path of the archive.
        folder: The folder to unpack into; it is created, or must be empty.
        error: The class of the exceptions to raise.
        wanted: Member name, such as ``"tokenizer/vocabulary.txt"`` -> whether to write it. All members are checked either way.

    Raises:
        TfftError: For the same reasons as ``unpack_tar``.
    """
    try:
        regular_files.size_of(source)
        with zipfile.ZipFile(source) as archive:
            rows = _rows(archive, source, error)
            check = _Check(repr(str(source)), error, source.stat().st_size)
            folder.mkdir(parents=True, exist_ok=True)
            for row in rows:
                if not wanted(row.filename):
                    continue
                with archive.open(row) as content:
                    _write(folder, row.filename, None if row.is_dir() else _chunks(content, check))
    except TfftError:
        raise
    except _DAMAGE as damage:
        raise _damaged(source, damage, error) from damage


def check_zip(source: Path, error: type[TfftError] = DataError) -> None:
    """Check the members of a zip archive that another library unpacks, such as a ``.keras`` file.

    Args:
        source: The path of the archive.
        error: The class of the exceptions to raise.

    Raises:
        TfftError: For the same reasons as ``unpack_tar``.
    """
    try:
        regular_files.size_of(source)
        with zipfile.ZipFile(source) as archive:
            _rows(archive, source, error)
    except TfftError:
        raise
    except _DAMAGE as damage:
        raise _damaged(source, damage, error) from damage


def _damaged(source: Path, damage: Exception, error: type[TfftError]) -> TfftError:
    size = f"{source.stat().st_size:,} bytes" if source.is_file() else "no file"
    return error(f"{str(source)!r} cannot be unpacked: {damage}.", size, "Download or copy it again.")


def _rows(archive: zipfile.ZipFile, source: Path, error: type[TfftError]) -> list[zipfile.ZipInfo]:
    """Return the members of a zip archive after checking them."""
    check = _Check(repr(str(source)), error, regular_files.size_of(source))
    for row in archive.infolist():
        refusal = ""
        if stat.S_IFMT(row.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            refusal = "a link or a device"
        elif row.flag_bits & 1 or row.compress_type not in _METHODS:
            refusal = "encrypted, or compressed by another method than deflate"
        # zipfile has already cut ``filename`` at NUL and replaced the backslashes of Windows
        check.member(row.orig_filename, row.orig_filename.endswith("/"), refusal)
        check.content(row.file_size)
    return archive.infolist()


def _chunks(content: IO[bytes], check: "_Check") -> Iterator[bytes]:
    while chunk := content.read(_CHUNK_BYTES):
        check.content(len(chunk))
        yield chunk


class _Check:
    """Compare the members seen so far with the limits."""

    def __init__(self, shown: str, error: type[TfftError], size: int, besides: int = 0) -> None:
        self.shown, self.error, self.size = shown, error, size
        self.members = self.bytes = 0
        self.names = MemberNames()
        self.most = max(limits.highest("archive_bytes"), limits.highest("archive_ratio") * size + besides)

    def member(self, name: str, is_folder: bool, refusal: str) -> None:
        """Check one file or folder."""
        self.members += 1
        limits.check("archive_members", max(self.members, len(self.names)), f"{self.shown}, unpacked", self.error)
        problem = f"{name[:200]!r} is {refusal}" if refusal else self.names.add(name, is_folder)
        if problem:
            raise self.error(
                f"{self.shown} would write outside its folder, or overwrite its own files: {problem}.",
                fix="Nothing was unpacked. Find out where this archive comes from.",
            )

    def content(self, amount: int, ahead: int = 0) -> None:
        """Add bytes that were read to the total, and check the limit.

        ``ahead`` bytes, which a header declares, are part of the check but are not added to the total.
        """
        self.bytes += amount
        if self.bytes + ahead > self.most:
            raise self.error(
                f"{self.shown} unpacks to more than {self.most:,} bytes.",
                f"{self.size:,} bytes packed",
                "Find out where it comes from, or set the environment variable TFFT_MAX_ARCHIVE_BYTES to allow more.",
            )


def _write(folder: Path, name: str, chunks: Iterable[bytes] | None) -> None:
    """Create one folder, or one new file. Links are not followed."""
    path = folder / PurePosixPath(name)
    if chunks is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
