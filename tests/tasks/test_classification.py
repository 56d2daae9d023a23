"""Classification: loss on logits, smoothing and class weights that really reach it, answers that sum to one."""

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.tasks.classification import classification, softmax

NAMES = ["ant", "bee", "cat"]
LOGITS = np.random.default_rng(0).normal(0, 3, (50, 3)).astype(np.float32)
IDS = np.arange(50) % 3


def _log_probabilities(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_the_loss_is_cross_entropy_with_smoothed_targets(smoothing):
    task = classification(NAMES, label_smoothing=smoothing)
    targets = task.encode(IDS, {})[0]
    expected = -((targets * (1 - smoothing) + smoothing / 3) * _log_probabilities(LOGITS)).sum(axis=1).mean()
    assert float(task.loss()(targets, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_encoding_is_one_hot_and_stays_small_for_many_classes():
    task = classification([str(i) for i in range(20_000)])
    rows = task.encode(np.array([0, 19_999, 7]), {})[0]
    assert rows.shape == (3, 20_000)
    assert rows.dtype == np.float32
    assert rows.argmax(axis=1).tolist() == [0, 19_999, 7]
    assert rows.sum() == 3


def test_accuracy_is_that_of_the_largest_logit():
    task = classification(NAMES)
    (accuracy,) = task.metrics()
    accuracy.update_state(task.encode(IDS, {})[0], LOGITS)
    assert accuracy.name == "accuracy"
    assert float(accuracy.result()) == pytest.approx((LOGITS.argmax(axis=1) == IDS).mean())


@pytest.mark.parametrize(
    "logits", [LOGITS, np.float32([[1e4, -1e4, 0]]), np.float32([[0, 0, 0]]), np.float16([[60000, 1, 2]])]
)
def test_probabilities_sum_to_one_without_overflow(logits):
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))


def test_probabilities_equal_keras_softmax():
    np.testing.assert_allclose(softmax(LOGITS), keras.ops.convert_to_numpy(keras.ops.softmax(LOGITS)), atol=1e-6)


def test_an_answer_names_the_likeliest_class():
    answer = classification(NAMES).decode(np.array([0.2, 0.7, 0.1]))
    assert (answer.label, answer.probability) == ("bee", 0.7)
    assert answer.scores == {"ant": 0.2, "bee": 0.7, "cat": 0.1}


@pytest.mark.parametrize("counts", [{"ant": 10, "bee": 1, "cat": 4}, {"ant": 5, "bee": 5, "cat": 5}])
def test_balanced_weights_equal_scikit_learns(counts):
    ids = np.repeat(np.arange(3), list(counts.values()))
    expected = compute_class_weight("balanced", classes=np.arange(3), y=ids)
    weights = classification(NAMES, class_weights="balanced").class_weight(counts)
    np.testing.assert_allclose([weights[i] for i in range(3)], expected)


def test_weights_by_name_become_weights_by_id():
    task = classification(NAMES, class_weights={"cat": 3, "ant": 1, "bee": 0.5})
    assert task.class_weight({}) == {0: 1.0, 1: 0.5, 2: 3.0}
    assert classification(NAMES).class_weight({"ant": 1}) is None


def test_balancing_an_empty_class_is_refused():
    with pytest.raises(TaskError, match=r"every class.*none of 'bee', 'cat'.*one weight for each"):
        classification(NAMES, class_weights="balanced").class_weight({"ant": 3, "bee": 0})


@pytest.mark.parametrize(
    "weights",
    [
        {"ant": 1},
        {"ant": 1, "bee": 1, "dog": 1},
        {"ant": 1, "bee": 0, "cat": 1},
        {"ant": 1, "bee": float("nan"), "cat": 1},
        {"ant": "1", "bee": 1, "cat": 1},
        "balance",
        [1, 1, 1],
        2,
    ],
)
def test_class_weights_that_are_none_are_refused(weights):
    with pytest.raises(TaskError, match=r'"balanced", None, or a dict with one positive number.*ant') as caught:
        classification(NAMES, class_weights=weights)
    assert repr(weights) in str(caught.value)


@pytest.mark.parametrize("smoothing", [-0.1, 1, 2.0, float("nan"), "0.1", None])
def test_a_smoothing_out_of_range_is_refused(smoothing):
    with pytest.raises(TaskError, match=r"must be in \[0, 1\).*0.1 is common") as caught:
        classification(NAMES, label_smoothing=smoothing)
    assert f"label_smoothing={smoothing!r}" in str(caught.value)


def test_fewer_than_two_classes_are_refused():
    with pytest.raises(TaskError, match=r"at least two classes.*'ant'.*another class"):
        classification(["ant"])


def test_a_single_string_is_not_taken_for_class_names():
    with pytest.raises(TaskError, match=r"'ants'.*Write \['ants'"):
        classification("ants")


def test_regression_targets_are_sent_to_regression():
    with pytest.raises(TaskError, match=r"kind 'single'.*kind 'real'.*tasks.regression"):
        classification(LabelSpace(("age",), "real", (0.0,), (1.0,)))
