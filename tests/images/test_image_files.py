"""Sizes are checked in the headers of all formats. Large images are decoded one at a time."""

import io
import os
import threading

import pytest
from PIL import Image, UnidentifiedImageError

from tfft.core.errors import DataError
from tfft.images.image_files import LARGE_PIXELS, encoded, is_image, opened_image, taking_turns


def _bytes(kind, size=(40, 30), **options):
    target = io.BytesIO()
    Image.new("RGB", size, (200, 10, 10)).save(target, kind, **options)
    return target.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in ("PNG", "BMP", "GIF", "TIFF", "PPM", "JPEG", "WEBP")),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}),
    ],
)
def test_the_limit_is_checked_in_the_header_of_every_format(kind, options, monkeypatch):
    content = _bytes(kind, **options)
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "1200")
    with opened_image(content, "it") as image:
        assert image.size == (40, 30)
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "1199")
    with pytest.raises(DataError, match=r"it: 1,200 pixels.*TFFT_MAX_IMAGE_PIXELS=1200"), opened_image(content, "it"):
        pass


def test_the_limit_of_pillow_has_no_effect(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with opened_image(_bytes("PNG"), "it") as image:
        image.load()


def test_a_pillow_image_is_checked_and_returned(monkeypatch):
    image = Image.new("L", (40, 30))
    with opened_image(image, "it") as same:
        assert same is image
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "1000")
    with pytest.raises(DataError, match="1,200 pixels"), opened_image(image, "it"):
        pass


@pytest.mark.parametrize("content", [b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0", b"RIFF\0\0\0\0WEBPVP8X"])
def test_files_that_are_not_images_are_not_opened(content):
    with pytest.raises((UnidentifiedImageError, OSError)), opened_image(content, "it"):
        pass


def test_images_are_recognised_by_their_headers(tmp_path):
    for kind in ("PNG", "BMP", "GIF", "TIFF", "PPM", "JPEG", "WEBP"):
        assert is_image(_bytes(kind))
    assert not any(map(is_image, (b"", b"BMW is a car", b"P6 is a page", b"GIF89a", b"II*\0", b"<svg/>")))
    (tmp_path / "x").write_bytes(_bytes("PNG")[:60])
    assert is_image(tmp_path / "x")
    assert not is_image(tmp_path)
    assert not is_image(tmp_path / "nowhere")


def test_pipes_and_folders_are_not_images(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("pipe.jpg", "."):
        with pytest.raises(OSError, match=r"folder|pipe"), opened_image(str(tmp_path / name), "it"):
            pass
    assert not is_image(tmp_path / "pipe.jpg")


def test_reading_the_bytes_of_an_opened_image_keeps_its_file_position():
    content = _bytes("PNG")
    image = Image.open(io.BytesIO(content))
    assert encoded(image) == content
    image.load()
    assert image.getpixel((0, 0)) == (200, 10, 10)
    assert encoded(Image.new("L", (1, 1))) == b""


def test_large_images_wait_for_each_other_and_small_ones_do_not():
    entered = []

    def enter(amount):
        with taking_turns(amount):
            entered.append(amount)

    with taking_turns(LARGE_PIXELS):
        large = threading.Thread(target=enter, args=(LARGE_PIXELS,))
        small = threading.Thread(target=enter, args=(LARGE_PIXELS - 1,))
        large.start(), small.start()
        small.join(5)
        large.join(0.2)
        assert entered == [LARGE_PIXELS - 1]
    large.join(5)
    assert entered == [LARGE_PIXELS - 1, LARGE_PIXELS]
