"""Every mask is read once, with the size of its image and the number of pixels of each value."""

import io

import numpy as np
from PIL import Image

from tfft.core.label_values import IGNORED
from tfft.data.mask_coding import Coding
from tfft.data.mask_inspection import coded, look_at

IMAGE = np.zeros((4, 6, 3), np.uint8)


def test_values_are_counted_and_digests_tell_masks_apart():
    masks = [np.uint8(np.arange(24).reshape(4, 6) % 3), np.zeros((4, 6), np.uint8)]
    first, second = look_at([IMAGE, IMAGE], masks, colored=False)
    assert (first.values, second.values) == ({0: 8, 1: 8, 2: 8}, {0: 24})
    assert (first.size, first.reason) == ((4, 6), "")
    assert first.digest != second.digest


def test_what_is_wrong_is_told_of_each_mask():
    photo = np.random.default_rng(0).integers(0, 2**24, (100, 100), np.int32)
    looks = look_at([IMAGE] * 4, ["no such file", b"?", np.zeros((2, 2), np.uint8), photo], colored=False)
    assert [look.reason.split(",")[0] for look in looks[:3]] == [
        "no such file",
        "not an image",
        "its size is 2x2",
    ]
    assert "different values, as a photo has" in looks[3].reason
    (look,) = look_at([IMAGE], [Image.new("L", (6, 4))], colored=False)
    assert look.reason == "an object of type Image is no mask"


def test_a_coding_counts_the_pixels_of_classes_and_names_what_has_none():
    masks = [np.uint8([[0, 5, 9]]), np.uint8([[9, 9, 9]]), np.uint8([[0, 1, 2]])]
    image = np.zeros((1, 3, 3), np.uint8)
    coding = Coding(("sky", "road"), {0: 0, 5: 1, 9: IGNORED})
    items, pixels, faults = coded(look_at([image] * 3, masks, False), masks, coding)
    assert pixels.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert {row: fault.describe(coding) for row, fault in faults.items()} == {
        1: "all of its pixels are ignored",
        2: "values without a class in 2 pixels: 1, 2",
    }
    assert items[0].size == (1, 3)


def test_many_masks_are_looked_at_in_order():
    masks = [np.full((4, 6), number % 7, np.uint8) for number in range(50)]
    looks = look_at([IMAGE] * 50, masks, False)
    assert [next(iter(look.values)) for look in looks] == [number % 7 for number in range(50)]


def test_greys_of_a_palette_that_are_values_as_well_have_two_meanings():
    """A GIF of the values 0, 1 and 3 has the indices 0, 1 and 2; masks of 0 and 1 that are shown as black and white are clear."""

    def with_palette(colors):
        image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) % len(colors), "P")
        image.putpalette([channel for color in colors for channel in color])
        file = io.BytesIO()
        image.save(file, "PNG")
        return file.getvalue()

    image = np.zeros((2, 3, 3), np.uint8)
    coding = Coding(("a", "b", "c", "d"), {0: 0, 1: 1, 2: 2, 3: 3})
    for colors, reason in (
        ([(0, 0, 0), (1, 1, 1), (3, 3, 3)], "index 2 of its palette is the grey 3, and both are values of classes"),
        ([(0, 0, 0), (1, 1, 1), (2, 2, 2)], None),
        ([(0, 0, 0), (255, 255, 255)], None),
        ([(0, 0, 0), (1, 1, 1), (3, 3, 4)], None),
    ):
        mask = with_palette(colors)
        fault = coded(look_at([image], [mask], False), [mask], coding)[2].get(0)
        assert (None if fault is None else fault.describe(coding)) == reason
