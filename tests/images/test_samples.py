"""The meaning of 16-bit samples: number of bits, white value and transparent value. References are computed without tfft."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from tfft.images.samples import loaded
from tfft.images.upright import upright


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, depth, colour, rows, *chunks):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *chunks,
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def deep_png(values, *chunks):
    values = np.asarray(values, ">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    colour = {2: 0, 3: {2: 4, 3: 2, 4: 6}.get(values.shape[-1])}[values.ndim]
    return png(values.shape[1], values.shape[0], 16, colour, rows, *chunks)


def read(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(upright(image))


def warning_of(content):
    with Image.open(io.BytesIO(content)) as image:
        return loaded(image)[1].warning


def tiff(values, bits=16, photometric=1):
    """The bytes of a little-endian grey TIFF, made without a library."""
    values = np.asarray(values)
    height, width = values.shape
    data = values.astype("<u2").tobytes()
    if bits == 12:
        numbers = "".join(f"{value:012b}" for row in values for value in row)
        data = int(numbers, 2).to_bytes(len(numbers) // 8, "big")
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(data)}
    start = 8 + len(data)
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return struct.pack("<2sHI", b"II", 42, start) + data + struct.pack("<H", len(tags)) + rows + struct.pack("<I", 0)


def test_a_transparent_16_bit_grey_becomes_white():
    found = read(deep_png([[7, 300, 65535]], chunk(b"tRNS", struct.pack(">H", 7))))
    assert found[0, :, 0].tolist() == [255, 1, 255]


def test_a_transparent_16_bit_colour_is_compared_with_all_bits():
    values = [[[0, 0, 0], [0, 0, 5], [0x1234, 0x5678, 0x9ABC]]]
    found = read(deep_png(values, chunk(b"tRNS", struct.pack(">HHH", 0, 0, 5))))
    assert found[0].tolist() == [[0, 0, 0], [255, 255, 255], [0x12, 0x56, 0x9A]]


@pytest.mark.parametrize("channels", [2, 4])
def test_16_bit_alpha_is_put_on_white(channels):
    values = np.zeros((1, 3, channels), np.uint16)
    values[..., -1] = 0, 65535, 0x8000
    assert read(deep_png(values))[0, :, 0].tolist() == [255, 0, 127]


@pytest.mark.parametrize(
    ("depth", "packed", "pixels"), [(4, [0x0F, 0x37], [0, 15, 3, 7]), (2, [0b00110110], [0, 3, 1, 2])]
)
def test_a_transparent_grey_of_few_bits_becomes_white(depth, packed, pixels):
    content = png(4, 1, depth, 0, b"\0" + bytes(packed), chunk(b"tRNS", struct.pack(">H", pixels[2])))
    white = 2**depth - 1
    expected = [255 if index == 2 else value * 255 // white for index, value in enumerate(pixels)]
    assert read(content)[0, :, 0].tolist() == expected


def test_a_transparent_1_bit_value_becomes_white():
    assert read(png(2, 1, 1, 0, b"\0\x40", chunk(b"tRNS", struct.pack(">H", 0))))[0, :, 0].tolist() == [255, 255]
    assert read(png(2, 1, 1, 0, b"\0\x40"))[0, :, 0].tolist() == [0, 255]


def test_min_is_white_tiff_of_16_bits_is_not_inverted():
    assert read(tiff([[0, 0x8000, 65535]], photometric=0))[0, :, 0].tolist() == [255, 127, 0]
    assert read(tiff([[0, 0x8000, 65535]]))[0, :, 0].tolist() == [0, 128, 255]


def test_a_tiff_of_12_bits_is_scaled_by_12_bits():
    assert read(tiff([[0, 2048, 4095, 16]], bits=12))[0, :, 0].tolist() == [0, 128, 255, 1]


def test_a_pillow_image_of_a_tiff_keeps_its_tags_after_loading():
    image = Image.open(io.BytesIO(tiff([[0, 65535]], photometric=0)))
    image.load()
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    assert np.asarray(upright(image))[0, :, 0].tolist() == [255, 0]


def test_significant_bits_of_a_png_that_was_not_scaled_up():
    raw = deep_png([[0, 2048, 4095, 17]], chunk(b"sBIT", b"\x0c"))
    assert read(raw)[0, :, 0].tolist() == [0, 128, 255, 1]
    assert not warning_of(raw)
    scaled = deep_png([[0, 0x8008, 0xFFFF, 0x0010]], chunk(b"sBIT", b"\x0c"))
    assert read(scaled)[0, :, 0].tolist() == [0, 128, 255, 0]
    dark = deep_png([[0, 0x0010, 0x0FF0]], chunk(b"sBIT", b"\x0c"))
    assert read(dark)[0, :, 0].tolist() == [0, 0, 15]


def test_a_16_bit_image_with_12_bit_values_gets_a_warning():
    assert warning_of(deep_png([[5, 4095]])) == "its largest value of 65535 is 4095"
    assert warning_of(tiff([[5, 4095]])) == "its largest value of 65535 is 4095"
    assert warning_of(deep_png([[[4095, 0, 0], [0, 0, 0]]])) == "its largest value of 255 is 15"
    assert not warning_of(deep_png([[5, 4096]]))
    assert not warning_of(tiff([[5, 4095]], bits=12))
    assert not warning_of(deep_png([[0, 0]]))
    assert not warning_of(png(1, 1, 8, 0, b"\0\5"))


def test_a_16_bit_pgm_is_scaled_by_its_declared_white():
    values = np.array([0, 2048, 4095], ">u2")
    assert read(b"P5 3 1 4095\n" + values.tobytes())[0, :, 0].tolist() == [0, 128, 255]
