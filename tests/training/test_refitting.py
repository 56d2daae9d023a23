"""A refit trains on both parts with what the validation part has chosen, and says so."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tests import forked
from tfft.core.errors import DataError, PlanError, RunWarning, TfftError
from tfft.data.examples import Splits, joined
from tfft.plans import Phase, Plan, augmentation
from tfft.trainable import last_blocks, nothing
from tfft.training import loop
from tfft.training.refitting import cut_plan
from tfft.training.run_folder import FIRST_WEIGHTS, SELECTION

HEAD = Phase("head", nothing(), 4, 0.05)
TUNE = Phase("tune", last_blocks(1), 3, 0.01, averaging=0.5)
PLAN = Plan(HEAD, TUNE)


def built(data, seed=0, cache="auto", **options):
    return tfft.build("toy", tfft.tasks.classification(data.labels), seed=seed, cache=cache, **options)


def bytes_of(model):
    return [np.array(variable.numpy()).tobytes() for variable in model.net.weights]


def values_of(model):
    return [np.array(variable.numpy()) for variable in model.net.weights]


def choosing(monkeypatch, head, tune=0):
    """Let these epochs of the two phases be the best ones; 0 for none."""

    def on_epoch_end(self, epoch, logs=None):
        wanted = head if len(self._variables) == 2 else tune
        if epoch + 1 == wanted or not self._chooses:
            self.best, self.epoch, self._copy = ((0.5, 0.5) if self._chooses else None), epoch + 1, self._read()

    monkeypatch.setattr("tfft.training.best_weights.BestWeights.on_epoch_end", on_epoch_end)


class Unreadable:
    """A test part whose inputs cannot be read."""

    def __init__(self, length):
        self._length = length

    def __len__(self):
        return self._length

    def __getitem__(self, index):
        raise AssertionError("a test example was read")


def by_hand(monkeypatch, model, data, plan, *ends, **options):
    """Train on the merged data with a plan that somebody has cut, and keep the last epoch of each phase."""
    with monkeypatch.context() as patch:
        choosing(patch, *ends)
        merged = replace(data, train=joined([data.train, data.validation]))
        return tfft.fit(model, merged, plan, batch_size=8, progress=False, **options)


@pytest.mark.parametrize(("cache", "augment"), [("off", ()), ("memory", ()), ("disk", (augmentation.flips(),))])
def test_a_refit_is_a_training_on_both_parts_up_to_the_best_epochs(monkeypatch, data, cache, augment):
    data = replace(data, test=replace(data.test, inputs=Unreadable(len(data.test))))
    plan = Plan(replace(HEAD, augment=augment), TUNE)
    with monkeypatch.context() as patch:
        choosing(patch, 3, 2)
        run = tfft.fit(built(data, cache=cache), data, plan, batch_size=8, refit=True, progress=False)
    cut = Plan(replace(plan.phases[0], last_epoch=3), replace(TUNE, last_epoch=2))
    assert run.plan == cut
    expected = by_hand(monkeypatch, built(data, cache="off"), data, cut, 3, 2)
    for found, wanted in zip(values_of(run.model), values_of(expected.model), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    plain = tfft.fit(built(data, cache="off"), data, plan, batch_size=8, progress=False)
    assert max(np.abs(a - b).max() for a, b in zip(values_of(run.model), values_of(plain.model), strict=True)) > 1e-3


def test_the_learning_rates_are_those_of_the_whole_phase(monkeypatch, data):
    rates = {}

    class Rates(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.setdefault(("val_loss" in logs), []).append(float(self.model.optimizer.learning_rate))

    choosing(monkeypatch, 2)
    tfft.fit(built(data), data, Plan(HEAD), batch_size=64, refit=True, progress=False, callbacks=[Rates()])
    assert len(rates[True]) == 4
    assert rates[False] == rates[True][:2]  # one step in an epoch of both


def test_the_same_initial_weights_and_order_make_a_refit_of_a_refit_equal(data):
    runs = [tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False) for _ in range(2)]
    assert bytes_of(runs[0].model) == bytes_of(runs[1].model)
    assert runs[0].first_weights == runs[0].selection.first_weights


def test_the_first_training_is_bit_for_bit_the_one_without_a_refit(monkeypatch, data):
    plain = tfft.fit(built(data), data, PLAN, batch_size=8, progress=False)
    first = []
    real = loop.refitted

    def spied(train, *rest):
        def trained(run, *others):
            found = train(run, *others)
            first.append(bytes_of(found.model))
            return found

        return real(trained, *rest)

    monkeypatch.setattr(loop, "refitted", spied)
    run = tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False)
    assert first[0] == bytes_of(plain.model)
    assert first[1] == bytes_of(run.model) != first[0]
    assert [record.history for record in run.selection.phases] == [record.history for record in plain.phases]


def test_a_phase_that_improved_nothing_is_left_out(monkeypatch, data):
    choosing(monkeypatch, 2, 0)
    run = tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False)
    assert [(record.phase.name, record.best_epoch, len(record.history["loss"])) for record in run.phases] == [
        ("head", 2, 2)
    ]
    assert cut_plan(run.selection) == run.plan


def test_without_any_improvement_the_model_stays_and_a_warning_says_so(monkeypatch, data):
    choosing(monkeypatch, 0, 0)
    model = built(data)
    before = bytes_of(model)
    with pytest.warns(RunWarning, match="No phase improved the validation, so there is no refit"):
        run = tfft.fit(model, data, PLAN, batch_size=8, refit=True, progress=False)
    assert bytes_of(model) == before
    assert run.selection is None
    assert model.seen.counts(data.validation) == {"train": 0, "validation": len(data.validation)}


@pytest.mark.filterwarnings("ignore:No phase improved the validation")
def test_the_record_says_that_a_refit_did_not_happen(monkeypatch, data, tmp_path):
    choosing(monkeypatch, 0, 0)
    options = {"batch_size": 8, "progress": False, "run_folder": tmp_path / "run"}
    run = tfft.fit(built(data), data, PLAN, **options, refit=True)
    again = tfft.fit(built(data), data, PLAN, **options, refit=True, resume=True)
    for found in (run, again):
        assert found.refit_left_out
        assert "No refit: no phase improved the validation" in found.describe()
        assert "<p>No refit: no phase improved" in found._repr_html_()
        assert "refit=True" in found.to_code()
        assert json.loads((tmp_path / "run" / "run.json").read_text())["refit_left_out"] is True
    assert json.loads((tmp_path / "run" / SELECTION / "run.json").read_text())["refit_left_out"] is False
    card = (tfft.export(run.model, tmp_path / "none.tfft", run=run) / "card.md").read_text()
    assert "It did not happen, because no phase improved the validation." in card
    report = tfft.evaluate(run.model, data.validation).save(tmp_path / "report.html", run)
    assert "No refit: no phase improved the validation" in report.read_text()


@pytest.mark.parametrize("refit", [False, True])
def test_nothing_is_said_of_a_refit_that_nobody_asked_for_or_that_happened(monkeypatch, data, refit, tmp_path):
    choosing(monkeypatch, 2, 0)
    run = tfft.fit(built(data), data, PLAN, batch_size=8, progress=False, refit=refit)
    assert (run.refit_left_out, run.to_dict()["refit_left_out"]) == (False, False)
    card = (tfft.export(run.model, tmp_path / "some.tfft", run=run) / "card.md").read_text()
    assert not [
        text for text in (run.describe(), run._repr_html_(), card) if "No refit" in text or "did not happen" in text
    ]


@pytest.mark.filterwarnings("ignore:No phase improved the validation")
def test_a_run_without_any_improvement_is_finished(monkeypatch, data, tmp_path):
    choosing(monkeypatch, 0, 0)
    options = {"batch_size": 8, "refit": True, "progress": False, "run_folder": tmp_path}
    first = tfft.fit(built(data), data, PLAN, **options)
    assert json.loads((tmp_path / "run.json").read_text())["selection"] is None
    again = tfft.fit(built(data), data, PLAN, **options, resume=True)
    assert again.phases[1].history == first.phases[1].history
    tfft.fit(built(data), data, PLAN, **options)  # begins anew without asking


def test_validation_examples_count_as_trained_on(data):
    run = tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False)
    seen = run.model.seen
    assert seen.counts(data.validation) == {"train": len(data.validation), "validation": 0}
    assert seen.refit
    assert tfft.data.leakage.Seen.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen
    assert "Includes 9 training examples" in tfft.evaluate(run.model, data.validation).describe()


def test_a_bundle_says_that_it_was_trained_on_both_parts(data, tmp_path):
    run = tfft.fit(built(data), data, Plan(HEAD), batch_size=8, refit=True, progress=False)
    report = tfft.evaluate(run.model, data.test)
    path = tfft.export(run.model, tmp_path / "both.tfft", report=report, run=run)
    card = (path / "card.md").read_text()
    assert "fitted to training and validation examples together (refit)" in card
    assert card.index("The first training, on the training part:") < card.index(
        "The refit, on training and validation part:"
    )
    loaded = tfft.load(path)
    assert loaded.manifest["trained_on"] == ["train", "validation"]
    assert loaded.seen == run.model.seen
    assert "(refit)" in (tfft.export(run.model, tmp_path / "without.tfft") / "card.md").read_text()
    assert report.seen == {"train": 0, "validation": 0}
    assert "Refit: trained again" in report.save(tmp_path / "report.html", run).read_text()


def test_the_record_shows_validation_metrics_only_as_those_of_the_first_training(data, tmp_path):
    run = tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False, run_folder=tmp_path)
    assert not [name for name in run.history() if name.startswith("val_")]
    assert "val_loss" in run.selection.history()
    text = run.describe()
    assert text.startswith(run.selection.describe())
    assert "trained again on 42 training and 9 validation examples together" in text
    assert "without validation" in text.partition("Refit")[2]
    assert "val_" not in text.partition("Refit")[2]
    assert "Refit: trained again" in run._repr_html_()
    assert [axes.get_title() for axes in run.plot().axes] == ["loss", "accuracy"]
    kept = json.loads((tmp_path / "run.json").read_text())
    assert kept == json.loads(json.dumps(run.to_dict()))
    assert Plan.from_dict(kept["plan"]) == run.plan
    assert Plan.from_dict(kept["selection"]["plan"]) == PLAN
    assert kept["selection"]["phases"][0]["history"]["val_loss"]
    assert kept["data"]["counts"] == {"train": 42, "validation": 9, "test": 9}
    assert "refit=True" in run.to_code()
    assert "last_epoch" not in run.to_code()


def test_the_run_folder_holds_both_runs(data, tmp_path):
    run = tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False, run_folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")} == {
        "checkpoints", "log.jsonl", "model.weights.h5", "run.json", SELECTION
    }  # fmt: skip
    own = built(data, seed=5)
    own.net.load_weights(tmp_path / "model.weights.h5")
    assert bytes_of(own) == bytes_of(run.model)
    assert json.loads((tmp_path / SELECTION / "run.json").read_text())["selection"] is None


class Killer(keras.callbacks.Callback):
    """Interrupt after a number of epochs of both trainings."""

    def __init__(self, epochs):
        super().__init__()
        self.left = epochs

    def on_epoch_end(self, epoch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epochs", [3, 5, 9])
def test_an_interrupted_run_continues_as_if_it_was_never_interrupted(monkeypatch, data, tmp_path, epochs):
    monkeypatch.setattr("tfft.training.checkpoints._LEAST_SECONDS", 0.0)
    choosing(monkeypatch, 3, 2)
    whole = tfft.fit(built(data), data, PLAN, batch_size=8, refit=True, progress=False)
    options = {"batch_size": 8, "refit": True, "progress": False, "run_folder": tmp_path}
    model = built(data)
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(model, data, PLAN, **options, callbacks=[Killer(epochs)])
    with pytest.raises(TfftError, match="holds an unfinished run"):
        tfft.fit(model, data, PLAN, **options)
    run = tfft.fit(model, data, PLAN, **options, resume=True)  # with the weights that it has now
    assert bytes_of(run.model) == bytes_of(whole.model)
    assert [record.history for record in run.phases] == [record.history for record in whole.phases]
    again = tfft.fit(built(data), data, PLAN, **options, resume=True)
    assert bytes_of(again.model) == bytes_of(whole.model)


def test_after_an_interrupted_refit_the_model_has_the_best_weights_of_the_first_training(data):
    plain = tfft.fit(built(data), data, PLAN, batch_size=8, progress=False)
    model = built(data)
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(model, data, PLAN, batch_size=8, refit=True, progress=False, callbacks=[Killer(8)])
    assert bytes_of(model) == bytes_of(plain.model)
    assert model.seen == plain.model.seen  # it has not been trained on validation examples
    assert not model.seen.refit


def test_while_a_refit_trains_the_run_folder_holds_the_first_training(data, tmp_path):
    options = {"batch_size": 8, "progress": False, "run_folder": tmp_path}
    tfft.fit(built(data), data, PLAN, seed=5, **options)  # an older run
    model = built(data)
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(model, data, PLAN, **options, refit=True, callbacks=[Killer(8)])
    assert json.loads((tmp_path / "run.json").read_text())["seed"] == 0
    own = built(data)
    own.net.load_weights(tmp_path / "model.weights.h5")
    assert bytes_of(own) == bytes_of(model)


def test_a_run_with_a_refit_does_not_continue_as_one_without(data, tmp_path):
    options = {"batch_size": 8, "progress": False}
    tfft.fit(built(data), data, PLAN, **options, run_folder=tmp_path / "plain")
    tfft.fit(built(data), data, PLAN, **options, run_folder=tmp_path / "both", refit=True)
    with pytest.raises(TfftError, match="refit=False then, refit=True now"):
        tfft.fit(built(data), data, PLAN, **options, run_folder=tmp_path / "plain", refit=True, resume=True)
    with pytest.raises(TfftError, match="refit=True then, refit=False now"):
        tfft.fit(built(data), data, PLAN, **options, run_folder=tmp_path / "both", resume=True)
    tfft.fit(built(data), data, PLAN, **options, run_folder=tmp_path / "both")  # finished: begins anew, without a refit
    tfft.fit(built(data), data, PLAN, **options, run_folder=tmp_path / "both", resume=True)


def test_a_refit_does_not_continue_without_its_initial_weights(monkeypatch, data, tmp_path):
    options = {"batch_size": 8, "progress": False, "refit": True, "run_folder": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(built(data), data, PLAN, **options, callbacks=[Killer(8)])
    for path in (tmp_path / SELECTION / FIRST_WEIGHTS / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(TfftError, match=r"its initial weights are not in 'first_weights'\. Train .*resume=False"):
        tfft.fit(built(data), data, PLAN, **options, resume=True)


def test_features_of_the_first_training_are_not_computed_again(monkeypatch, data):
    from tfft.models.extraction import Extraction

    computed = []
    real = Extraction.fill

    def spied(self, wanted, read, progress, lengths=None):
        computed.append([len(each.table.missing()) for each in wanted])
        return real(self, wanted, read, progress, lengths)

    monkeypatch.setattr(Extraction, "fill", spied)
    for cache in ("memory", "disk"):
        computed.clear()
        tfft.fit(built(data, cache=cache), data, Plan(HEAD), batch_size=8, refit=True, progress=False)
        assert computed[:2] == [[1], [1]]
        assert computed[2:] == [[0], [0]]


def test_texts_are_trained_on_together(monkeypatch):
    texts = [f"{'a good' if i % 2 else 'a bad'} film number {i}{' very' * (i % 7)}" for i in range(40)]
    data = tfft.data.from_arrays(texts, [i % 2 for i in range(40)])

    def toy():
        return tfft.build("toy_text", tfft.tasks.classification(data.labels), cache="memory")

    plan = Plan(Phase("head", nothing(), 3, 0.05), Phase("tune", last_blocks(1), 3, 0.05))
    with monkeypatch.context() as patch:
        choosing(patch, 2, 2)
        run = tfft.fit(toy(), data, plan, batch_size=8, refit=True, progress=False)
    expected = by_hand(monkeypatch, toy(), data, run.plan, 2, 2)
    assert [record.reads.split(",")[0] for record in run.phases] == [
        record.reads.split(",")[0] for record in expected.phases
    ]
    for found, wanted in zip(values_of(run.model), values_of(expected.model), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_teacher_answers_all_examples_of_a_refit(monkeypatch, data):
    teacher = tfft.fit(built(data, seed=3), data, PLAN, batch_size=8, progress=False).model
    with monkeypatch.context() as patch:
        choosing(patch, 2)
        run = tfft.fit(
            built(data, cache="off"), data, Plan(HEAD), batch_size=8, refit=True, progress=False, teacher=teacher
        )
    with pytest.warns(UserWarning, match="The teacher has seen"):
        pass_through = by_hand(
            monkeypatch, built(data, cache="off"), Splits(data.train, data.validation, data.train, data.labels),
            run.plan, 2, teacher=teacher,
        )  # fmt: skip
    for found, wanted in zip(values_of(run.model), values_of(pass_through.model), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_callback_that_stops_a_refit_is_named(monkeypatch, data):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = "val_loss" not in logs

    choosing(monkeypatch, 3)
    with pytest.warns(RunWarning, match="A callback stopped phase 'head' of the refit after 1 of 3 epochs"):
        tfft.fit(built(data), data, Plan(HEAD), batch_size=8, refit=True, progress=False, callbacks=[Stop()])


def test_a_solved_head_is_solved_again(data):
    run = tfft.fit(built(data), data, tfft.plans.linear_probe(), refit=True, progress=False)
    assert [record.best_epoch for record in run.phases] == [1]
    merged = replace(data, train=joined([data.train, data.validation]))
    expected = tfft.fit(built(data), merged, tfft.plans.linear_probe(), progress=False)
    for found, wanted in zip(values_of(run.model), values_of(expected.model), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_bad_arguments_are_refused(data):
    with pytest.raises(PlanError, match=r"refit='yes' cannot be used\. It must be True or False\."):
        tfft.fit(built(data), data, PLAN, refit="yes")
    empty = replace(data, validation=data.validation.take([]))
    with pytest.raises(DataError, match=r"needs a training and a validation part"):
        tfft.fit(built(data), empty, PLAN, refit=True)


TWO = """
import json
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft
ids = np.arange(61) % 3
images = np.random.default_rng(0).integers(0, 120, (61, 16, 16, 3), np.uint8)
images[np.arange(61), ..., ids] += 60
data = tfft.data.from_arrays(images, ids)
for strategy in (None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, strategy=strategy, cache="memory")
    run = tfft.fit(model, data, tfft.plans.two_phase(3, 2), seed=3, batch_size=16, progress=False, refit=True)
    assert run.selection is not None
    print(json.dumps([run.history(), [np.asarray(weight).tolist() for weight in model.net.weights]]))
"""


def test_two_replicas_give_the_refit_of_one_device():
    done = forked.run(TWO, timeout=600)
    assert done.returncode == 0, done.stderr
    one, two = map(json.loads, done.stdout.splitlines())
    for found, wanted in zip(two[1], one[1], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert sorted(one[0]) == ["accuracy", "loss"]
    for name, values in one[0].items():
        assert two[0][name] == pytest.approx(values, abs=1e-4)


def test_several_workers_are_refused(monkeypatch, data):
    model = built(data)
    monkeypatch.setattr("tfft.training.refitting.cluster_of", lambda strategy: object())
    with pytest.raises(PlanError, match=r"refit=True works on one machine.*several workers"):
        tfft.fit(model, data, PLAN, refit=True)
