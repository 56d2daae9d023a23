"""Augmentations of images check their options when they are made."""

import numpy as np
import pytest

from tfft.augment import image_augmentation as augmentation
from tfft.core.errors import DataError


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: augmentation.crops(scale=(0.9, 0.5)), r"scale=\(0.9, 0.5\)"),
        (lambda: augmentation.crops(scale=(0, 1)), r"scale=\(0, 1\)"),
        (lambda: augmentation.crops(scale=0.5), "scale=0.5"),
        (lambda: augmentation.crops(ratio=("a", 1)), "ratio="),
        (lambda: augmentation.rotation(0), "degrees=0"),
        (lambda: augmentation.rotation(float("nan")), "degrees=nan"),
        (lambda: augmentation.zoom(True), "share=True"),
        (lambda: augmentation.colors(brightness=1.5), "brightness=1.5"),
        (lambda: augmentation.rand_augment(operations=0), "operations=0"),
        (lambda: augmentation.rand_augment(magnitude=31), "magnitude=31"),
        (lambda: augmentation.erasing(probability=2), "probability=2"),
        (lambda: augmentation.mixup(-1), "alpha=-1"),
        (lambda: augmentation.cutmix("a"), "alpha='a'"),
    ],
)
def test_numbers_out_of_range_are_refused_when_the_value_is_made(make, said):
    with pytest.raises(DataError, match=said):
        make()


@pytest.mark.parametrize("options", [{"horizontal": "False"}, {"horizontal": False}, {"vertical": 1}])
def test_flips_that_mirror_nothing_or_mean_something_else_are_refused(options):
    with pytest.raises(DataError, match=r"flips\(\) needs horizontal=True, vertical=True or both"):
        augmentation.flips(**options)


def test_numbers_of_numpy_are_numbers():
    assert augmentation.rand_augment(operations=np.int64(3)) == augmentation.rand_augment(operations=3)
    assert augmentation.flips(vertical=np.bool_(True)) == augmentation.flips(vertical=True)
