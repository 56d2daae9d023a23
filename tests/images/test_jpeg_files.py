"""JPEG files of cameras and encoders are accepted. Hostile ones are in tests/attacks/test_image_segments.py."""

import io
import struct

import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.images.jpeg_files import check


def jpeg(mode="RGB", size=(40, 30), **options):
    target = io.BytesIO()
    Image.new(mode, size).save(target, "JPEG", **options)
    return target.getvalue()


def segment(marker, body):
    return bytes([255, marker]) + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize(
    "content",
    [
        jpeg(),
        jpeg("L"),
        jpeg("CMYK", progressive=True),
        jpeg(progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0", comment=b"a" * 60_000),
        jpeg(icc_profile=b"a" * 255 * 65_000),
        jpeg()[:2] + b"\xff" * 5000 + jpeg()[2:],
        jpeg()[:2] + segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"a" * 65_000) * 200 + jpeg()[2:],
        jpeg()[:40],
        b"\xff\xd8\xff",
    ],
)
@pytest.mark.parametrize("scans", [True, False])
def test_files_that_encoders_write_are_accepted(content, scans):
    check(io.BytesIO(content), "it", scans)


def test_scans_are_counted_only_if_the_decoder_reads_them():
    progressive, plain = jpeg(progressive=True), jpeg("L")
    scan = progressive[progressive.rfind(b"\xff\xda") : -2]
    many = io.BytesIO(progressive[:-2] + scan * 200)
    with pytest.raises(DataError, match=r"it: 210 scans are more than the limit.*TFFT_MAX_JPEG_SCANS=210"):
        check(many, "it")
    check(many, "it", scans=False)
    check(io.BytesIO(plain + scan * 200), "it")


def test_scans_of_single_channels_are_counted():
    content = jpeg(progressive=False)
    begin = content.rfind(b"\xff\xda")
    single = content[:begin] + segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) * 101
    with pytest.raises(DataError, match="101 scans"):
        check(io.BytesIO(single), "it")


def test_larger_images_may_have_fewer_scans(monkeypatch):
    content = jpeg(progressive=True)
    scan = content[content.rfind(b"\xff\xda") : -2]
    content = io.BytesIO(content[:-2] + scan * 54)
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "1200")
    with pytest.raises(DataError, match=r"all 64 scans: 2,400 pixels"):
        check(content, "it")
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "2400")
    check(content, "it")


def test_a_marker_between_two_blocks_is_found():
    progressive = jpeg(progressive=True)
    begin = progressive.rfind(b"\xff\xda")
    for length in (2**12 - 1, 2**12, 2**12 + 1, 2**12 + 2, 2**20 - 1):
        padded = progressive[:begin] + b"\0" * (length - begin) + progressive[begin:-2] * 3
        for place in range(3):
            check(io.BytesIO(b"\xff\xd8" + b"\0" * place + padded[2:]), "it")
