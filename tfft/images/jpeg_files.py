"""Check the markers of a JPEG file before Pillow opens it: even in a small file, many segments or scans can take minutes.

Pillow 13 reads segments one by one in Python and joins Exif segments. libjpeg processes the whole image once for each scan, and a
scan of a single colour has only some hundred bytes.
"""

import re
from collections.abc import Iterator
from typing import Any

from tfft.core import limits

_WHOLE_IMAGES = 32  # this many scans count like decoding the image once; progressive encoders write 10 scans
_BLOCK, _LARGE_BLOCK = 2**12, 2**20  # a block of the first size is already in Python's buffer
_OFTEN = 500  # check the limits after this many segments
_COUNTED = ("image_segments", "exif_segments", "metadata_bytes", "jpeg_table_bytes", "padding_bytes")
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_METADATA = frozenset((*range(0xE0, 0xF0), 0xFE))
_TABLES = _FRAMES | {0xC4, 0xCC, *range(0xDA, 0xE0)}  # including the start of a scan; all other markers have no length
_START_OF_SCAN, _EXIF = 0xDA, 0xE1


def check(file: Any, what: str, scans: bool = True) -> None:
    """Refuse a JPEG file that takes much longer to read than its size suggests.

    Args:
        file: A binary file object at any position.
        what: The name of the image in messages.
        scans: Whether to count scans. This reads the whole file when it is progressive.

    Raises:
        DataError: When the file has more segments, bytes of metadata, padding or scans than allowed.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> Image.new("L", (8, 8)).save(file := io.BytesIO(), "JPEG", progressive=True)
        >>> check(file, "a grey image")
    """
    pixels, components, many = 0, 0, False
    for marker, head in _segments(file, what):
        if marker in _FRAMES and len(head) == 8:
            pixels, components = int.from_bytes(head[3:5], "big") * int.from_bytes(head[5:7], "big"), head[7]
            many = marker & 3 == 2  # progressive
        elif marker == _START_OF_SCAN and scans and components and (many or head[2:3] < bytes([components])):
            _check_scans(file, pixels, what)


def _segments(file: Any, what: str) -> Iterator[tuple[int, bytes]]:
    """Yield each marker and the 8 bytes after it, up to the first scan, as Pillow finds them. The file is then at the pixels."""
    place = begin = 2
    block, counts = b"", dict.fromkeys(_COUNTED, 0)
    while True:
        found = _MARKER.search(block, place - begin)
        if found is None or found.end() + 8 > len(block):
            file.seek(place)
            begin, block = place, file.read(_BLOCK)
            found = _MARKER.search(block)
        if found is None:
            counts["padding_bytes"] += len(block)
            _check_counts(counts, what)
            if len(block) < _BLOCK:
                return
            place += len(block) - 1
            continue
        marker, head = block[found.end() - 1], block[found.end() : found.end() + 8]
        length = max(int.from_bytes(head[:2], "big"), 2) if marker in _TABLES or marker in _METADATA else 0
        counts["image_segments"] += 1
        counts["padding_bytes"] += begin + found.start() - place
        counts["exif_segments"] += marker == _EXIF and head[2:] == b"Exif\0\0"
        counts["jpeg_table_bytes" if marker in _TABLES else "metadata_bytes"] += length
        place = begin + found.end() + length
        if marker == _START_OF_SCAN or counts["image_segments"] % _OFTEN == 0:
            _check_counts(counts, what)
        if marker == _START_OF_SCAN:
            file.seek(place)
        yield marker, head
        if marker == _START_OF_SCAN:
            return


def _check_counts(counts: dict[str, int], what: str) -> None:
    for name, amount in counts.items():
        if amount > 1:  # 1 is below every limit, and reading the limits takes longer than reading a typical header
            limits.check(name, amount, what)


def _check_scans(file: Any, pixels: int, what: str) -> None:
    found, before = 1, b""
    while block := file.read(_LARGE_BLOCK):
        found += (before + block).count(b"\xff\xda")
        before = block[-1:]
    limits.check("jpeg_scans", found, what)
    limits.check("image_pixels", found * pixels // _WHOLE_IMAGES, f"{what}, all {found} scans")
