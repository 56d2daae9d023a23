"""Small image files that would take minutes, because they have millions of parts or many scans over the whole image."""

import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.data import from_folder
from tfft.images.image_files import is_image
from tfft.inputs.image import ImagePreprocessor

Attack = Any
READ = ImagePreprocessor(32, 48)


def jpeg(size: tuple[int, int] = (32, 32), **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("L", size, 100).save(target, "JPEG", **options)
    return target.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([255, marker]) + struct.pack(">H", len(body) + 2) + body


def behind(*parts: bytes) -> bytes:
    """A JPEG file with extra bytes before its first segment."""
    return JPEG[:2] + b"".join(parts) + JPEG[2:]


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


JPEG, LARGE = jpeg(), jpeg((8900, 8900), progressive=True)
SCAN = LARGE[LARGE.rfind(b"\xff\xda") : -2]
PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0" * 72))
HOSTILE = {
    "500 scans": LARGE[:-2] + SCAN * 500 + LARGE[-2:],
    "40 scans of 79 megapixels": LARGE[:-2] + SCAN * 40 + LARGE[-2:],
    "Exif in 10,600 segments": behind(segment(0xE1, b"Exif\0\0" + b"a" * 65_000) * 600, segment(0xE1, b"Exif\0\0b") * 10_000),
    "a million comments": behind(segment(0xFE, b"a") * 1_000_000),
    "a million markers": behind(b"\xff\xd0" * 1_000_000),
    "markers that hide segments": behind(b"\xff\xf0\xff\xff", segment(0xE1, b"Exif\0\0a") * 6_000),
    "40 MB of metadata": behind(segment(0xED, b"Photoshop 3.0\0" + b"8BIM" + b"\0" * 60_000) * 700),
    "quantisation tables": behind(segment(0xDB, (b"\0" + b"\1" * 64) * 1000) * 100),
    "20 MB of padding": behind(b"\xff" * 20_000_000),
    "20 MB between segments": behind(segment(0xFE, b"a"), b"a" * 20_000_000),
    "a million chunks": PNG + chunk(b"prVt") * 1_000_000 + PIXELS + chunk(b"IEND"),
    "a million chunks behind the pixels": PNG + PIXELS + chunk(b"prVt") * 1_000_000 + chunk(b"IEND"),
    "pixels in a million chunks": PNG + chunk(b"IDAT") * 1_000_000 + PIXELS + chunk(b"IEND"),
    "a million blocks": b"GIF89a\x08\0\x08\0\0\0\0" + b"!\xfe" + b"\1a" * 1_000_000 + b"\0;",
    "a million extensions": b"GIF89a\x08\0\x08\0\0\0\0" + b"!\xf0\0" * 1_000_000 + b";",
    "a million bytes outside of blocks": b"GIF89a\x08\0\x08\0\0\0\0" + b"\0" * 1_000_000 + b";",
    "a comment of 20 MB": b"P5 #" + b"a" * 20_000_000 + b"\n8 8 255 " + b"\0" * 64,
    "20 MB of spaces": b"P5 " + b" " * 20_000_000 + b"8 8 255 " + b"\0" * 64,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_with_too_many_parts_is_refused_at_once(attack: Attack, name: str) -> None:
    begun = time.process_time()
    found = attack(lambda: READ(HOSTILE[name]))
    assert isinstance(found, DataError)
    assert "are more than the limit" in str(found)
    assert attack(lambda: is_image(HOSTILE[name]))
    assert time.process_time() - begun < 5


def test_a_folder_of_such_files_is_refused_at_once(attack: Attack, tmp_path: Path) -> None:
    for number, content in enumerate(HOSTILE.values()):
        folder = tmp_path / "images" / ("ants", "bees")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(content)
    begun = time.process_time()
    found = attack(lambda: from_folder(tmp_path / "images"))
    assert time.process_time() - begun < 10
    assert str(found).startswith(f"{len(HOSTILE)} of {len(HOSTILE)} images cannot be read")
