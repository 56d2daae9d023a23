"""Masks are counted by pixels, split by their rarest class, and converted to the classes of a model."""

import numpy as np
import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.core.specs import LabelSpace
from tfft.data.mask_coding import Coding
from tfft.data.masks import MaskItem, Masks
from tfft.data.targets import target_of

SPACE = LabelSpace(("sky", "road", "pole"), "masks")
CODING = Coding(SPACE.names, {0: 0, 1: 1, 2: 2})


def masks(pixels):
    items = tuple(MaskItem(np.zeros((1, 1), np.uint8), CODING, "", (1, 1)) for _ in pixels)
    return Masks(items, np.array(pixels))


def test_pixels_are_counted_and_images_are_members():
    target, found = target_of(SPACE), masks([[5, 0, 1], [5, 5, 0], [9, 0, 0]])
    assert target.counts(found) == {"sky": 19, "road": 5, "pole": 1}
    assert target.members(found).tolist() == [[1, 0, 1], [1, 1, 0], [1, 0, 0]]
    assert target.strata(found).tolist() == [2, 1, 0]
    assert target.fitted(found) is SPACE
    assert target.read(found, "train") is found


def test_other_classes_are_adopted_or_refused():
    small = LabelSpace(("road", "sky"), "masks")
    found = Masks(
        tuple(item._replace(coding=Coding(small.names, {0: 0, 1: 1})) for item in masks([[0] * 3]).items),
        np.array([[7, 2]]),
    )
    assert target_of(SPACE).adopt(found, small).pixels.tolist() == [[2, 7, 0]]
    assert target_of(SPACE).read(found, "test").pixels.tolist() == [[2, 7, 0]]
    with pytest.raises(DataError, match="other labels than the model"):
        target_of(small).adopt(masks([[1, 1, 1]]), SPACE)
    with pytest.raises(DataError, match="are no masks"):
        target_of(SPACE).read([0, 1], "train")


def test_very_rare_classes_are_doubtful():
    assert list(target_of(SPACE).doubts(masks([[50_000, 50_000, 5]]))) == [
        "Some classes have less than one of 10,000 training pixels: 'pole (5 pixels)'."
    ]
    assert list(target_of(SPACE).doubts(masks([[50, 50, 5]]))) == []


def test_values_with_another_class_than_in_training_are_a_warning():
    target = target_of(Coding(("sky", "road"), {0: 0, 1: 1, 255: 255}).labels())
    other = Coding(("road", "sky"), {0: 0, 1: 1, 7: 255})
    found = Masks((MaskItem(np.zeros((1, 1), np.uint8), other, "", (1, 1)),), np.array([[7, 2]]))
    for convert in (lambda: target.adopt(found, other.labels()), lambda: target.read(found, "test")):
        with pytest.warns(
            DataWarning, match=r"0 \(now 'road', in training 'sky'\), 1 \(now 'sky', in training 'road'\)"
        ):
            assert convert().pixels.tolist() == [[2, 7]]
    hidden = Masks(
        (MaskItem(np.zeros((1, 1), np.uint8), Coding(("sky", "road"), {0: 0, 1: 255}), "", (1, 1)),), np.array([[7, 0]])
    )
    with pytest.warns(DataWarning, match=r"1 \(now ignored, in training 'road'\)"):
        target.read(hidden, "test")
