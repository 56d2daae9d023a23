"""A PNG without all of its rows is refused, in any type and order of rows."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfft.images.png_rows import check_rows


def stored(image, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (24, 20), (300, 200)])
def test_whole_files_pass_and_files_with_less_do_not(mode, size):
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 4), np.uint8)
    image = Image.fromarray(noise[..., 0].astype(np.uint16)) if mode == "I;16" else Image.fromarray(noise).convert(mode)
    content = stored(image)
    check_rows(content)
    if size[0] > 1:
        with pytest.raises(ValueError, match="its rows are"):
            check_rows(content[: len(content) // 2])


def test_interlaced_rows_are_counted_in_all_passes():
    width, height = 5, 3
    passes = [(1, 1), (1, 1), (1, 1), (3, 1), (2, 2), (5, 1)]  # columns and rows, by hand from the specification
    rows = bytes(sum((1 + columns) * count for columns, count in passes))

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)

    def png(data):
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")

    Image.open(io.BytesIO(png(rows))).load()
    check_rows(png(rows))
    with pytest.raises(ValueError, match="not complete"):
        check_rows(png(rows[:-1]))


def test_rows_in_several_chunks_and_bombs_are_read_in_pieces():
    content = stored(Image.fromarray(np.random.default_rng(0).integers(0, 255, (400, 400), np.uint8)))
    check_rows(content)
    with pytest.raises(ValueError, match="not complete"):
        check_rows(content[:8])
