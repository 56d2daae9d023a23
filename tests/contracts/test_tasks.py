"""The laws that every task must pass on every kind of input; a new task is one entry in ``CASES``."""

import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tfft
from tests import forked
from tfft.core.errors import DataError, DataWarning, TaskError, TfftError
from tfft.core.specs import LabelSpace
from tfft.data.examples import joined
from tfft.data.folds import folds_of
from tfft.measures.base import measured

IMAGES = np.stack(
    [np.random.default_rng(i).integers(0, 90, (20, 24, 3)).astype(np.uint8) + np.uint8(80 * (i % 3)) for i in range(40)]
)
TEXTS = [
    f"{['good', 'fine', 'nice'][i % 3]} film number {i:02d}" for i in range(40)
]  # of one length: others share batches by length


@dataclass(frozen=True)
class Case:
    """A task, with data to train it on.

    Attributes:
        task: Label space -> task.
        targets: Raw targets of 40 examples; for tags one for each word.
        other: A task of other labels, which the data does not fit.
        kinds: The kinds of inputs that the task can take.
        write: Writes the data to a file and reads it, for tasks whose answers are parts of a text; None for arrays.
        axes: The number of axes of the logits between batch and outputs.
    """

    task: Callable[[Any], Any]
    targets: Any
    other: Callable[[], Any]
    kinds: tuple[str, ...] = ("images", "texts")
    write: Callable[[Path], Any] | None = None
    axes: int = 0


CASES = {
    "classification": Case(
        tfft.tasks.classification, [f"class {i % 3}" for i in range(40)], lambda: tfft.tasks.classification(["x", "y"])
    ),
    "multi_label": Case(
        tfft.tasks.multi_label,
        [["dark"] if i % 3 == 0 else ["bright", "late"] if i % 3 == 2 else [] for i in range(40)],
        lambda: tfft.tasks.multi_label(["x", "y"]),
    ),
    "regression": Case(
        tfft.tasks.regression,
        [float(i % 3) + 0.1 for i in range(40)],
        lambda: tfft.tasks.regression(LabelSpace(("x",), "real", (0.0,), (1.0,))),
    ),
}


def _tagged(folder: Path) -> Any:
    path = folder / "all.conll"
    lines = ["".join(f"{word}\t{tag}\n" for word, tag in zip(*each, strict=True)) for each in _words_and_tags()]
    path.write_text("\n".join(lines))
    return tfft.data.from_conll(path, seed=0)


def _words_and_tags() -> Any:
    return zip(map(str.split, TEXTS), CASES["token_classification"].targets, strict=True)


def _asked(folder: Path) -> Any:
    """What is the number, and in every fifth text what is not there."""
    paragraphs = []
    for index, text in enumerate(TEXTS):
        asked = {
            "id": str(index),
            "question": "Which number?",
            "answers": [{"text": text[-2:], "answer_start": len(text) - 2}],
        }
        if index % 5 == 0:
            asked |= {"question": "Which year?", "answers": [], "is_impossible": True}
        paragraphs.append({"context": text, "qas": [asked]})
    path = folder / "all.json"
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    return tfft.data.from_squad(path, seed=0)


CASES["token_classification"] = Case(
    tfft.tasks.token_classification,
    [["B-praise", "O", "O", "I-number"] if i % 3 else ["O", "B-thing", "I-thing", "O"] for i in range(40)],
    lambda: tfft.tasks.token_classification(["x", "y"]),
    kinds=("texts",),
    write=_tagged,
    axes=1,
)
CASES["question_answering"] = Case(
    tfft.tasks.question_answering, None, tfft.tasks.question_answering, kinds=("texts",), write=_asked, axes=1
)
# the class of each half of an image is that of its brightness, and the first rows are ignored
MASKS = [np.full((20, 24), i % 3, np.uint8) for i in range(40)]
for i, mask in enumerate(MASKS):
    mask[:, 16:] = (i % 3) // 2
    mask[:2] = 255


def _masked(folder: Path) -> Any:
    classes = ["dark", "grey", "bright"]
    return tfft.data.from_masks({"train": (IMAGES, MASKS)}, classes, ignore=255, seed=0)


CASES["segmentation"] = Case(
    tfft.tasks.segmentation,
    MASKS,
    lambda: tfft.tasks.segmentation(["x", "y"]),
    kinds=("images",),
    write=_masked,
    axes=2,
)
INPUTS = {"images": (IMAGES, "toy"), "texts": (TEXTS, "toy_text")}
each = pytest.mark.parametrize("name", list(CASES))
everywhere = pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in CASES for kind in CASES[name].kinds])
of_examples = pytest.mark.parametrize("name", [name for name in CASES if not CASES[name].axes])
of_images = pytest.mark.parametrize("name", [name for name in CASES if CASES[name].kinds[0] == "images"])


