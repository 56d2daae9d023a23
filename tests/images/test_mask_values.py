"""The values of a mask are read as they were stored, in any type of file."""

import io

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.images.mask_values import mask_values

VALUES = np.uint8([[0, 1, 3], [2, 1, 0]])


def stored(image, **options):
    file = io.BytesIO()
    image.save(file, options.pop("format", "PNG"), **options)
    return file.getvalue()


def test_grey_images_of_any_depth_give_their_numbers():
    assert mask_values(stored(Image.fromarray(VALUES)), False).tolist() == VALUES.tolist()
    wide = VALUES.astype(np.uint16) * 300
    assert mask_values(stored(Image.fromarray(wide)), False).tolist() == wide.tolist()
    assert mask_values(stored(Image.fromarray(VALUES > 1)), False).tolist() == (VALUES > 1).astype(int).tolist()
    assert mask_values(stored(Image.fromarray(VALUES), format="TIFF"), False).tolist() == VALUES.tolist()
    assert mask_values(stored(Image.fromarray(np.dstack([VALUES] * 3))), False).tolist() == VALUES.tolist()


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_values_of_few_bits_are_not_scaled(bits):
    import struct
    import zlib

    rows = b"".join(
        b"\0" + bytes([int("".join(f"{value:0{bits}b}" for value in row).ljust(-(-3 * bits // 8) * 8, "0"), 2) >> shift & 255
                       for shift in reversed(range(0, -(-3 * bits // 8) * 8, 8))][0:])
        for row in VALUES.tolist()
    )  # fmt: skip

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 3, 2, bits, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert mask_values(png, False).tolist() == VALUES.tolist()


def test_a_palette_gives_indices_or_colours():
    image = Image.fromarray(VALUES).convert("P")
    image.frombytes(VALUES.tobytes())
    image.putpalette([0, 0, 0, 9, 8, 7, 1, 1, 1, 255, 0, 255])
    assert mask_values(stored(image), False).tolist() == VALUES.tolist()
    assert mask_values(stored(image), True)[0].tolist() == [0, (9 << 16) + (8 << 8) + 7, (255 << 16) + 255]


def test_a_mask_is_turned_as_photos_are():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert mask_values(stored(Image.fromarray(VALUES), exif=exif), False).shape == (3, 2)


def test_opaque_images_lose_their_transparency_and_others_are_refused():
    whole = np.dstack([VALUES, VALUES, VALUES, np.full((2, 3), 255, np.uint8)])
    assert mask_values(stored(Image.fromarray(whole)), False).tolist() == VALUES.tolist()
    whole[0, 0, 3] = 0
    with pytest.raises(ValueError, match="transparent pixels"):
        mask_values(stored(Image.fromarray(whole)), False)


@pytest.mark.parametrize(
    ("array", "colored", "message"),
    [
        (np.zeros((2, 2)), False, "no mask; pass integers"),
        (np.zeros((2, 2, 4), np.uint8), True, "no mask; pass integers"),
        (np.zeros((0, 2), np.uint8), False, "no pixels"),
        (np.array([[-1]]), False, "its values run from -1"),
        (np.array([[2**30]]), False, "masks have values from 0"),
        (np.array([[300]]), True, "no colours of 8 bits"),
        (np.uint8([[[1, 2, 3]]]), False, "it has colours"),
    ],
)
def test_arrays_that_are_no_masks_are_refused(array, colored, message):
    with pytest.raises(ValueError, match=message):
        mask_values(array, colored)


def test_files_that_change_values_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="a JPEG changes the values"):
        mask_values(stored(Image.fromarray(np.dstack([VALUES] * 3)), format="JPEG"), False)
    with pytest.raises(ValueError, match="type 'F'"):
        mask_values(stored(Image.fromarray(VALUES.astype(np.float32)), format="TIFF"), False)
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "3")
    with pytest.raises(DataError, match="6 pixels are more than the limit"):
        mask_values(stored(Image.fromarray(VALUES)), False)
