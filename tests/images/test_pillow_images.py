"""Pillow images in arrays, tables and predict give the same pixels as their files."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_arrays, from_dataframe
from tfft.images import pillow_images as module
from tfft.images.decoding import decode
from tfft.images.pillow_images import as_pixels

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 17, 3), np.uint8)
RED = (255, 0, 0)


def _opened(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return Image.open(io.BytesIO(target.getvalue())), target.getvalue()


def _files():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.fromarray(PIXELS)
    yield "exif", photo, "JPEG", {"exif": exif}
    yield "exif png", photo, "PNG", {"exif": exif}
    yield "cmyk", photo.convert("CMYK"), "JPEG", {}
    yield "palette", photo.convert("P"), "PNG", {}
    yield "transparent palette", photo.convert("P"), "GIF", {"transparency": 3}
    yield "ycbcr", photo.convert("YCbCr"), "TIFF", {}
    yield "lab", Image.frombytes("LAB", photo.size, photo.tobytes()), "TIFF", {}
    yield "grey alpha", photo.convert("LA"), "PNG", {}
    yield "bits", photo.convert("1"), "PNG", {}
    yield "deep", Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257), "PNG", {}


@pytest.mark.parametrize(("name", "image", "kind", "options"), list(_files()))
def test_an_opened_image_gives_the_pixels_of_its_file(name, image, kind, options):
    opened, content = _opened(image, kind, **options)
    wanted = np.asarray(decode(content))
    np.testing.assert_array_equal(as_pixels(opened)[0], wanted)
    np.testing.assert_array_equal(as_pixels(opened)[0], wanted)  # the image is loaded now
    others = list(np.random.default_rng(1).integers(0, 256, (9, 6, 5, 3), np.uint8))
    splits = from_arrays([*others, opened], [0, 1] * 5, holdout=(0.2, 0.2))
    parts = (splits.train, splits.validation, splits.test)
    found = [part.inputs[index] for part in parts for index in range(len(part)) if part.name(index) == "example 9"]
    np.testing.assert_array_equal(found[0], wanted)


@pytest.mark.parametrize("mode", ["CMYK", "HSV", "YCbCr", "P"])
def test_an_image_in_memory_keeps_its_colours(mode):
    image = Image.new("RGB", (4, 3), RED).convert(mode)
    assert np.abs(as_pixels(image)[0].astype(int) - RED).max() <= 2


def test_a_table_may_contain_pillow_images():
    images = [Image.new("CMYK", (8, 8), (0, 255, 255, index)) for index in range(20)]
    splits = from_dataframe(pd.DataFrame({"path": images, "label": ["a", "b"] * 10}))
    assert splits.train.inputs[0][0, 0, 1:].tolist() == [0, 0]
    assert splits.train.inputs[0][0, 0, 0] > 200


def test_a_value_range_only_applies_to_samples_of_more_than_8_bits():
    values = np.array([[0, 2048, 4095]], np.uint16)
    assert as_pixels(Image.fromarray(values), ranged=True)[0].tolist() == values.tolist()
    images = [Image.fromarray(values - np.uint16([[0, number, 0]])) for number in range(0, 1000, 100)]
    splits = from_arrays(images, [0, 1] * 5, value_range=(0, 4095), holdout=(0.2, 0))
    assert all(splits.train.inputs[index][0, [0, 2]].tolist() == [0, 255] for index in range(8))
    with pytest.raises(DataError, match=r"floating-point pixels have no known range.*value_range"):
        as_pixels(Image.fromarray(np.zeros((2, 2), np.float32)))


def test_a_warning_gives_the_number_of_almost_black_16_bit_images():
    images = [Image.fromarray(np.full((4, 4), 400 * index + 7, np.uint16)) for index in range(10)]
    with pytest.warns(
        DataWarning, match=r"10 of 10 images have 16 bits.*example 0 \(its largest value of 65535 is 7\)"
    ):
        from_arrays(images, [0, 1] * 5, holdout=(0.2, 0))


def test_a_large_image_that_is_not_loaded_is_returned_as_encoded_bytes(monkeypatch):
    monkeypatch.setattr(module, "LARGE_PIXELS", 100)
    opened, content = _opened(Image.fromarray(PIXELS), "PNG")
    assert as_pixels(opened)[0] == content
    assert opened.tile
    opened.load()
    np.testing.assert_array_equal(as_pixels(opened)[0], PIXELS)


def test_the_error_names_a_damaged_image():
    _, content = _opened(Image.fromarray(PIXELS), "PNG")
    with pytest.raises(DataError, match=r"Pillow image of mode 'RGB' cannot be read"):
        as_pixels(Image.open(io.BytesIO(content[:200])))
