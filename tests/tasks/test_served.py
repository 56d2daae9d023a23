"""What a SavedModel answers is what the task decodes."""

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.core.specs import LabelSpace

LOGITS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32) * 3


def test_a_class_has_the_label_and_the_probability_that_the_task_decodes():
    task = tfft.tasks.classification(["ants", "bees", "蜂"])
    found = task.served(tf.constant(LOGITS))
    wanted = [task.decode(row, None) for row in task.probabilities(LOGITS)]
    assert [label.decode() for label in found["label"].numpy()] == [answer.label for answer in wanted]
    np.testing.assert_allclose(found["probability"], [answer.probability for answer in wanted], rtol=1e-6)
    np.testing.assert_allclose(found["probabilities"], task.probabilities(LOGITS), rtol=1e-5)


def test_several_labels_have_their_own_thresholds():
    task = tfft.tasks.multi_label(["dog", "indoor", "night"], threshold=(0.2, 0.5, 0.9))
    found = task.served(tf.constant(LOGITS))
    wanted = [task.decode(row, None).label for row in task.probabilities(LOGITS)]
    names = np.array(task.labels.names)
    assert [tuple(names[row].tolist()) for row in found["predicted"].numpy()] == wanted
    np.testing.assert_allclose(found["probabilities"], task.probabilities(LOGITS), rtol=1e-5)


def test_quantities_are_in_the_unit_of_the_user():
    task = tfft.tasks.regression(LabelSpace(("age", "height"), "real", mean=(40.0, 170.0), scale=(10.0, 8.0)))
    np.testing.assert_allclose(
        task.served(tf.constant(LOGITS[:, :2]))["values"], task.probabilities(LOGITS[:, :2]), rtol=1e-5
    )


def test_each_pixel_has_the_class_that_the_task_decodes():
    task = tfft.tasks.segmentation(["sky", "road", "pole"])
    logits = tf.constant(LOGITS.reshape(1, 2, 3, 3))
    found, reduced = task.served(logits), np.asarray(task.reduce(logits))
    np.testing.assert_array_equal(found["mask"], reduced[..., 0])
    np.testing.assert_allclose(found["probability"], reduced[..., 1] / 255, atol=1 / 255)


@pytest.mark.parametrize("task", [tfft.tasks.token_classification(["per"]), tfft.tasks.question_answering()])
def test_places_in_a_text_need_more_than_logits(task):
    assert task.served is None
