"""Losses for each pixel leave out ignored ones, and Dice is that of each image."""

import numpy as np
import pytest

from tfft.core.label_values import IGNORED
from tfft.tasks.pixel_losses import LOSSES, mean_iou

TARGETS = np.int32([[[0, 1, IGNORED], [1, 1, 0]], [[2, 2, 2], [IGNORED, 2, 0]]])
LOGITS = np.random.default_rng(0).normal(size=(2, 2, 3, 3)).astype(np.float32)


def losses(name, targets=TARGETS, logits=LOGITS):
    loss = LOSSES[name]()
    loss.reduction = "none"
    return np.asarray(loss(targets, logits))


def probabilities(logits):
    shifted = np.exp(logits)
    return shifted / shifted.sum(axis=-1, keepdims=True)


def test_cross_entropy_is_that_of_numpy_and_zero_for_ignored_pixels():
    own = np.take_along_axis(probabilities(LOGITS), np.where(TARGETS == IGNORED, 0, TARGETS)[..., None], -1)[..., 0]
    np.testing.assert_allclose(losses("cross_entropy"), np.where(TARGETS == IGNORED, 0, -np.log(own)), atol=1e-6)


def test_dice_is_that_of_numpy_for_each_image():
    found = losses("dice")
    for number in range(2):
        there = TARGETS[number] != IGNORED
        said, own = probabilities(LOGITS[number])[there], TARGETS[number][there]
        overlaps = [
            2 * said[own == c, c].sum() / ((own == c).sum() + said[:, c].sum()) for c in np.unique(own)
        ]  # classes that are not in the image do not count
        assert found[number] == pytest.approx(np.full((2, 3), 1 - np.mean(overlaps)), abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_perfect_answer_has_no_loss_and_ignored_pixels_change_nothing(name):
    perfect = 40.0 * np.eye(3, dtype=np.float32)[np.where(TARGETS == IGNORED, 0, TARGETS)]
    assert losses(name, logits=perfect)[TARGETS != IGNORED].max() < 1e-5
    other = LOGITS.copy()
    other[TARGETS == IGNORED] = 7.0, -3.0, 0.0
    there = TARGETS != IGNORED
    np.testing.assert_allclose(losses(name)[there], losses(name, logits=other)[there], atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_also_when_all_pixels_are_ignored(name):
    import tensorflow as tf

    for targets in (TARGETS, np.full_like(TARGETS, IGNORED)):
        logits = tf.Variable(LOGITS)
        with tf.GradientTape() as tape:
            loss = LOSSES[name]()
            loss.reduction = "none"
            total = tf.reduce_sum(loss(targets, logits) * tf.cast(targets != IGNORED, tf.float32))
        assert np.isfinite(tape.gradient(total, logits).numpy()).all()


def test_the_metric_is_the_mean_over_classes_that_occur():
    metric = mean_iou(4)
    metric.update_state(TARGETS, LOGITS, sample_weight=np.float32(TARGETS != IGNORED))
    there = TARGETS != IGNORED
    true, said = TARGETS[there], LOGITS.argmax(-1)[there]
    each = [((true == c) & (said == c)).sum() / ((true == c) | (said == c)).sum() for c in range(3)]
    assert float(metric.result()) == pytest.approx(np.mean(each))


def test_the_metric_leaves_out_pixels_and_examples_without_weight():
    """Examples that fill up a batch have weight 0 and classes of their own, unlike ignored pixels."""
    weights = np.float32(TARGETS != IGNORED)
    weights[0, 1] = 0
    weights[1] = 0
    metric = mean_iou(3)
    metric.update_state(TARGETS, LOGITS, sample_weight=weights)
    there = weights > 0
    true, said = TARGETS[there], LOGITS.argmax(-1)[there]
    kinds = np.union1d(true, said)
    expected = np.mean([((true == c) & (said == c)).sum() / ((true == c) | (said == c)).sum() for c in kinds])
    assert float(metric.result()) == pytest.approx(expected)
    whole = mean_iou(3)
    whole.update_state(TARGETS, LOGITS, sample_weight=np.float32(TARGETS != IGNORED))
    assert float(whole.result()) != pytest.approx(expected)
