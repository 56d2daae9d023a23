"""The values of a mask are read as they were stored, in any type of file."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.png_files import png
from tfft.core.errors import DataError
from tfft.images.mask_values import mask_values

VALUES = np.uint8([[0, 1, 3], [2, 1, 0]])


def deep_png(array, kind):
    """A PNG of 16 bits a sample, which Pillow reads and does not write."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    return png((width, height, 16, kind, 0, 0, 0), rows)


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


@pytest.mark.parametrize("kind", [np.uint8, bool, np.uint16])
@pytest.mark.parametrize("colored", [False, True])
def test_a_tiff_in_which_0_is_white_is_refused(kind, colored):
    """Pillow inverts its values with 1 and 8 bits, and not with 16; other programs never do, or always."""
    usual = stored(Image.fromarray(VALUES.astype(kind)), format="TIFF")
    tag = (262).to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little")
    assert usual.count(tag + b"\1\0") == 1
    with pytest.raises(ValueError, match=r"TIFF in which 0 is white.*save masks as PNG"):
        mask_values(usual.replace(tag + b"\1\0", tag + b"\0\0"), colored)


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_values_of_few_bits_are_not_scaled(bits):
    rows = b"".join(
        b"\0" + bytes([int("".join(f"{value:0{bits}b}" for value in row).ljust(-(-3 * bits // 8) * 8, "0"), 2) >> shift & 255
                       for shift in reversed(range(0, -(-3 * bits // 8) * 8, 8))][0:])
        for row in VALUES.tolist()
    )  # fmt: skip
    assert mask_values(png((3, 2, bits, 0, 0, 0, 0), rows), False).tolist() == VALUES.tolist()


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


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("colored", [False, True])
def test_colours_and_transparency_of_16_bits_are_refused(kind, channels, colored):
    """Pillow keeps their high byte, so that the values 1 and 2 would both be 0."""
    array = np.repeat(VALUES.astype(np.uint16)[..., None], channels, axis=2)
    if channels in (2, 4):
        array[..., -1] = 65535
    with pytest.raises(ValueError, match=r"16 bits.*save masks as PNG with 8 bits"):
        mask_values(deep_png(array, kind), colored)


def test_grey_of_16_bits_has_numbers_and_no_colours():
    wide = stored(Image.fromarray(VALUES.astype(np.uint16) * 300))
    with pytest.raises(ValueError, match="16 bits"):
        mask_values(wide, True)
    assert mask_values(deep_png(VALUES.astype(np.uint16), 0), False).tolist() == VALUES.tolist()


@pytest.mark.parametrize("content", [b"P5\n2 1\n3\n\0\1", b"P2\n2 1\n1\n0 1\n", b"P6\n1 1\n65535\n" + bytes(6)])
def test_netpbm_files_whose_values_are_scaled_are_refused(content):
    with pytest.raises(ValueError, match="Pillow scales its values"):
        mask_values(content, content.startswith(b"P6"))
    assert mask_values(b"P5\n2 1\n255\n\0\1", False).tolist() == [[0, 1]]
    assert mask_values(b"P5\n2 1\n65535\n\0\0\1\0", False).tolist() == [[0, 256]]


def test_a_transparent_index_of_a_palette_counts_for_colours_only():
    image = Image.fromarray(VALUES).convert("P")
    image.frombytes(VALUES.tobytes())
    image.putpalette([0, 0, 0, 9, 8, 7, 1, 1, 1, 255, 0, 255, 5, 5, 5])
    for key in (1, b"\xff\x80"):
        content = stored(image, transparency=key)
        assert mask_values(content, False).tolist() == VALUES.tolist()
        with pytest.raises(ValueError, match="transparent pixels"):
            mask_values(content, True)
    for key in (4, b"\xff\xff\xff\xff\0"):  # no pixel has this index
        assert mask_values(stored(image, transparency=key), True).shape == (2, 3)


@pytest.mark.parametrize(
    ("array", "key", "other"),
    [
        (VALUES, 3, 7),
        (VALUES.astype(np.uint16) * 300, 900, 901),
        (VALUES > 1, 1, None),
        (np.dstack([VALUES] * 3), (3, 3, 3), (3, 3, 2)),
    ],
)
def test_a_transparent_grey_value_or_colour_is_refused_when_it_occurs(array, key, other):
    image = Image.fromarray(array)
    for colored in (False, True) if array.dtype == np.uint8 else (False,):
        with pytest.raises(ValueError, match="transparent pixels"):
            mask_values(stored(image, transparency=key), colored)
        if other is not None:
            assert mask_values(stored(image, transparency=other), colored).shape == (2, 3)


def test_lossy_files_are_refused_and_lossless_ones_are_read():
    image = Image.fromarray(np.dstack([VALUES] * 3))
    several = {"save_all": True, "append_images": [image]}
    for name, options in (
        ("a lossy WebP", {"format": "WEBP", "quality": 80}),
        ("a lossy WebP", {"format": "WEBP", "quality": 80, **several}),
        ("a TIFF with JPEG or WebP compression", {"format": "TIFF", "compression": "jpeg"}),
        ("a JPEG", {"format": "MPO", **several}),
    ):
        with pytest.raises(ValueError, match=f"{name} changes the values of masks"):
            mask_values(stored(image, **options), False)
    plain = {"format": "WEBP", "lossless": True}
    exif = Image.Exif()
    exif[0x0112] = 1  # metadata come before the pixels, in a file of another layout
    for options in (plain, plain | {"exif": exif}, plain | several, {"format": "TIFF", "compression": "tiff_lzw"}):
        np.testing.assert_array_equal(mask_values(stored(image, **options), False), VALUES)
