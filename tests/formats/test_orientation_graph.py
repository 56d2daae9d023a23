"""A graph reads the rotation of a camera as Pillow does."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfft.formats.orientation_graph import orientation

TAG, MAKER = 0x0112, 0x010F
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'


@pytest.fixture(scope="module")
def graph():
    return tf.function(orientation, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


def written(format, **options):
    file = io.BytesIO()
    Image.new("RGB", (5, 7)).save(file, format, **options)
    return file.getvalue()


def tagged(value):
    tags = Image.new("RGB", (1, 1)).getexif()
    tags[MAKER] = "a camera of some maker" * 20
    if value is not None:
        tags[TAG] = value
    return tags


@pytest.mark.costly
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("value", [None, 1, 2, 3, 4, 5, 6, 7, 8])
def test_each_rotation_is_found(graph, format, value):
    assert int(graph(written(format, exif=tagged(value)))) == (value or 1)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_without_tags_has_no_rotation(graph, format):
    assert int(graph(written(format))) == 1


def test_values_out_of_range_are_no_rotation(graph):
    assert [int(graph(written("JPEG", exif=tagged(value)))) for value in (0, 9, 700)] == [1, 1, 1]


def test_tags_may_be_little_endian(graph):
    tags = tagged(6)
    tags.endian = "<"
    assert int(graph(written("JPEG", exif=tags.tobytes()))) == 6


def test_the_rotation_in_xmp_counts_where_exif_has_none(graph):
    content = written("JPEG", xmp=XMP)
    assert Image.open(io.BytesIO(content)).getexif()[TAG] == 8
    assert int(graph(content)) == 8
    assert int(graph(written("JPEG", xmp=XMP, exif=tagged(3)))) == 3


@pytest.mark.attack
def test_damaged_files_are_read_to_an_end(graph):
    random = np.random.default_rng(0)
    contents = [written(format, exif=tagged(6)) for format in ("JPEG", "PNG", "WEBP")] + [
        written("JPEG", xmp=XMP),
        b"",
        b"\xff",
    ]
    for content in contents:
        for _ in range(60):
            damaged = bytearray(content[: random.integers(0, len(content) + 1)])
            for _ in range(4):
                if len(damaged) > 2:
                    damaged[random.integers(2, len(damaged))] = random.integers(0, 256)
            assert 1 <= int(graph(bytes(damaged))) <= 8


def test_millions_of_empty_blocks_are_not_walked_over(graph):
    hostile = b"\xff\xd8" + b"\xff" * 20_000 + written("JPEG", exif=tagged(6))[2:]
    assert int(graph(hostile)) == 1
    assert int(graph(b"\xff\xd8" + b"\xff" * 200 + written("JPEG", exif=tagged(6))[2:])) == 6
