"""Every image gets the size of the network's input, for all types and all ways to fit."""

import io

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.images.decoding import decode
from tfft.inputs.alignment import Alignment
from tfft.inputs.image import ImagePreprocessor

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (12, 17, 3), np.uint8)


def _jpeg(image, **options):
    target = io.BytesIO()
    Image.fromarray(image).save(target, "JPEG", quality=95, **options)
    return target.getvalue()


def test_a_rotated_photo_is_turned_before_it_is_fitted():
    exif = Image.Exif()
    exif[0x0112] = 6  # the pixels are stored rotated
    upright = np.zeros((300, 100, 3), np.uint8)
    upright[:150] = 255
    found = ImagePreprocessor(60, 20)(_jpeg(np.ascontiguousarray(np.rot90(upright, 1)), exif=exif))
    assert found[:27].min() > 240
    assert found[33:].max() < 15


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 5)])
def test_every_shape_of_image_fits(fit, size):
    result = ImagePreprocessor(20, 30, fit)(np.full((*size, 3), 77, np.uint8))
    assert result.shape == (20, 30, 3)
    assert result.dtype == np.uint8
    assert 77 in result


def test_squash_stretches_crop_cuts_and_pad_fills():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, :10, 0], wide[:, 10:20, 1], wide[:, 20:, 2] = 255, 255, 255
    squashed, cropped, padded = (ImagePreprocessor(30, 30, fit)(wide) for fit in ("squash", "crop", "pad"))
    np.testing.assert_array_equal(squashed[15, [4, 15, 25]], 255 * np.eye(3))
    np.testing.assert_array_equal(cropped[:, 5:25].reshape(-1, 3).mean(axis=0), [0, 255, 0])
    assert padded[:9].max() == padded[21:].max() == 0
    np.testing.assert_array_equal(padded[15, [4, 15, 25]], 255 * np.eye(3))


def test_a_large_jpeg_decoded_small_equals_the_one_decoded_whole_and_resized():
    large = np.kron(RANDOM.integers(0, 256, (8, 8, 3)), np.ones((64, 64, 1))).astype(np.uint8)
    content = _jpeg(large)
    whole = np.asarray(decode(content).resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(ImagePreprocessor(64, 64)(content) - whole).mean() < 6


def test_path_bytes_image_and_array_of_one_image_give_the_same_pixels(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.PNG")
    read = ImagePreprocessor(8, 9)
    path, content = tmp_path / "a.PNG", (tmp_path / "a.PNG").read_bytes()
    items = [path, str(path), content, bytearray(content), Image.fromarray(PIXELS), PIXELS]
    first, *others = [read(item) for item in items]
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_a_preprocessor_survives_its_dict_and_can_be_a_key():
    read = ImagePreprocessor(8, 9, "pad")
    assert ImagePreprocessor.from_dict(read.to_dict()) == read
    assert {read: 1}[ImagePreprocessor(8, 9, "pad")] == 1


def test_an_unknown_fit_is_refused():
    with pytest.raises(DataError, match=r"fit='stretch' is unknown.*'crop', 'squash', 'pad'"):
        ImagePreprocessor(8, 8, "stretch")


@pytest.mark.parametrize("size", [(0, 8), (8, -1), (8, 2.5)])
def test_an_invalid_size_is_refused(size):
    with pytest.raises(DataError, match=r"Height and width.*224") as caught:
        ImagePreprocessor(*size)
    assert f"{size[0]!r} x {size[1]!r}" in str(caught.value)


def test_answers_pixel_by_pixel_lose_no_part_of_an_image():
    assert ImagePreprocessor(8, 8).alignment is None
    assert ImagePreprocessor(8, 8).answering("pixels").alignment == Alignment(8, 8)
    assert ImagePreprocessor(8, 8, "pad").answering("pixels").alignment == Alignment(8, 8, padded=True)
