"""Every image gets the size of the network's input, for all types and all ways to fit."""

import io

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError, TaskError
from tfft.images.decoding import decode
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


@pytest.mark.parametrize("fit", ["squash", "pad", "crop"])
@pytest.mark.parametrize("size", [(40, 60), (60, 40), (7, 90), (12, 16)])
def test_a_mask_lies_on_its_image(fit, size):
    """A mask is placed as an image whose colours are its classes."""
    geometry = ImagePreprocessor(24, 32, fit)
    mask = np.zeros(size, np.uint8)
    mask[:, size[1] // 2 :] = 1
    image = geometry(np.dstack([mask * 200 + 20] * 3))[..., 0]
    placed = geometry.place(mask)
    assert placed.shape == (24, 32)
    np.testing.assert_array_equal(placed == 255, image == 0)
    there = (image == 20) | (image == 220)
    assert there[placed != 255].mean() > 0.8
    wrong = there & (placed != 255) & ((image == 220) != (placed == 1))
    assert wrong.mean() < 0.02


@pytest.mark.parametrize("fit", ["squash", "pad"])
@pytest.mark.parametrize("size", [(40, 60), (60, 40), (9, 90), (12, 16), (24, 32)])
def test_restoring_undoes_placing(fit, size):
    geometry = ImagePreprocessor(24, 32, fit)
    mask = np.zeros(size, np.uint8)
    mask[: size[0] // 2, size[1] // 3 :] = 3
    restored = geometry.restore(geometry.place(mask), np.zeros((*size, 3), np.uint8))
    assert restored.shape == size
    assert (restored == 255).sum() == 0
    assert (restored == mask).mean() > 0.9
    assert geometry.restore(np.zeros((24, 32, 2), np.uint8), np.zeros((*size, 3), np.uint8)).shape == (*size, 2)


def white(size, orientation=1):
    """A white JPEG of (height, width) pixels, as it is stored."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    Image.new("L", (size[1], size[0]), 255).save(content, "JPEG", exif=exif)
    return content.getvalue()


@pytest.mark.parametrize("orientation", [1, 6])
def test_an_image_that_is_decoded_smaller_has_the_place_of_its_mask(orientation):
    """A JPEG that is decoded at an eighth of its size has other proportions, and would be placed one pixel off."""
    random = np.random.default_rng(0)
    sizes = [(48, *size) for size in random.integers(70, 700, (150, 2)).tolist()] + [(224, 1858, 2731)]
    wrong = []
    for side, height, width in sizes:
        geometry, item = ImagePreprocessor(side, side, "pad"), white((height, width), orientation)
        upright = (width, height) if orientation == 6 else (height, width)
        placed = geometry.place(np.zeros(upright, np.uint8))
        if not np.array_equal(geometry(item).any(axis=-1), placed == 0):
            wrong.append(upright)
        assert geometry.restore(placed, item).shape == upright
        assert not geometry.restore(placed, item).any()
    assert wrong == []


def test_a_large_array_that_is_reduced_has_the_place_of_its_mask():
    for height, width in ((5011, 3333), (4099, 4211)):
        geometry = ImagePreprocessor(64, 96, "pad")
        image = geometry(np.full((height, width), 255, np.uint8))
        np.testing.assert_array_equal(image.any(axis=-1), geometry.place(np.zeros((height, width), np.uint8)) == 0)


@pytest.mark.parametrize("sides", [((2, 2), (4, 6)), ((3, 3), (5, 7)), ((4, 4), (2, 3)), ((5, 5), (3, 4))])
def test_each_pixel_takes_the_value_at_its_middle(sides):
    (height, width), (rows, columns) = sides
    values = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    found = ImagePreprocessor(height, width, "squash").restore(values, np.zeros((rows, columns, 3), np.uint8))
    for row in range(rows):
        for column in range(columns):
            # the middle of a pixel of the image, in pixels of the answer; where it is a border, the pixel behind it
            place = int((2 * row + 1) * height // (2 * rows)), int((2 * column + 1) * width // (2 * columns))
            assert found[row, column] == values[place]


def test_a_padded_answer_is_cut_out_and_each_pixel_takes_the_value_at_its_middle():
    values = np.full((4, 6), 9, np.uint8)
    values[:, 1:5] = [[1, 2, 3, 4]] * 4  # a square image of 4 pixels lies in the middle
    geometry = ImagePreprocessor(4, 6, "pad")
    for side, row in ((4, [1, 2, 3, 4]), (8, [1, 1, 2, 2, 3, 3, 4, 4]), (2, [2, 4]), (3, [1, 3, 4])):
        assert geometry.restore(values, np.zeros((side, side, 3), np.uint8)).tolist() == [row] * side


def test_answers_pixel_by_pixel_lose_no_part_of_an_image():
    assert ImagePreprocessor(8, 8).by_pixels().fit == "squash"
    assert ImagePreprocessor(8, 8, "pad").by_pixels().fit == "pad"
    with pytest.raises(TaskError, match=r"loses parts of images.*squash"):
        ImagePreprocessor(8, 8).restore(np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.uint8))
