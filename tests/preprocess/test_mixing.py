"""Mixed batches: pixels and targets change by the same shares."""

import numpy as np
import pytest

from tfft.preprocess.mixing import cutmix, mixup

LEVELS = np.array([0, 60, 120, 250], np.uint8)


@pytest.fixture
def batch():
    pixels = np.broadcast_to(LEVELS[:, None, None, None], (4, 20, 30, 3)).copy()
    return pixels, np.eye(4, dtype=np.float32)


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_the_targets_say_what_the_pixels_are_made_of(batch, mix):
    pixels, targets = batch
    shares = []
    for seed in range(50):
        mixed, blended = mix(pixels, targets, np.random.default_rng(seed), 1.0)
        assert (mixed.dtype, mixed.shape, blended.dtype) == (np.uint8, pixels.shape, np.float32)
        assert mixed.mean(axis=(1, 2, 3)) == pytest.approx(blended @ LEVELS.astype(float), abs=1)
        assert blended.sum(axis=1) == pytest.approx(1)
        shares += blended.max(axis=1).tolist()
    assert len(set(shares)) > 50


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_the_originals_are_left_alone_and_a_generator_repeats(batch, mix):
    pixels, targets = batch
    before = pixels.copy(), targets.copy()
    first = mix(pixels, targets, np.random.default_rng(3), 0.4)
    again = mix(pixels, targets, np.random.default_rng(3), 0.4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(before, (pixels, targets), strict=True))


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_several_labels_are_mixed_one_by_one(batch, mix):
    pixels, _ = batch
    several = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], np.float32)
    _, blended = mix(pixels, several, np.random.default_rng(1), 1.0)
    assert np.all((blended >= 0) & (blended <= 1))
    assert blended.shape == several.shape


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_a_batch_of_one_stays_as_it_is(mix):
    pixels, targets = np.full((1, 8, 8, 3), 77, np.uint8), np.array([[0, 1]], np.float32)
    mixed, blended = mix(pixels, targets, np.random.default_rng(0), 1.0)
    assert np.array_equal(mixed, pixels)
    assert np.array_equal(blended, targets)


def test_a_small_alpha_leaves_most_examples_nearly_whole(batch):
    largest = [mixup(*batch, np.random.default_rng(seed), 0.05)[1].max(axis=1) for seed in range(100)]
    assert np.mean(np.concatenate(largest) > 0.95) > 0.8
