"""Images that encoders write are accepted. Hostile ones are in tests/attacks/test_image_segments.py."""

import io

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.images.image_files import is_image
from tfft.images.image_segments import check

NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 200, 3), np.uint8))


def encoded(kind, **options):
    target = io.BytesIO()
    NOISE.save(target, kind, **options)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *(encoded(kind) for kind in ("PNG", "GIF", "PPM", "JPEG", "BMP", "TIFF", "WEBP")),
        encoded("GIF", save_all=True, append_images=[NOISE] * 3, comment=b"a" * 10_000),
        encoded("PNG", save_all=True, append_images=[NOISE] * 3),
        b"P5\n# a comment\n3 2\n255\n" + b"a" * 20_000,
        b"P1 3 2 1 0 1 0 1 0",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT",
        b"Page one of a text. " * 1000,
        b"",
    ],
)
@pytest.mark.parametrize("pixels", [True, False])
def test_files_that_encoders_write_are_accepted(content, pixels):
    check(io.BytesIO(content), content[:32], "it", pixels)


def test_many_large_parts_are_accepted():
    chunk = (2000).to_bytes(4, "big") + b"IDAT" + b"\0" * 2004
    content = b"\x89PNG\r\n\x1a\n" + chunk * 10_001
    check(io.BytesIO(content), content[:32], "it")
    blocks = b"GIF89a" + b"\0" * 7 + b"!\xfe" + (b"\xff" + b"a" * 255) * 10_001 + b"\0;"
    check(io.BytesIO(blocks), blocks[:32], "it")


def test_a_file_above_the_limit_is_still_recognised_as_an_image(monkeypatch):
    monkeypatch.setenv("TFFT_MAX_IMAGE_SEGMENTS", "1")
    content = encoded("JPEG")
    with pytest.raises(DataError, match="TFFT_MAX_IMAGE_SEGMENTS"):
        check(io.BytesIO(content), content[:32], "it")
    assert is_image(content)
