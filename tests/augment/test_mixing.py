"""Mixed batches: pixels and targets change by the same shares."""

import numpy as np
import pytest
from scipy import stats

from tfft.augment.mixing import cutmix, mixup

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


@pytest.mark.parametrize("mix", [mixup, cutmix])
@pytest.mark.parametrize("alpha", [0.3, 1.0, 3.0])
def test_shares_follow_the_beta_distribution_of_the_papers(mix, alpha):
    """Of two images, each is often its own partner; the shares of all others follow Beta(alpha, alpha)."""
    side = 64
    pixels = np.zeros((2, side, side, 3), np.uint8)
    targets, shares = np.eye(2, dtype=np.float32), []
    for seed in range(3000):
        _, blended = mix(pixels, targets, np.random.default_rng(seed), alpha)
        shares += [float(blended[index, index]) for index in range(2)]
    shares = np.array(shares)
    mixed = shares[shares < 1 - 1e-6] if mix is mixup else shares
    if mix is mixup:
        assert stats.kstest(mixed[:1500], stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    else:
        # boxes at the edge are cut; boxes around the middle have the size that was drawn
        whole = []
        for seed in range(20_000):
            random = np.random.default_rng(seed)
            partner, kept = random.permutation(2), random.beta(alpha, alpha, 2)
            middle = (int(random.integers(side)), int(random.integers(side)))
            half = np.sqrt(1 - kept[0]) * side / 2
            if partner[0] == 1 and all(half < place < side - half for place in middle):
                _, blended = mix(pixels, targets, np.random.default_rng(seed), alpha)
                whole.append(abs(float(blended[0, 0]) - kept[0]))
        assert len(whole) > 100
        assert max(whole) < 3 / side
