"""Changes of an image keep its size, stay within their limits, and are random."""

import numpy as np
import pytest
from PIL import Image

from tfft.augment import image_changes

_RISING = np.arange(0, 144, 3, np.uint8)[None, :] + np.arange(0, 96, 3, np.uint8)[:, None]
STRIPES = Image.fromarray(np.repeat(_RISING[:, :, None], 3, axis=2))  # 48 x 32, brighter to the right and below

CHANGES = {
    "flip": lambda image, random: image_changes.flip(image, random, horizontal=True, vertical=True),
    "rotate": lambda image, random: image_changes.rotate(image, random, degrees=30),
    "zoom": lambda image, random: image_changes.zoom(image, random, share=0.3),
    "change_colors": lambda image, random: image_changes.change_colors(image, random, brightness=0.5, contrast=0.5),
    "erase": lambda image, random: image_changes.erase(image, random, probability=0.9, area=(0.1, 0.3)),
    "rand_augment": lambda image, random: image_changes.rand_augment(image, random, operations=2, magnitude=15),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_keeps_size_and_mode_repeats_with_the_generator_and_differs_without(name):
    change = CHANGES[name]
    found = [np.asarray(change(STRIPES, np.random.default_rng(seed))) for seed in range(12)]
    again = [np.asarray(change(STRIPES, np.random.default_rng(seed))) for seed in range(12)]
    assert all(array.shape == (32, 48, 3) and array.dtype == np.uint8 for array in found)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    assert len({array.tobytes() for array in found}) >= 4


@pytest.mark.parametrize("size", [(48, 32), (1, 1), (1, 300), (300, 1)])
@pytest.mark.parametrize("name", CHANGES)
def test_no_image_is_too_small_or_too_thin(name, size):
    image = Image.new("RGB", size, (10, 20, 30))
    for seed in range(10):
        assert CHANGES[name](image, np.random.default_rng(seed)).size == size


@pytest.mark.parametrize("size", [(40, 30), (1, 1), (1000, 3), (3, 1000)])
def test_a_crop_lies_inside_of_any_image(size):
    inside = Image.new("RGB", size, (255, 255, 255))
    for seed in range(20):
        edges = image_changes.crop_box(size, np.random.default_rng(seed), (0.3, 1.0), (0.75, 1.33))
        box = image_changes.cut(inside, edges, (8, 6))
        assert np.asarray(box).shape == (6, 8, 3)
        assert np.asarray(box).min() == 255  # nothing from outside of the image


def test_crops_have_the_shares_and_ratios_that_were_asked_for():
    # the values of the ramp in a box tell where the box began and ended
    ramp = Image.fromarray(np.tile(np.linspace(0, 255, 256, dtype=np.uint8)[None, :, None], (256, 1, 3)))
    spans = []
    for seed in range(200):
        box = image_changes.crop_box(ramp.size, np.random.default_rng(seed), (0.25, 0.25), (1.0, 1.0))
        row = np.asarray(image_changes.cut(ramp, box, (64, 64)))[32, :, 0]
        spans.append(int(row[-1]) - int(row[0]))
    assert np.mean(spans) == pytest.approx(127, abs=4)
    assert np.std(spans) < 4


def test_flips_happen_half_of_the_time_and_only_the_ways_that_were_asked_for():
    turned = [
        np.asarray(image_changes.flip(STRIPES, np.random.default_rng(seed), horizontal=True, vertical=False))[0, 0, 0]
        > 60
        for seed in range(400)
    ]
    assert 0.42 < np.mean(turned) < 0.58
    level = [np.asarray(image_changes.flip(STRIPES, np.random.default_rng(seed), True, False)) for seed in range(50)]
    assert all(image[0, 0, 0] < image[-1, 0, 0] for image in level)


def test_colors_leave_the_geometry_alone_and_stay_within_their_factor():
    grey = Image.new("RGB", (8, 8), (100, 100, 100))
    levels = [
        np.asarray(image_changes.change_colors(grey, np.random.default_rng(s), 0.2, 0.2)).mean() for s in range(200)
    ]
    assert 79 <= min(levels) < 85
    assert 115 < max(levels) <= 121


def test_erasing_happens_to_the_share_of_images_and_covers_the_share_of_the_area():
    black = Image.new("RGB", (100, 100))
    covered = [
        (np.asarray(image_changes.erase(black, np.random.default_rng(seed), 0.5, (0.1, 0.2))).max(axis=2) > 0).mean()
        for seed in range(300)
    ]
    hit = [share for share in covered if share]
    assert 0.4 < len(hit) / 300 < 0.6
    assert 0.08 < min(hit) < max(hit) < 0.22


def test_all_fourteen_operations_are_drawn_and_the_magnitude_matters():
    photo = Image.fromarray(np.random.default_rng(0).integers(40, 200, (32, 32, 3), np.uint8))
    changes = {
        image_changes.rand_augment(photo, np.random.default_rng(seed), 1, 15).tobytes() for seed in range(400)
    }  # the identity, two without a magnitude, two of one sign, nine of two signs
    assert len(changes) == 1 + 2 + 2 + 9 * 2
    soft, hard = (
        np.mean(
            [
                np.abs(
                    np.asarray(image_changes.rand_augment(STRIPES, np.random.default_rng(seed), 2, magnitude)).astype(
                        int
                    )
                    - np.asarray(STRIPES)
                ).mean()
                for seed in range(60)
            ]
        )
        for magnitude in (3, 25)
    )
    assert hard > 1.5 * soft


def test_a_rotation_turns_by_up_to_the_angle_both_ways():
    bar = Image.new("RGB", (101, 101))
    bar.paste((255, 255, 255), (50, 0, 51, 101))  # a vertical line through the middle
    angles = []
    for seed in range(200):
        turned = np.asarray(image_changes.rotate(bar, np.random.default_rng(seed), degrees=20))[:, :, 0] > 100
        rows = np.array([20, 80])
        middles = [(turned[row] * np.arange(101)).sum() / turned[row].sum() for row in rows]
        angles.append(np.degrees(np.arctan((middles[1] - middles[0]) / 60)))
    assert -20.5 < min(angles) < -18
    assert 18 < max(angles) < 20.5


def test_a_zoom_enlarges_and_shrinks_by_up_to_its_share_and_fills_with_the_mean_colour():
    box = Image.new("RGB", (100, 100), (200, 60, 0))
    box.paste((0, 0, 255), (40, 40, 60, 60))
    widths, corners = [], []
    for seed in range(200):
        found = np.asarray(image_changes.zoom(box, np.random.default_rng(seed), share=0.25))
        widths.append(int((found[50, :, 2] > 128).sum()))
        corners.append(found[0, 0])
    assert 14 <= min(widths) <= 16
    assert 24 <= max(widths) <= 26
    mean = np.asarray(box).mean(axis=(0, 1))
    shrunk = [corner for corner, width in zip(corners, widths, strict=True) if width < 19]
    np.testing.assert_allclose(np.mean(shrunk, axis=0), mean, atol=2)


def test_contrast_changes_by_up_to_its_factor_around_the_mean():
    half = Image.new("RGB", (10, 10), (80, 80, 80))
    half.paste((120, 120, 120), (5, 0, 10, 10))
    spans = []
    for seed in range(300):
        found = np.asarray(image_changes.change_colors(half, np.random.default_rng(seed), 1e-9, 0.5)).astype(float)
        spans.append(found.max() - found.min())
        assert found.mean() == pytest.approx(100, abs=1.1)
    assert 19 <= min(spans) < 22
    assert 58 < max(spans) <= 61


@pytest.mark.parametrize(("size", "area"), [((100, 100), (0.9, 1.0)), ((224, 96), (0.5, 0.6)), ((60, 80), (0.02, 0.2))])
def test_erasing_covers_the_area_asked_for_with_noise_of_many_shapes(size, area):
    shares, shapes, values = [], set(), []
    for seed in range(200):
        found = np.asarray(image_changes.erase(Image.new("RGB", size), np.random.default_rng(seed), 1.0, area)).max(
            axis=2
        )
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
        shares.append(height * width / (size[0] * size[1]))
        shapes.add(round(float(np.log(height / width)), 1))
        values.append(found[found > 0].std())
    assert area[0] * 0.9 < min(shares)
    assert max(shares) < min(1.0, area[1] * 1.08) + 1e-9
    assert len(shapes) >= (10 if area[1] < 0.5 else 2)
    assert np.mean(values) > 30


def test_corners_that_turn_in_have_the_mean_colour():
    photo = Image.new("RGB", (50, 50), (10, 200, 90))
    for seed in range(10):
        np.testing.assert_allclose(
            np.asarray(image_changes.rotate(photo, np.random.default_rng(seed), 45)), np.asarray(photo), atol=1
        )
