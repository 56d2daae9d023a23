"""Measures of masks equal scikit-learn's, and count no ignored pixel."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, jaccard_score

from tfft.core.label_values import IGNORED
from tfft.core.specs import LabelSpace
from tfft.measures.base import measured
from tfft.measures.bootstrap import with_intervals
from tfft.measures.masks import MEASURES, MaskScores, iou, mean_iou, pixel_accuracy

NAMES = ("sky", "road", "pole", "car")


def scores(seed=0, classes=(0, 1, 2), ignored=0.2, count=6):
    random = np.random.default_rng(seed)
    targets, answers = [], []
    for number in range(count):
        shape = (5 + number, 7)
        truth = random.choice(np.uint8(classes), shape)
        said = np.where(random.random(shape) < 0.6, truth, random.choice(np.uint8(classes), shape))
        truth[random.random(shape) < ignored] = IGNORED
        targets.append(truth)
        answers.append(np.dstack([said, np.full(shape, 200)]).astype(np.uint8))
    return MaskScores(LabelSpace(NAMES, "masks"), targets, answers)


def flat(found):
    true = np.concatenate([truth.ravel() for truth in found.targets])
    said = np.concatenate([answer[..., 0].ravel() for answer in found.answers])
    return true[true != IGNORED], said[true != IGNORED]


@pytest.mark.parametrize("seed", range(3))
def test_measures_equal_those_of_scikit_learn(seed):
    found = scores(seed)
    true, said = flat(found)
    assert measured(MEASURES, found) == pytest.approx(
        {
            "mean_iou": jaccard_score(true, said, average="macro"),
            "pixel_accuracy": accuracy_score(true, said),
            "mean_accuracy": balanced_accuracy_score(true, said),
            "macro_f1": f1_score(true, said, average="macro"),
        }
    )
    rows = found.sections()["per_class"]
    assert [row["iou"] for row in rows[:3]] == pytest.approx(jaccard_score(true, said, average=None).tolist())
    assert [row["f1"] for row in rows[:3]] == pytest.approx(f1_score(true, said, average=None).tolist())
    assert sum(map(sum, found.sections()["confusion"])) == len(true)


def test_a_class_in_no_truth_and_no_answer_is_left_out_and_named():
    found = scores()
    sections = found.sections()
    assert sections["per_class"][3]["iou"] is None
    assert sections["details"]["remarks"] == ["In no mask and no answer, so left out of the mean IoU: 'car'."]
    # a class that is answered, and is in no truth, counts as 0
    found.answers[0][0, 0, 0] = 3
    found.targets[0][0, 0] = 0
    other = MaskScores(found.labels, found.targets, found.answers)
    assert other.sections()["per_class"][3]["iou"] == 0
    assert other.sections()["details"] == {}


def test_the_loss_of_an_image_is_its_share_of_wrong_pixels():
    truth = [np.uint8([[0, 1, IGNORED, 1]]), np.uint8([[IGNORED, IGNORED, IGNORED, 0]])]
    said = [np.uint8([[[0, 9], [2, 9], [2, 9], [1, 9]]]), np.uint8([[[0, 9]] * 4])]
    found = MaskScores(LabelSpace(NAMES, "masks"), truth, said)
    assert found.losses.tolist() == pytest.approx([1 / 3, 0])
    assert found.explain(0) == {
        "true": ["road", "sky"],
        "predicted": ["sky", "road", "pole"],
        "mean_iou": pytest.approx((1 + 0.5 + 0) / 3),
    }


def test_intervals_are_drawn_over_images():
    rows = with_intervals(MEASURES, scores(count=30), seed=0, draws=50)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows.values())


def test_nothing_counted_is_not_a_number():
    nothing = np.zeros(6)
    assert np.isnan([mean_iou(nothing), pixel_accuracy(nothing)]).all()
    assert np.isnan(iou(nothing)).all()
