"""Classes have colours that differ, also for colour-blind people."""

import numpy as np
import pytest
from PIL import Image

from tfft.images.mask_colors import IGNORED_COLOR, colors, indexed, written


def test_every_class_has_a_colour_of_its_own_that_does_not_depend_on_the_others():
    many = colors(254)
    assert len(set(many)) == 254
    assert IGNORED_COLOR not in many
    assert colors(5) == many[:5]


def test_the_first_colours_differ_without_red_and_green():
    """With deuteranopia, red and green are one channel; the first eight colours stay apart (sums of squares, as a rough check)."""
    seen = np.array(
        [(0.5 * (red + green), blue, 0.299 * red + 0.587 * green + 0.114 * blue) for red, green, blue in colors(8)]
    )
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    assert distance[~np.eye(8, dtype=bool)].min() > 20


def test_an_indexed_image_keeps_the_ids_and_shows_the_colours(tmp_path):
    mask = np.uint8([[0, 1], [2, 255]])
    indexed(mask, 3).save(tmp_path / "mask.png")
    again = Image.open(tmp_path / "mask.png")
    np.testing.assert_array_equal(np.asarray(again), mask)
    assert [again.convert("RGB").getpixel(at) for at in ((1, 0), (1, 1))] == [colors(3)[1], IGNORED_COLOR]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (((0, 255), (1, 0), (2, 1)), [[1, 2], [2, 1]]),
        (((7, 0), (8, 1), (3, 1)), [[7, 3], [3, 7]]),
        (((1000, 0), (0, 255), (2000, 1)), [[1000, 2000], [2000, 1000]]),
        ((((128, 0, 0), 0), ((0, 0, 9), 1), ((0, 0, 0), 255)), [[(128, 0, 0), (0, 0, 9)], [(0, 0, 9), (128, 0, 0)]]),
        ((), [[0, 1], [1, 0]]),
        (((0, 0), (1, 0)), [[0, 1], [1, 0]]),
        (((0, 0), (70_000, 1)), [[0, 1], [1, 0]]),
    ],
)
def test_a_mask_is_written_with_the_values_of_its_training(tmp_path, values, expected):
    written(np.uint8([[0, 1], [1, 0]]), 2, values).save(tmp_path / "mask.png")
    with Image.open(tmp_path / "mask.png") as image:
        assert [[image.getpixel((x, y)) for x in (0, 1)] for y in (0, 1)] == expected
        if image.mode == "P":
            assert [image.convert("RGB").getpixel((x, 0)) for x in (0, 1)] == colors(2)
