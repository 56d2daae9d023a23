"""PNG files as Pillow does not write them."""

import struct
import zlib


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(header, rows):
    """A PNG of bytes: the values of its header, and its rows with their filter byte."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *header))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def rgb_png(rows):
    """A PNG of 8 x 6 RGB pixels, with so many of its 6 rows."""
    return png((8, 6, 8, 2, 0, 0, 0), (b"\0" + b"x" * 24) * rows)