def data_of(name: str, kind: str | None = None) -> Any:
    if (write := CASES[name].write) is not None:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # a tag that continues no entity
            return write(Path(folder))
    return tfft.data.from_arrays(INPUTS[kind or CASES[name].kinds[0]][0], CASES[name].targets, seed=0)


def model_of(name: str, kind: str | None = None, **options: Any) -> tuple[Any, Any]:
    kind = kind or CASES[name].kinds[0]
    data = data_of(name, kind)
    return data, tfft.build(INPUTS[kind][1], CASES[name].task(data.labels), seed=1, **options)


def weights_of(model: Any) -> list[np.ndarray]:
    return [weight.numpy() for weight in model.net.weights]


def two_phases(epochs: int = 2) -> Any:
    return tfft.plans.two_phase(epochs, epochs, learning_rate=3e-2, tune_learning_rate=1e-3)


def test_every_task_is_in_the_list() -> None:
    assert set(CASES) == set(tfft.tasks._TASKS)


@each
def test_the_task_is_that_of_the_labels_and_survives_json(name: str) -> None:
    data = data_of(name)
    task = CASES[name].task(data.labels)
    assert tfft.tasks.for_labels(data.labels).to_dict() == task.to_dict()
    written = json.dumps(task.to_dict(), allow_nan=False)
    assert tfft.tasks.from_dict(json.loads(written)).to_dict() == task.to_dict()


@of_examples
def test_encoded_targets_are_what_loss_and_metrics_take(name: str) -> None:
    data = data_of(name)
    task = CASES[name].task(data.labels)
    encoded, counted = task.encode(data.train.targets, {})
    assert counted is None
    logits = np.random.default_rng(0).normal(size=(len(data.train), task.outputs)).astype(np.float32)
    assert encoded.dtype == np.float32
    loss = task.loss()
    loss.reduction = "none"
    assert np.asarray(loss(encoded, logits)).shape == (len(data.train),)
    for metric in task.metrics():
        metric.update_state(encoded, logits)
        assert np.isfinite(float(metric.result()))


@of_examples
def test_a_perfect_answer_is_measured_as_perfect(name: str) -> None:
    """The targets themselves as answers give the best value of every measure, and no loss."""
    data = data_of(name)
    task = CASES[name].task(data.labels)
    encoded, _ = task.encode(data.train.targets, {})
    answers = task.probabilities(encoded * 1.0) if name == "regression" else encoded.astype(np.float64)
    scores = task.score(data.train, answers)
    best = {"log_loss": 0.0, "mae": 0.0, "rmse": 0.0}
    found = measured(task.measures, scores)
    assert found == pytest.approx({measure: best.get(measure, 1.0) for measure in found}, abs=1e-6)
    assert scores.losses == pytest.approx(np.zeros(len(scores)), abs=1e-6)
    explained = scores.explain(0)
    if name == "regression":
        assert explained["true"] == pytest.approx(explained["predicted"])
    else:
        assert explained["true"] == explained["predicted"]


@everywhere
@pytest.mark.parametrize("cache", ["off", "memory"])
def test_two_phases_learn_with_kept_features_and_without(name: str, kind: str, cache: str) -> None:
    data, model = model_of(name, kind, cache=cache)
    before = weights_of(model)
    run = tfft.fit(model, data, two_phases(), seed=2, batch_size=8, progress=False)
    assert min(run.history()["val_loss"]) < run.phases[0].history["val_loss"][0]
    assert run.phases[0].reads.startswith("features") == (cache == "memory")
    moved = [not np.array_equal(one, other) for one, other in zip(before, weights_of(model), strict=True)]
    assert any(moved)
    assert not all(moved), "the first blocks stay frozen"


@of_images
def test_kept_features_change_nothing_for_images(name: str) -> None:
    """Texts share batches by length only where tokens are read, so their batches differ."""
    runs = []
    for cache in ("off", "memory"):
        data, model = model_of(name, cache=cache)
        runs.append(tfft.fit(model, data, two_phases(), seed=2, batch_size=8, progress=False))
    assert runs[0].history()["val_loss"] == pytest.approx(runs[1].history()["val_loss"], rel=1e-4)
    for plain, kept in zip(weights_of(runs[0].model), weights_of(runs[1].model), strict=True):
        np.testing.assert_allclose(kept, plain, atol=2e-4)


