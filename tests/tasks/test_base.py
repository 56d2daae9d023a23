"""A task is a record that survives JSON."""

import json

import numpy as np
import pytest

from tfft import tasks
from tfft.core.errors import BundleError, TaskError
from tfft.core.specs import LabelSpace
from tfft.tasks.base import require_kind

SINGLE = LabelSpace(("ant", "猫"))
MULTI = LabelSpace(("ant", "bee"), "multi")
REAL = LabelSpace(("age", "size"), "real", (40.0, 1.0), (10.0, 0.5))

TASKS = [
    tasks.classification(SINGLE),
    tasks.classification(SINGLE, "max", (8, 4), 0.1, 0.2, {"ant": np.float32(2), "猫": 1}),
    tasks.classification(SINGLE, "flatten", [8], class_weights="balanced"),
    tasks.multi_label(MULTI, "max", (3,), 0.5, 0.3),
    tasks.regression(REAL, "flatten", (5, 5), 0.25),
]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_survives_json(task):
    again = tasks.from_dict(json.loads(json.dumps(task.to_dict())))
    assert again.to_dict() == task.to_dict()
    assert (again.name, again.labels, again.head) == (task.name, task.labels, task.head)
    counts = {name: index + 1 for index, name in enumerate(task.labels.names)}
    assert again.class_weight(counts) == task.class_weight(counts)
    logits = np.float32([[0.3, -2.0], [1.5, 0.5]])
    np.testing.assert_array_equal(again.probabilities(logits), task.probabilities(logits))
    assert again.decode(again.probabilities(logits)[0]) == task.decode(task.probabilities(logits)[0])


@pytest.mark.parametrize("task", TASKS)
def test_loss_and_metrics_are_fresh_at_each_call(task):
    assert task.loss() is not task.loss()
    first, second = task.metrics(), task.metrics()
    assert all(one is not other for one in first for other in second)
    assert task.outputs == 2


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_named_and_plain(task):
    answer = task.decode(task.probabilities(np.float32([[0.3, -2.0]]))[0])
    assert tuple(answer.scores) == task.labels.names
    assert all(type(score) is float for score in answer.scores.values())
    json.dumps(answer.scores)


@pytest.mark.parametrize(("labels", "name"), [(SINGLE, "classification"), (MULTI, "multi_label"), (REAL, "regression")])
def test_the_task_that_fits_the_labels(labels, name):
    assert tasks.for_labels(labels).name == name


def test_a_task_of_a_later_version_is_refused_with_the_upgrade_line():
    with pytest.raises(
        BundleError, match=r"task 'detection' is unknown.*'classification'.*upgrade tfft to a newer version"
    ):
        tasks.from_dict({"name": "detection", "labels": SINGLE.to_dict(), "options": {}})
    values = tasks.classification(SINGLE).to_dict()
    values["options"]["margin"] = 0.5
    with pytest.raises(BundleError, match=r"'classification' has no option 'margin'.*Upgrade tfft to a newer version"):
        tasks.from_dict(values)


def test_labels_of_another_kind_are_refused_with_the_right_task():
    with pytest.raises(TaskError, match=r"mytask takes.*'single'.*kind 'real'.*use tasks.regression.*text or integers"):
        require_kind(REAL, "single", "mytask")
    with pytest.raises(TaskError, match=r"takes a label space.*\['age'\].*data.labels"):
        require_kind(["age"], "real", "mytask")
    for make, labels in ((tasks.classification, MULTI), (tasks.multi_label, SINGLE), (tasks.regression, SINGLE)):
        with pytest.raises(TaskError, match=r"takes labels of kind.*use tasks\."):
            make(labels)
