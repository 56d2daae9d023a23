"""Augmentations are applied in order, and only to the inputs that they are made for."""

import numpy as np
import pytest
from PIL import Image

from tfft.augment import augmentation
from tfft.augment.views import changed, mix, moved
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


def coded(size=(24, 30)):
    """An image whose red channel is the class of each pixel, 40 apart, in blocks; and its mask."""
    blocks = np.random.default_rng(3).integers(0, 4, (size[0] // 6, size[1] // 6)).astype(np.uint8)
    mask = np.kron(blocks, np.ones((6, 6), np.uint8))
    return np.dstack([mask * 40, mask * 40, mask * 40]), mask


SQUASH = ImagePreprocessor(24, 30, "squash")


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_mask_is_that_of_the_flipped_image(seed):
    image, mask = coded()
    steps = (augmentation.flips(True, True), augmentation.flips(True, True))
    changed = read(image, SQUASH, steps, np.random.default_rng(seed))
    found = moved(mask, SQUASH.alignment, steps, np.random.default_rng(seed))
    np.testing.assert_array_equal(changed[..., 0] // 40, found)


MOVES = {
    "crops": augmentation.crops(scale=(0.3, 0.6)),
    "rotation": augmentation.rotation(30),
    "zoom": augmentation.zoom(0.5),
    "rand_augment": augmentation.rand_augment(3, 20),
    "erasing": augmentation.erasing(1.0),
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("seed", range(6))
def test_a_moved_mask_is_that_of_the_moved_image(name, seed, monkeypatch):
    """Away from borders, where colours are means of classes, the colour tells the class. Noise and margins have none."""
    from tfft.augment import image_changes

    # colours must tell classes: the changes of colours that rand_augment draws leave the image as it is
    monkeypatch.setattr(image_changes, "_COLORING", dict.fromkeys(image_changes._COLORING, lambda image, _: image))
    monkeypatch.setattr(image_changes, "_mean", lambda image: (255, 255, 255))
    image, mask = coded((48, 60))
    geometry = ImagePreprocessor(48, 60, "squash")
    steps = (augmentation.flips(), MOVES[name], augmentation.flips(False, True))
    changed = read(image, geometry, steps, np.random.default_rng(seed))
    found = moved(mask, geometry.alignment, steps, np.random.default_rng(seed))
    assert found.shape == (48, 60)
    inside = np.ones(found.shape, bool)
    for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        inside &= np.roll(found, (rows, columns), (0, 1)) == found
    inside[[0, -1]] = inside[:, [0, -1]] = False
    classes = inside & (found != 255)
    assert classes.sum() > 300
    np.testing.assert_array_equal(changed[..., 0][classes], found[classes] * 40)
    if name in ("rotation", "zoom"):
        assert (changed[..., 0][inside & (found == 255)] == 255).all()


def test_a_crop_of_a_large_photo_takes_the_box_of_its_mask(tmp_path):
    """A large JPEG is decoded at a fraction of its size."""
    geometry, steps = ImagePreprocessor(30, 45, "squash"), (augmentation.crops(scale=(0.9, 1.0)),)
    coarse = np.kron(np.random.default_rng(1).integers(0, 4, (4, 6)).astype(np.uint8), np.ones((150, 150), np.uint8))
    Image.fromarray(np.dstack([coarse * 60] * 3)).save(tmp_path / "large.jpg", quality=95)
    for seed in range(5):
        changed = read(str(tmp_path / "large.jpg"), geometry, steps, np.random.default_rng(seed))
        found = moved(coarse, geometry.alignment, steps, np.random.default_rng(seed))
        agree = np.rint(changed[..., 0] / 60) == found
        assert agree.mean() > 0.9


def test_changes_of_colours_leave_a_mask_as_it_is():
    _, mask = coded()
    np.testing.assert_array_equal(
        moved(mask, SQUASH.alignment, (augmentation.colors(),), np.random.default_rng(0)), mask
    )
