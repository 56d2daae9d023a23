"""Count the parts of an image file before Pillow opens it. Pillow reads parts one by one in Python, so millions take minutes.

WebP files are read by C code, BMP files have no such parts, and Pillow 13 itself limits the tags of TIFF files.
"""

import io
import re
from typing import Any

from tfft.core import limits
from tfft.images import jpeg_files

_PNG, _GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
# average bytes of a chunk or block from which on their number is not limited; encoders write 8192 and 255 bytes
_PNG_BYTES, _GIF_BYTES = 1024, 64
_MAGIC = re.compile(rb"P(?:[1-6fF]|0CMYK|yP|yRGBA|yCMYK)\s")
_HEADER = re.compile(rb"P\w+(?:\s|#[^\r\n]*[\r\n])+(?:[^\s#]+(?:\s|#[^\r\n]*[\r\n])+){2}")


def check(file: Any, prefix: bytes, what: str, pixels: bool = True) -> None:
    """Refuse an image file with so many parts that Pillow would take minutes to read it.

    Args:
        file: A binary file object at any position, which is changed.
        prefix: The first 32 bytes of the file.
        what: The name of the image in messages.
        pixels: Whether to check the parts that are read with the pixels, too.

    Raises:
        DataError: When the file has more parts than the limits of ``core/limits.py`` allow.

    Example:
        >>> check(io.BytesIO(b"P5 3 2 255 abcdef"), b"P5 3 2 255 abcdef", "a grey image")
    """
    if prefix.startswith(b"\xff\xd8\xff"):
        jpeg_files.check(file, what, pixels)
    elif prefix.startswith(_PNG):
        _check_png(file, what, pixels)
    elif prefix.startswith(_GIF):
        _check_gif(file, what)
    elif _MAGIC.match(prefix):
        _check_ppm(file, what)


def _check_png(file: Any, what: str, pixels: bool) -> None:
    """Count all chunks, or the chunks before the pixels."""
    place, count = len(_PNG), 0
    while True:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND" or (head[4:] in (b"IDAT", b"fdAT") and not pixels):
            return
        count += 1
        place += 12 + int.from_bytes(head[:4], "big")
        if count * _PNG_BYTES > place:
            limits.check("image_segments", count, what)


def _check_gif(file: Any, what: str) -> None:
    """Count the blocks before the first frame."""
    file.seek(10)
    flags = (file.read(1) or b"\0")[0]
    file.seek(13 + (3 << (flags & 7) + 1 if flags & 128 else 0))
    count = 0
    while (sign := file.read(1)) and sign not in b",;":
        size = 1
        if sign == b"!":
            file.seek(1, io.SEEK_CUR)
        while size:
            count += 1
            if count * _GIF_BYTES > file.tell():
                limits.check("image_segments", count, what)
            if sign != b"!":
                break
            size = (file.read(1) or b"\0")[0]
            file.seek(size, io.SEEK_CUR)


def _check_ppm(file: Any, what: str) -> None:
    """Check that width and height come near the beginning, because Pillow reads spaces and comments byte by byte."""
    file.seek(0)
    most = limits.highest("padding_bytes")
    beginning = file.read(most)
    if len(beginning) == most and not _HEADER.match(beginning):
        limits.check("padding_bytes", most + 1, what)
