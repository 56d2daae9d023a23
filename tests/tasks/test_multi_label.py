"""Several labels: one sigmoid a class, one threshold in answers and in accuracy."""

import json

import numpy as np
import pytest

import tfft
from tfft import tasks
from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.tasks.multi_label import multi_label, sigmoid

NAMES = ["indoor", "dog", "night"]
RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 3, (40, 3)).astype(np.float32)
TARGETS = RANDOM.integers(0, 2, (40, 3)).astype(np.float32)


def test_the_loss_is_the_mean_of_one_cross_entropy_a_class():
    p = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    expected = -(TARGETS * np.log(p) + (1 - TARGETS) * np.log(1 - p)).mean()
    assert float(multi_label(NAMES).loss()(TARGETS, LOGITS)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_accuracy_on_logits_has_the_same_threshold_as_answers(threshold):
    task = multi_label(NAMES, threshold=threshold)
    (accuracy,) = task.metrics()
    accuracy.update_state(TARGETS, LOGITS)
    rows = task.probabilities(LOGITS)
    named = np.array([[name in task.decode(row).label for name in NAMES] for row in rows])
    assert float(accuracy.result()) == pytest.approx((named == TARGETS).mean(), abs=1e-6)


def test_probabilities_neither_overflow_nor_lose_small_ones():
    found = sigmoid(np.float32([[-1e4, -50, 0, 50, 1e4]]))
    np.testing.assert_allclose(found, [[0, np.exp(-50), 0.5, 1, 1]], rtol=1e-12)


def test_an_answer_names_every_label_that_applies_or_none():
    task = multi_label(NAMES)
    answer = task.decode(np.array([0.9, 0.5, 0.1]))
    assert answer.label == ("indoor", "dog")
    assert answer.probability is None
    assert answer.scores == {"indoor": 0.9, "dog": 0.5, "night": 0.1}
    assert task.decode(np.array([0.1, 0.1, 0.1])).label == ()


def test_targets_pass_as_float32():
    assert multi_label(NAMES).encode(TARGETS.astype(np.float64), {})[0].dtype == np.float32


def test_one_label_is_enough():
    assert multi_label(["dog"]).outputs == 1


@pytest.mark.parametrize("threshold", [0, 1, 1.5, float("nan"), "0.5", None])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(TaskError, match=r"must be in \(0, 1\).*0.5 is common") as caught:
        multi_label(NAMES, threshold=threshold)
    assert f"threshold={threshold!r}" in str(caught.value)


def test_single_labels_are_sent_to_classification():
    with pytest.raises(TaskError, match=r"kind 'multi'.*kind 'single'.*tasks.classification"):
        multi_label(LabelSpace(("a", "b")))


def test_each_class_may_have_a_threshold_of_its_own_in_answers_metrics_and_reports(toy_arrays):
    task = multi_label(["dog", "night"], threshold=[0.2, 0.8])
    assert task.decode(np.array([0.3, 0.3])).label == ("dog",)
    assert task.decode(np.array([0.1, 0.9])).label == ("night",)
    metric = task.metrics()[0]
    logits = np.log(np.float32([[0.3, 0.7], [0.1, 0.9]]) / (1 - np.float32([[0.3, 0.7], [0.1, 0.9]])))
    metric.update_state(np.float32([[1, 0], [1, 1]]), logits)
    assert float(metric.result()) == pytest.approx(0.75)
    again = tasks.from_dict(json.loads(json.dumps(task.to_dict())))
    assert again.options["threshold"] == (0.2, 0.8)
    images, targets = toy_arrays
    data = tfft.data.from_arrays(images, np.stack([targets == 0, targets < 2], axis=1))
    report = tfft.evaluate(tfft.build("toy", multi_label(data.labels, threshold=(0.1, 0.99))), data.test)
    assert [row["threshold"] for row in report.per_class] == [0.1, 0.99]
    assert report.per_class[0]["recall"] == 1  # an untrained net says a half to everything
    assert report.per_class[1]["recall"] == 0


@pytest.mark.parametrize("wrong", [0, 1, "a", [0.5], [0.5, 1.2], [], None, [0.1, 0.2, 0.3]])
def test_thresholds_that_are_none_are_refused(wrong):
    with pytest.raises(TaskError, match="threshold"):
        multi_label(["dog", "night"], threshold=wrong)


def test_a_threshold_of_numpy_is_a_number():
    task = multi_label(["a", "b"], threshold=np.array(0.3))
    assert task.decode(np.array([0.4, 0.2])).label == ("a",)
