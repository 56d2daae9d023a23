"""The answers of a teacher stay with their examples, through shuffling, mixing and class weights."""

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.conftest import picture
from tfft.core.values import Batch
from tfft.data.leakage import Seen
from tfft.data.loading import reading
from tfft.data.pipeline import training_batches
from tfft.tasks.distillation import ONE_CLASS
from tfft.training.soft_targets import SoftTargets

COUNT = 20


@pytest.fixture
def parts():
    images = np.stack([picture(seed, (16, 16), seed % 2) for seed in range(COUNT)])
    others = {part: (255 - images[place : place + 4], [0, 1] * 2) for place, part in ((0, "validation"), (4, "test"))}
    data = tfft.data.from_arrays({"train": (images, [0, 1] * 10), **others})
    task = tfft.tasks.classification(data.labels)
    # the soft target says which example it belongs to
    soft = np.stack([np.arange(COUNT), 100 + np.arange(COUNT)], axis=1).astype(np.float32)
    return data.train, task, SoftTargets(soft, ONE_CLASS, 2.0, 0.25, Seen(0, frozenset(), frozenset()))


def test_each_example_of_a_shuffled_batch_has_its_own_answer(parts):
    train, task, soft_targets = parts
    preprocessor = tfft.load_backbone("toy").preprocessor
    loading = reading(soft_targets.with_targets(train), preprocessor, soft_targets.encode(task.encode))
    batches = soft_targets.separated(training_batches(loading, 8, range(2), seed=0))
    rows = {train.inputs[index].tobytes(): index for index in range(COUNT)}
    found = 0
    for batch in batches.as_numpy_iterator():
        for pixels, target, soft in zip(batch.inputs["pixels"], batch.targets, batch.soft, strict=True):
            index = rows[pixels.tobytes()]
            assert soft.tolist() == [index, 100 + index]
            assert target.tolist() == task.encode(train.targets[[index]], {})[0][0].tolist()
            found += 1
    assert found == 2 * COUNT


def test_the_loss_is_a_weighted_mean_of_labels_and_teacher(parts):
    _, _, soft_targets = parts
    logits = np.float32([[1.0, 2.0], [0.5, -1.0]])
    soft = np.float32([[0.3, 0.7], [0.9, 0.1]])
    batch = Batch({}, None, None, None, soft)
    found = soft_targets.losses(tf.constant([4.0, 8.0]), batch, logits)
    wanted = 0.75 * np.array([4.0, 8.0]) + 0.25 * np.asarray(ONE_CLASS.loss(soft, logits, 2.0))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
