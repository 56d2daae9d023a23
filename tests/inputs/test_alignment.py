"""Where pixels of images are in the input of a network: masks lie on their images, and answers come back to their size."""

import io

import numpy as np
import pytest
from PIL import Image

from tfft.inputs.alignment import Alignment
from tfft.inputs.image import ImagePreprocessor


def aligned(geometry):
    found = geometry.alignment
    assert found is not None
    return found


@pytest.mark.parametrize("fit", ["squash", "pad"])
@pytest.mark.parametrize("size", [(40, 60), (60, 40), (7, 90), (12, 16)])
def test_a_mask_lies_on_its_image(fit, size):
    """A mask is placed as an image whose colours are its classes."""
    geometry = ImagePreprocessor(24, 32, fit)
    mask = np.zeros(size, np.uint8)
    mask[:, size[1] // 2 :] = 1
    image = geometry(np.dstack([mask * 200 + 20] * 3))[..., 0]
    placed = aligned(geometry).place(mask)
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
    restored = aligned(geometry).restore(aligned(geometry).place(mask), np.zeros((*size, 3), np.uint8))
    assert restored.shape == size
    assert (restored == 255).sum() == 0
    assert (restored == mask).mean() > 0.9
    assert aligned(geometry).restore(np.zeros((24, 32, 2), np.uint8), np.zeros((*size, 3), np.uint8)).shape == (
        *size,
        2,
    )


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
        placed = aligned(geometry).place(np.zeros(upright, np.uint8))
        if not np.array_equal(geometry(item).any(axis=-1), placed == 0):
            wrong.append(upright)
        assert aligned(geometry).restore(placed, item).shape == upright
        assert not aligned(geometry).restore(placed, item).any()
    assert wrong == []


def test_a_large_array_that_is_reduced_has_the_place_of_its_mask():
    for height, width in ((5011, 3333), (4099, 4211)):
        geometry = ImagePreprocessor(64, 96, "pad")
        image = geometry(np.full((height, width), 255, np.uint8))
        np.testing.assert_array_equal(
            image.any(axis=-1), aligned(geometry).place(np.zeros((height, width), np.uint8)) == 0
        )


@pytest.mark.parametrize("sides", [((2, 2), (4, 6)), ((3, 3), (5, 7)), ((4, 4), (2, 3)), ((5, 5), (3, 4))])
def test_each_pixel_takes_the_value_at_its_middle(sides):
    (height, width), (rows, columns) = sides
    values = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    found = Alignment(height, width).restore(values, np.zeros((rows, columns, 3), np.uint8))
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
        assert aligned(geometry).restore(values, np.zeros((side, side, 3), np.uint8)).tolist() == [row] * side
