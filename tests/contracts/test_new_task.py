"""A new task over targets that exist costs one function and its registration: ordered classes, as a user may write them."""

import json
import sys

import numpy as np
import pytest

import tfft
from tests.contracts.test_tasks import INPUTS, two_phases
from tfft.core.specs import LabelSpace
from tfft.heads.vector import VectorHead
from tfft.measures import classes
from tfft.measures.base import Measure, counted, mean
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task, each_example, require_kind

RATINGS = ["bad", "fair", "good", "great"]


def ordinal(labels, dropout=0.0):
    """Make a task with ordered classes: one logit for each step up, "better than bad", "better than fair" and so on.

    Source:
        Frank and Hall 2001, "A Simple Approach to Ordinal Classification".
    """
    space = LabelSpace.of(labels)
    require_kind(space, "single", "ordinal")
    steps = len(space) - 1

    def loss():
        import keras

        return keras.losses.BinaryCrossentropy(from_logits=True)

    def metrics():
        import keras

        return [keras.metrics.BinaryAccuracy(name="steps", threshold=0.0)]

    def probabilities(logits):
        above = np.minimum.accumulate(1 / (1 + np.exp(-logits.astype(np.float64))), axis=1)
        padded = np.pad(above, ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0)))
        return padded[:, :-1] - padded[:, 1:]

    def decode(found, item=None):
        best = int(found.argmax())
        return Answer(space.names[best], float(found[best]), dict(zip(space.names, map(float, found), strict=True)))

    ranks_off = Measure(lambda scores: counted(abs(scores.probabilities.argmax(axis=1) - scores.targets)), mean)
    return Task(
        name="ordinal",
        labels=space,
        head=VectorHead("auto", (), dropout),
        outputs=steps,
        loss=loss,
        metrics=metrics,
        encode=each_example(lambda ids: np.asarray(ids)[:, None] > np.arange(steps)),
        probabilities=probabilities,
        decode=decode,
        measures={"ranks_off": ranks_off, "accuracy": classes.measures(len(space))["accuracy"]},
        score=lambda examples, found: classes.ClassScores(space, examples.targets, found),
        options={"dropout": dropout},
    )


@pytest.fixture
def registered(monkeypatch):
    """What the import and the two tables in ``tfft/tasks/__init__.py`` would do."""
    monkeypatch.setattr(tfft.tasks, "ordinal", ordinal, raising=False)
    monkeypatch.setitem(tfft.tasks._TASKS, "ordinal", ordinal)


@pytest.mark.parametrize("kind", list(INPUTS))
@pytest.mark.parametrize("cache", ["off", "memory"])
def test_a_task_of_one_function_trains_reports_and_is_shipped(registered, tmp_path, kind, cache):
    inputs, backbone = INPUTS[kind]
    targets = [RATINGS[index % 3 + (index % 6 == 5)] for index in range(len(inputs))]
    data = tfft.data.from_arrays(inputs, targets, seed=0)
    task = ordinal(data.labels)
    model = tfft.build(backbone, task, seed=1, cache=cache)
    run = tfft.fit(model, data, two_phases(), seed=2, batch_size=8, progress=False)
    assert min(run.history()["val_loss"]) < run.phases[0].history["val_loss"][0]
    assert run.phases[0].reads.startswith("features") == (cache == "memory")

    report = tfft.evaluate(model, data.test)
    assert set(report.metrics) == {"ranks_off", "accuracy"}
    assert (
        report.metrics["ranks_off"]["low"]
        <= report.metrics["ranks_off"]["value"]
        <= report.metrics["ranks_off"]["high"]
    )
    assert "ranks off" in report.save(tmp_path / "report.html", run).read_text(encoding="utf-8")

    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft", report=report))
    assert predictor.task.to_dict() == json.loads(json.dumps(task.to_dict()))
    assert predictor.net.output_shape[-1] == len(data.labels) - 1
    again = tfft.evaluate(predictor, data.test).metrics
    assert {name: row["value"] for name, row in again.items()} == pytest.approx(
        {name: row["value"] for name, row in report.metrics.items()}
    )
    for answer in predictor.predict([data.test.inputs[index] for index in range(len(data.test))]):
        assert answer.label in data.labels.names
        assert sum(answer.scores.values()) == pytest.approx(1.0)


def test_no_module_of_tfft_knows_the_new_task():
    assert "ordinal" not in tfft.tasks._TASKS
    assert not [name for name, module in sys.modules.items() if name.startswith("tfft.") and hasattr(module, "ordinal")]
