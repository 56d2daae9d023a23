"""A graph reads encoded images to the last bit as training and prediction do."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfft.core.errors import DataError
from tfft.formats.image_graph import pixels_of
from tfft.inputs.image import ImagePreprocessor

SIZES = [(9, 5), (40, 64), (300, 170), (170, 300), (700, 650)]


def blocks(size):
    """Random blocks of 4 x 4 pixels, as photos have areas of one colour."""
    coarse = np.random.default_rng(size[0]).integers(0, 256, (size[0] // 4 + 1, size[1] // 4 + 1, 4), np.uint8)
    return coarse.repeat(4, 0).repeat(4, 1)


RGBA = {size: blocks(size) for size in SIZES}


def image(size):
    return Image.fromarray(RGBA[size][: size[0], : size[1], :3])


def saved(made, format, **options):
    file = io.BytesIO()
    made.save(file, format, **options)
    return file.getvalue()


def few_bits(size, bits, transparent=False):
    """A grey PNG of 2 or 4 bits, which Pillow does not write."""
    values = RGBA[size][: size[0], : size[1], 0] >> (8 - bits)
    values = np.pad(values, ((0, 0), (0, -size[1] % (8 // bits))))
    packed = sum((values[:, i :: 8 // bits] << (8 - bits * (i + 1))).astype(np.uint8) for i in range(8 // bits))
    rows = zlib.compress(b"".join(b"\0" + row.astype(np.uint8).tobytes() for row in packed))
    header = struct.pack(">IIBBBBB", size[1], size[0], bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *([(b"tRNS", b"\0\1")] if transparent else []), (b"IDAT", rows), (b"IEND", b"")]
    found = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(found)


def turned(size):
    tags = image(size).getexif()
    tags[0x0112] = 6
    return saved(image(size), "JPEG", exif=tags)


FILES = {
    "JPEG": lambda size: saved(image(size), "JPEG"),
    "JPEG without subsampling": lambda size: saved(image(size), "JPEG", quality=95, subsampling=0),
    "progressive JPEG": lambda size: saved(image(size), "JPEG", progressive=True),
    "grey JPEG": lambda size: saved(image(size).convert("L"), "JPEG"),
    "CMYK": lambda size: saved(image(size).convert("CMYK"), "JPEG"),
    "a turned photo": turned,
    "PNG": lambda size: saved(image(size), "PNG"),
    "transparent PNG": lambda size: saved(Image.fromarray(RGBA[size][: size[0], : size[1]]), "PNG"),
    "grey and transparent": lambda size: saved(Image.fromarray(RGBA[size][: size[0], : size[1], :2]), "PNG"),
    "palette": lambda size: saved(image(size).quantize(20), "PNG"),
    "transparent palette": lambda size: saved(image(size).quantize(20), "PNG", transparency=3),
    "1 bit": lambda size: saved(image(size).convert("1"), "PNG"),
    "2 bits": lambda size: few_bits(size, 2),
    "4 bits": lambda size: few_bits(size, 4),
    "2 bits with a transparent grey": lambda size: few_bits(size, 2, transparent=True),
    "16 bits": lambda size: saved(Image.fromarray(RGBA[size][: size[0], : size[1], 0].astype(np.uint16) * 257), "PNG"),
    "WebP": lambda size: saved(image(size), "WEBP"),
    "lossless WebP": lambda size: saved(image(size), "WEBP", lossless=True),
    "transparent WebP": lambda size: saved(Image.fromarray(RGBA[size][: size[0], : size[1]]), "WEBP"),
}


@pytest.fixture(scope="module", params=["squash", "crop", "pad"])
def both(request):
    """A preprocessor, and its graph."""
    made = ImagePreprocessor(48, 64, request.param)
    run = tf.function(pixels_of(made), input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    return made, run


@pytest.mark.costly
@pytest.mark.parametrize("kind", FILES)
def test_each_pixel_is_that_of_training(both, kind):
    made, run = both
    contents = [FILES[kind](size) for size in SIZES]
    np.testing.assert_array_equal(run(contents), np.stack([made(content) for content in contents]))


def bomb(format):
    """A file whose header promises 40,000 x 40,000 pixels."""
    if format == "WebP":
        return b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (39_999).to_bytes(3, "little") * 2
    if format == "PNG":
        content = bytearray(FILES["PNG"]((9, 5)))
        content[16:24] = struct.pack(">II", 40_000, 40_000)
        return bytes(content)
    content = bytearray(FILES["JPEG"]((9, 5)))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", 40_000, 40_000)
    return bytes(content)


BAD = {
    "text": (lambda: b"hello", "not a JPEG, PNG or WebP file"),
    "nothing": (lambda: b"", "not a JPEG, PNG or WebP file"),
    "GIF": (lambda: saved(image((9, 5)), "GIF"), "not a JPEG, PNG or WebP file"),
    "half a JPEG": (lambda: FILES["JPEG"]((300, 170))[:2000], "."),
    "half a PNG": (lambda: FILES["PNG"]((300, 170))[:2000], "."),
    "half a WebP": (lambda: FILES["WebP"]((300, 170))[:2000], "."),
    "an animated WebP": (
        lambda: saved(image((9, 5)), "WEBP", save_all=True, append_images=[image((9, 5)).rotate(180)]),
        "The WebP file is animated",
    ),
    "a header alone": (lambda: b"\x89PNG\r\n\x1a\n", "."),
    **{
        f"a bomb as {format}": (lambda format=format: bomb(format), "between 1 and")
        for format in ("JPEG", "PNG", "WebP")
    },
}


@pytest.mark.attack
@pytest.mark.parametrize("kind", BAD)
def test_other_files_damaged_ones_and_bombs_are_refused(both, kind):
    make, message = BAD[kind]
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError), match=message):
        both[1]([make()])


def test_the_files_that_are_refused_for_their_size_are_those_of_training(both):
    with pytest.raises(DataError):
        both[0](bomb("PNG"))
