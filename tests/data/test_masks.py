"""Masks are read one by one, selected, joined, and resized as their images are."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.fingerprint import digest
from tfft.core.label_values import IGNORED
from tfft.data.mask_coding import Coding
from tfft.data.masks import MaskItem, Masks, PlacedMasks

CODING = Coding(("sky", "road"), {0: 0, 1: 1, 2: IGNORED})


def masks(count=3, coding=CODING):
    arrays = [np.full((2, 3), number % 3, np.uint8) for number in range(count)]
    items = tuple(MaskItem(array, coding, digest(array), (2, 3)) for array in arrays)
    pixels = np.array([[6 * (number % 3 == index) for index in range(2)] for number in range(count)])
    return Masks(items, pixels)


def test_an_integer_reads_one_mask_and_an_array_selects():
    found = masks()
    assert [mask[0, 0] for mask in found] == [0, 1, IGNORED]
    assert [mask[0, 0] for mask in found[np.array([2, 0])]] == [IGNORED, 0]
    chosen = found[np.array([False, True, False])]
    assert (len(chosen), chosen.pixels.tolist()) == (1, [[0, 6]])
    assert [mask[0, 0] for mask in found[1:]] == [1, IGNORED]
    assert (found[:2].pixels.tolist(), len(found[3:])) == ([[6, 0], [0, 6]], 0)


def test_joined_masks_are_those_of_all_parts():
    both = Masks.joined([masks(2), masks(3)])
    assert (len(both), both[3][0, 0], both.pixels.shape) == (5, 1, (5, 2))


def test_names_of_another_order_give_other_ids():
    found = masks().recoded(("road", "tree", "sky"))
    assert [mask[0, 0] for mask in found] == [2, 0, IGNORED]
    assert found.pixels.tolist() == [[0, 0, 6], [6, 0, 0], [0, 0, 0]]
    with pytest.raises(ValueError, match="sky"):
        masks().recoded(("road",))


def test_the_digest_covers_content_and_meaning():
    other = Coding(("sky", "road"), {0: 1, 1: 0, 2: IGNORED})
    assert masks().digests() == masks().digests()
    assert not set(masks().digests()) & set(masks(coding=other).digests())


def test_a_changed_array_is_refused():
    found = masks()
    found.items[0].source[:] = 1
    with pytest.raises(DataError, match="has changed since the data was read"):
        found[0]


def test_placed_masks_come_as_one_array_and_are_placed_once():
    calls = []

    def place(mask):
        calls.append(mask)
        return mask[:1, :2]

    found = PlacedMasks(masks(), place)
    assert found[np.array([1, 1, 0])].tolist() == [[[1, 1]], [[1, 1]], [[0, 0]]]
    assert (len(calls), len(found), found[1].shape) == (2, 3, (1, 2))
    assert found.digests() == masks().digests()