@everywhere
def test_a_bundle_answers_as_the_model_does(name: str, kind: str, tmp_path: Path) -> None:
    data, model = model_of(name, kind)
    tfft.fit(model, data, tfft.plans.head_only(2), seed=0, batch_size=8, progress=False)
    report = tfft.evaluate(model, data.test)
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft", report=report))
    again = tfft.evaluate(predictor, data.test)
    assert {key: row["value"] for key, row in again.metrics.items()} == pytest.approx(
        {key: row["value"] for key, row in report.metrics.items()}, nan_ok=True
    )
    inputs = [data.test.inputs[index] for index in range(len(data.test))]
    answers = predictor.predict(inputs, batch_size=3)
    assert len(answers) == len(inputs)
    json.dumps([answer.to_dict() for answer in answers], allow_nan=False)
    alone = predictor.predict(inputs[1])[0]
    if name == "token_classification":
        assert [found.text for found in alone.entities] == [found.text for found in answers[1].entities]
        assert {found.label for answer in answers for found in answer.entities} <= set(data.labels.names)
    elif name == "question_answering":
        assert (alone.label, alone.place) == (answers[1].label, answers[1].place)
        assert alone.probability == pytest.approx(answers[1].probability, abs=1e-5)
    elif name == "segmentation":
        assert [answer.mask.shape for answer in answers] == [(20, 24)] * len(inputs)
        np.testing.assert_array_equal(alone.mask, answers[1].mask)
    else:
        assert all(set(answer.scores) == set(data.labels.names) for answer in answers)
        assert list(alone.scores.values()) == pytest.approx(list(answers[1].scores.values()), abs=1e-5)


@everywhere
def test_the_code_in_a_model_card_runs(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, model = model_of(name, kind)
    path = tfft.export(model, tmp_path / "model.tfft")
    use = (path / "card.md").read_text(encoding="utf-8").partition("## Use")[2]
    code = use.partition("```python\n")[2].partition("```")[0]
    Image.fromarray(IMAGES[0]).save(tmp_path / "new.jpg")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "card.md", "exec"), {})
    assert "Prediction(" in capsys.readouterr().out


@everywhere
def test_a_report_has_intervals_and_shows_itself(name: str, kind: str, tmp_path: Path) -> None:
    data, model = model_of(name, kind)
    run = tfft.fit(model, data, tfft.plans.head_only(1), seed=0, batch_size=8, progress=False)
    report = tfft.evaluate(model, data.test)
    assert list(report.metrics) == list(model.task.measures)
    for row in report.metrics.values():
        assert np.isnan(row["value"]) or row["low"] <= row["value"] <= row["high"]
    assert len(report.worst) == min(12, len(data.test))
    json.dumps(report.to_dict(), allow_nan=False)
    page = report.save(tmp_path / "report.html", run).read_text(encoding="utf-8")
    assert "<html" in page
    assert ('<mark class="' in page) == (CASES[name].axes == 1)
    assert report.count == len(data.test)
    assert all(f"| {measure} " in report.to_markdown() for measure in model.task.measures)
    assert report.plot().axes


