"""Every mask is read once, with the size of its image and the number of pixels of each value."""

import numpy as np

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


def test_a_coding_counts_the_pixels_of_classes_and_names_what_has_none():
    masks = [np.uint8([[0, 5, 9]]), np.uint8([[9, 9, 9]]), np.uint8([[0, 1, 2]])]
    image = np.zeros((1, 3, 3), np.uint8)
    coding = Coding(("sky", "road"), {0: 0, 5: 1, 9: IGNORED})
    items, pixels, faults = coded(look_at([image] * 3, masks, False), masks, coding)
    assert pixels.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert faults == {1: "all of its pixels are ignored", 2: "values without a class in 2 pixels: 1, 2"}
    assert items[0].size == (1, 3)


def test_many_masks_are_looked_at_in_order():
    masks = [np.full((4, 6), number % 7, np.uint8) for number in range(50)]
    looks = look_at([IMAGE] * 50, masks, False)
    assert [next(iter(look.values)) for look in looks] == [number % 7 for number in range(50)]
