"""Augmentations are applied in order, and only to the inputs that they are made for."""

import numpy as np
import pytest
from PIL import Image

from tfft.augment import augmentation
from tfft.augment.views import changed, mix
from tfft.core.errors import DataError
from tfft.inputs.image import ImagePreprocessor

GEOMETRY = ImagePreprocessor(12, 16)
PHOTO = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def read(item, preprocessor, augment, random):
    """One image alone."""
    [row] = changed([item], preprocessor, augment, [random])
    return row


def test_without_changes_it_is_what_the_preprocessor_reads():
    random = np.random.default_rng(0)
    assert np.array_equal(read(PHOTO, GEOMETRY, (), random), GEOMETRY(PHOTO))
    assert np.array_equal(read(PHOTO, GEOMETRY, (augmentation.mixup(),), random), GEOMETRY(PHOTO))


def test_a_crop_is_taken_from_the_original_wherever_it_stands_in_the_list():
    steps = (augmentation.crops(), augmentation.colors())
    views = [read(PHOTO, GEOMETRY, order, np.random.default_rng(5)) for order in (steps, steps[::-1])]
    assert np.array_equal(*views)
    assert views[0].shape == (12, 16, 3)


def test_the_same_change_twice_happens_twice():
    brighter = augmentation.colors(brightness=0.9, contrast=1e-6)
    grey = np.full((12, 16, 3), 20, np.uint8)
    spread = [
        np.std([read(grey, GEOMETRY, steps, np.random.default_rng(seed)).mean() for seed in range(300)])
        for steps in ((brighter,), (brighter, brighter))
    ]
    assert spread[1] > 1.2 * spread[0]


def test_a_small_box_keeps_the_detail_of_the_original(tmp_path):
    """A box in an image that was shrunk first has too few pixels."""
    fine = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    Image.fromarray(fine).save(tmp_path / "fine.jpg", quality=95)
    quarter = augmentation.crops(scale=(0.05, 0.05), ratio=(1, 1))
    sharp = read(str(tmp_path / "fine.jpg"), ImagePreprocessor(50, 50), (quarter,), np.random.default_rng(0))
    blurred = np.asarray(
        Image.fromarray(ImagePreprocessor(50, 50)(str(tmp_path / "fine.jpg"))).crop((0, 0, 11, 11)).resize((50, 50))
    )
    assert sharp.std() > 1.5 * blurred.std()


def test_an_image_that_cannot_be_read_is_named():
    with pytest.raises(DataError, match=r"nowhere\.jpg"):
        read("nowhere.jpg", GEOMETRY, (augmentation.crops(),), np.random.default_rng(0))


def test_images_that_are_read_together_are_changed_each_by_its_own_generator():
    items, steps = [PHOTO, PHOTO[::-1], PHOTO[:, ::-1]], (augmentation.colors(), augmentation.crops())
    together = changed(items, GEOMETRY, steps, [np.random.default_rng(seed) for seed in (4, 5, 6)])
    assert len(together) == 3
    for item, seed, row in zip(items, (4, 5, 6), together, strict=True):
        assert np.array_equal(row, read(item, GEOMETRY, steps, np.random.default_rng(seed)))


def test_only_augmentations_that_mix_change_a_batch():
    pixels, targets = np.stack([PHOTO, PHOTO[::-1]]), np.eye(2, dtype=np.float32)
    same = mix({"pixels": pixels}, targets, (augmentation.flips(),), np.random.default_rng(0))
    assert list(same[0]) == ["pixels"]
    assert same[0]["pixels"] is pixels
    assert same[1] is targets
    mixed = mix({"pixels": pixels}, targets, (augmentation.flips(), augmentation.cutmix()), np.random.default_rng(3))
    assert list(mixed[0]) == ["pixels"]
    assert not np.array_equal(mixed[0]["pixels"], pixels)
