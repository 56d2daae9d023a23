"""Masks are drawn beside their image, and names are escaped."""

import numpy as np
from PIL import Image

from tfft.images.mask_colors import colors
from tfft.tasks.mask_images import beside, html, legend


def test_masks_are_drawn_to_the_right_in_the_colours_of_their_classes():
    shown = beside(Image.new("RGB", (10, 8), (1, 2, 3)), [np.zeros((80, 100), np.uint8), np.ones((8, 10), np.uint8)], 2)
    assert shown.size == (10 + 2 * 14, 8)
    assert [shown.getpixel((x, 4)) for x in (5, 20, 34)] == [(1, 2, 3), *colors(2)]


def test_html_names_the_classes_that_the_mask_has_and_escapes_them():
    shown = html(np.uint8([[0, 2], [255, 0]]), ["<b>sky</b>", "road", "pole"], np.zeros((2, 2, 3), np.uint8))
    assert "&lt;b&gt;sky" in shown
    assert "pole" in shown
    assert "road" not in shown
    assert 'src="data:image/png;base64,' in shown


def test_a_mask_without_its_image_is_drawn_alone():
    for source in ("no such file.jpg", None):
        assert "data:image/png" in html(np.zeros((2, 3), np.uint8), ["a", "b"], source)


def test_long_legends_end():
    assert legend([str(number) for number in range(100)], range(100)).endswith("...</p>")
    assert "no class" in legend(["a"], [0], ignored=True)
    assert "no class" not in legend(["a"], [0])
