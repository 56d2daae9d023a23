"""Check the record lengths in TFRecord files, because a length that is too large makes TensorFlow end the process."""

import gzip
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from tfft.core import limits
from tfft.core.errors import DataError

_HEADER, _FOOTER = 12, 4
_AT_ONCE = 2**20


def check_lengths(path: str) -> None:
    """Check the length of each record; compressed files are unpacked on the way.

    Args:
        path: The path of a TFRecord file; a path that ends in ``.gz`` is compressed.

    Raises:
        DataError: When the file ends inside a record, a length is damaged, or the lengths exceed a limit of ``core.limits``.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(b"not records, only a sentence"), file.flush()
        ...     check_lengths(file.name)
        Traceback (most recent call last):
        tfft.core.errors.DataError: ... cannot be read as TFRecord: the length of record 0 is damaged. Download or copy it again.
    """
    packed = path.endswith(".gz")
    try:
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            _walk(file, path, packed)  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path!r} cannot be read as TFRecord: {error}.", fix="Download or copy it again.") from None


def _walk(file: BinaryIO, path: str, packed: bool) -> None:
    size = Path(path).stat().st_size
    number = position = 0
    while header := file.read(_HEADER):
        length = struct.unpack("<Q", header[:8])[0] if len(header) == _HEADER else 0
        if len(header) == _HEADER and header[8:] != _checksum(header[:8]):
            raise _damaged(path, f"the length of record {number} is damaged")
        limits.check("record_bytes", length, f"{path!r}, record {number}")
        end = position + _HEADER + length + _FOOTER
        whole = _skip(file, length + _FOOTER) if packed else end <= size
        if not whole or len(header) < _HEADER:
            raise _damaged(path, f"it ends inside record {number}")
        if packed and end > limits.highest("table_bytes"):
            limits.check("table_ratio", -(-end // max(1, size)), f"{path!r} unpacks to at least {end:,} bytes")
        if not packed:
            file.seek(end)
        number, position = number + 1, end


def _skip(file: BinaryIO, count: int) -> bool:
    """Skip bytes; return whether the file has that many."""
    while count:
        read = len(file.read(min(count, _AT_ONCE)))
        if not read:
            return False
        count -= read
    return True


def _damaged(path: str, how: str) -> DataError:
    return DataError(f"{path!r} cannot be read as TFRecord: {how}.", fix="Download or copy it again.")


def _table() -> tuple[int, ...]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_CRC32C = _table()


def _checksum(content: bytes) -> bytes:
    """The checksum of a length. Source: tensorflow/core/lib/io/record_writer.h, a masked CRC-32C."""
    value = 0xFFFFFFFF
    for byte in content:
        value = value >> 8 ^ _CRC32C[(value ^ byte) & 0xFF]
    value ^= 0xFFFFFFFF
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)
