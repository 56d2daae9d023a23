"""A graph resizes images to the last bit as Pillow does."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfft.formats import pillow_resize
from tfft.formats.pillow_resize import resized

SIZES = [(1, 1), (1, 40), (7, 9), (30, 20), (64, 64), (65, 31), (90, 16), (16, 90)]


@pytest.fixture(scope="module")
def graph():
    shapes = [
        tf.TensorSpec([None, None, 3], tf.uint8),
        tf.TensorSpec([4], tf.float64),
        *[tf.TensorSpec([], tf.int32)] * 2,
    ]
    return tf.function(
        lambda image, box, height, width: resized(image, tf.unstack(box, num=4), height, width),
        input_signature=shapes,
        autograph=False,
    )


@pytest.mark.parametrize("before", SIZES)
def test_each_pixel_is_that_of_pillow(graph, before):
    image = np.random.default_rng(0).integers(0, 256, (*before, 3), np.uint8)
    for height, width in SIZES:
        wanted = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
        box = np.array([0, 0, before[1], before[0]], np.float64)
        np.testing.assert_array_equal(graph(image, box, height, width), wanted)


def test_a_part_between_pixels_is_that_of_pillow(graph):
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (50, 70, 3), np.uint8)
    for _ in range(40):
        left, right = np.sort(random.uniform(0, 70, 2))
        top, bottom = np.sort(random.uniform(0, 50, 2))
        box = (left, top, max(right, left + 1), max(bottom, top + 1))
        if box[2] > 70 or box[3] > 50:
            continue
        wanted = np.asarray(Image.fromarray(image).resize((32, 24), Image.Resampling.BILINEAR, box))
        np.testing.assert_array_equal(graph(image, np.array(box), 24, 32), wanted)


def test_older_versions_of_pillow_resize_the_width_first(monkeypatch):
    image = np.random.default_rng(2).integers(0, 256, (80, 10, 3), np.uint8)
    box = [tf.constant(edge, tf.float64) for edge in (0, 0, 10, 80)]
    assert pillow_resize._vertical_first() == (int(Image.__version__.split(".")[0]) >= 13)
    found = {}
    for first in (True, False):
        monkeypatch.setattr(pillow_resize, "_vertical_first", lambda first=first: first)
        found[first] = resized(image, box, 16, 16).numpy().astype(int)
    assert abs(found[True] - found[False]).max() == 1