@each
def test_an_interrupted_run_goes_on_as_if_it_had_never_stopped(name: str, tmp_path: Path) -> None:
    class StopError(Exception):
        """Ends a run in its second phase."""

    import keras

    class Stopping(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epochs += 1
            if self.epochs == 4:
                raise StopError

    data, whole = model_of(name)
    tfft.fit(whole, data, two_phases(), seed=3, batch_size=8, progress=False)
    _, model = model_of(name)
    options: dict[str, Any] = {"run_folder": tmp_path / "run", "progress": False, "save_minutes": 1e-6}
    with pytest.raises(StopError):
        tfft.fit(model, data, two_phases(), seed=3, batch_size=8, callbacks=[Stopping()], **options)
    _, model = model_of(name)
    run = tfft.fit(model, data, two_phases(), seed=3, batch_size=8, resume=True, **options)
    assert len(run.phases) == 2
    for continued, once in zip(weights_of(run.model), weights_of(whole), strict=True):
        np.testing.assert_array_equal(continued, once)


REPLICAS = """
import sys, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.insert(0, {folder!r})
import keras, test_tasks as laws, tfft
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for name, kind in {cases!r}:
    found = []
    for strategy in (None, mirrored):
        data, model = laws.model_of(name, kind, strategy=strategy)
        for layer in model.net._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0  # replicas draw other random numbers than one device
        run = tfft.fit(model, data, laws.two_phases(1), seed=0, batch_size=7, progress=False)
        report = tfft.evaluate(model, data.test)
        found.append((run.history()["val_loss"], [row["value"] for row in report.metrics.values()]))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=2e-3, err_msg=f"losses of {{name}} with {{kind}}")
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=2e-2, err_msg=f"metrics of {{name}} with {{kind}}")
print("equal", len({cases!r}))
"""


@pytest.mark.slow
def test_two_replicas_give_the_results_of_one_device() -> None:
    """One process for all tasks: to start one takes longer than to train in it."""
    cases = [(name, kind) for name, case in CASES.items() for kind in case.kinds]
    code = REPLICAS.format(folder=str(Path(__file__).parent), cases=cases)
    done = forked.run(code, timeout=600)
    assert done.stdout.splitlines()[-1:] == [f"equal {len(cases)}"], done.stderr[-3000:]


@everywhere
def test_a_fold_of_a_cross_validation_is_measured_as_a_fit_of_its_parts(name: str, kind: str) -> None:
    data, model = model_of(name, kind, cache="memory")
    before, options = weights_of(model), {"batch_size": 8, "progress": False}
    found = tfft.cross_validate(model, data, two_phases(1), folds=2, seed=3, **options)
    for one, other in zip(before, weights_of(model), strict=True):
        np.testing.assert_array_equal(one, other)
    pool = joined([data.train, data.validation])
    assert len(found.probabilities) == len(found.fold_of) == len(pool)
    splits = folds_of(pool, 2, seed=3)[1].splits(pool, 3)
    run = tfft.fit(model_of(name, kind, cache="memory")[1], splits, two_phases(1), seed=3, **options)
    expected = tfft.evaluate(run.model, splits.test)
    assert found.folds[1].metrics == pytest.approx(
        {key: row["value"] for key, row in expected.metrics.items()}, abs=2e-2, nan_ok=True
    )
    assert json.dumps(found.to_dict(), allow_nan=False)
    assert "standard deviation" in found._repr_html_()
    assert found.describe()


@everywhere
def test_a_refit_is_a_training_on_both_parts(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def last_epoch(self: Any, epoch: int, logs: Any = None) -> None:
        self.best, self.epoch, self._copy = ((0.5, 0.5) if self._chooses else None), epoch + 1, self._read()

    monkeypatch.setattr("tfft.training.best_weights.BestWeights.on_epoch_end", last_epoch)
    data, model = model_of(name, kind, cache="memory")
    plan, options = two_phases(1), {"batch_size": 8, "progress": False}
    run = tfft.fit(model, data, plan, refit=True, **options)
    assert run.selection is not None
    merged = replace(data, train=joined([data.train, data.validation]))
    expected = tfft.fit(model_of(name, kind, cache="memory")[1], merged, plan, **options)
    for one, other in zip(weights_of(run.model), weights_of(expected.model), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@each
def test_data_of_other_labels_is_refused_before_training(name: str) -> None:
    data = data_of(name)
    model = tfft.build(INPUTS[CASES[name].kinds[0]][1], CASES[name].other())
    with pytest.raises(DataError, match=r"labels of the data differ from those of the model.*Build the model with"):
        tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    with pytest.raises(DataError, match=r"other labels than the model.*same label space"):
        tfft.evaluate(model, data.test)


@each
def test_labels_of_another_kind_and_unknown_options_are_refused(name: str) -> None:
    for other, case in CASES.items():
        if other != name:
            with pytest.raises(TaskError, match="takes labels of kind"):
                CASES[name].task(data_of(other).labels)
            assert case.task(data_of(other).labels).name == other
    values = CASES[name].task(data_of(name).labels).to_dict()
    with pytest.raises(TfftError, match=r"has no option 'colour'.*[Uu]pgrade"):
        tfft.tasks.from_dict({**values, "options": {**values["options"], "colour": 1}})


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in CASES for kind in INPUTS if len(CASES[name].kinds) > 1]
)
def test_inputs_of_the_other_kind_are_refused(name: str, kind: str) -> None:
    data, _ = model_of(name, kind)
    other = next(backbone for each_kind, (_, backbone) in INPUTS.items() if each_kind != kind)
    with pytest.raises(DataError, match=r"takes (images|texts), but the data holds (images|texts)"):
        tfft.fit(tfft.build(other, CASES[name].task(data.labels)), data, tfft.plans.head_only(1), progress=False)
