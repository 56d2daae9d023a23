"""Check that a PNG file has all of its rows. Where the data ends early, Pillow fills missing rows with zeros (Pillow 13.0)."""

import struct
import zlib

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first column, first row, step of columns and step of rows of each pass (PNG specification, section 8.2)
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE = 2**20


def check_rows(content: bytes) -> None:
    """Refuse a PNG whose rows are not all there. The zeros would be black in an image, and a class in a mask.

    Args:
        content: The bytes of a PNG file, whose size is within the limit ``image_pixels``.

    Raises:
        ValueError: When rows are missing.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.new("L", (6, 4)).save(file, "PNG")
        >>> check_rows(file.getvalue())
    """
    at, missing, unpack = 8, -1, zlib.decompressobj()
    while at + 8 <= len(content) and missing:
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + length]
        if kind == b"IHDR" and len(data) == 13:
            missing = _bytes_of_rows(data)
        elif kind == b"IDAT" and missing > 0:
            missing -= _unpacked(unpack, data, missing)
        at += 12 + length
    if missing:
        raise ValueError("its rows are not complete")


def _unpacked(unpack: "zlib._Decompress", data: bytes, most: int) -> int:
    """The number of bytes that one chunk adds, at most ``most``."""
    found = 0
    try:
        while data and found < most:
            found += len(unpack.decompress(data, min(_PIECE, most - found)))
            data = unpack.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"its rows are damaged: {error}") from None
    return found


def _bytes_of_rows(header: bytes) -> int:
    """The number of bytes of all rows, each with its filter."""
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    pixel = bits * _CHANNELS.get(kind, 1)
    parts = [(width, height)]
    if interlaced:
        parts = [(-(-(width - left) // over), -(-(height - top) // down)) for left, top, over, down in _PASSES]
    return sum((1 + -(-columns * pixel // 8)) * rows for columns, rows in parts if columns > 0 and rows > 0)
