"""A search begins with the default call, halves by validation, keeps to its budget, and never reads test examples early."""

import json
from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError, TfftError
from tfft.core.fingerprint import fingerprint
from tfft.data.examples import Splits
from tfft.tuning import successive_halving, trial_training
from tfft.tuning.candidate_plans import DEFAULT, Candidate
from tfft.tuning.search_budget import Budget
from tfft.tuning.search_record import SearchRecord
from tfft.tuning.search_trials import identity_of
from tfft.tuning.successive_halving import FRACTIONS, search
from tfft.tuning.trial_training import Setting, Trials

PROBE, SHORT = tfft.plans.linear_probe(), tfft.plans.head_only(2, 0.05)
QUICK = {"batch_size": 8, "progress": False}


class Counted(Sequence):
    """Inputs that count how often they are read, and refuse it until they are opened."""

    def __init__(self, inputs):
        self.inputs, self.reads, self.open = inputs, 0, False

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        if not self.open:
            raise AssertionError("a test example was read")
        self.reads += 1
        return self.inputs[index]


def test_the_first_trial_is_the_default_call_bit_for_bit(data):
    found = search(data, ["toy"], 0.001, seed=3, **QUICK)
    run = tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels), 3), data, seed=3, **QUICK)
    (trial,) = found.trials
    assert (trial.label, trial.plan, trial.loss) == (DEFAULT, run.plan, run.phases[-1].best_loss)
    for one, other in zip(found.model.net.get_weights(), run.model.net.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(found.not_started) > 3
    assert "because the budget ended" in found.describe()
    assert found.report.to_dict()["metrics"] == tfft.evaluate(run.model, data.test, 8).to_dict()["metrics"]


def test_no_trial_reads_a_test_example_and_the_best_model_is_tested_once(data, monkeypatch):
    hidden = Counted(data.test.inputs)
    splits = replace(data, test=replace(data.test, inputs=hidden))
    with pytest.raises(AssertionError, match="was read"):
        tfft.evaluate(tfft.build("toy", tfft.tasks.classification(data.labels)), splits.test)
    evaluate, fit, called, trained = successive_halving.evaluate, trial_training.fit, [], []

    def opening(model, examples, *arguments):
        called.append(examples)
        hidden.open = True
        return evaluate(model, examples, *arguments)

    def watched(model, given, *arguments, **options):
        assert not called
        trained.append(given.test)
        return fit(model, given, *arguments, **options)

    monkeypatch.setattr(successive_halving, "evaluate", opening)
    monkeypatch.setattr(trial_training, "fit", watched)
    found = search(splits, ["toy", tfft.load_backbone("toy", size=32)], plans=[PROBE], **QUICK)
    assert trained == [None, None]
    assert called == [splits.test]
    assert hidden.reads
    assert found.report.count == len(data.test)
    assert found.report.seen == {"train": 0, "validation": 0}


def test_a_file_with_other_weights_is_another_search(data, tmp_path):
    pixels = keras.Input((16, 16, 3))
    net = keras.Model(pixels, keras.layers.Conv2D(4, 3)(pixels))
    net.save(tmp_path / "net.keras")
    about = {"folder": tmp_path / "search", "plans": [], **QUICK}
    search(data, [tfft.load_backbone(str(tmp_path / "net.keras"), pixel_range="zero_to_one")], 0.001, **about)
    net.set_weights([-3 * weights for weights in net.get_weights()])
    net.save(tmp_path / "net.keras")
    with pytest.raises(TfftError, match=r"cannot continue.*weights"):
        search(data, [tfft.load_backbone(str(tmp_path / "net.keras"), pixel_range="zero_to_one")], 0.001, **about)


@pytest.mark.parametrize(
    "changes",
    [
        {"backbone": "vgg16"},
        {"measure": "val_accuracy"},
        {"plan": tfft.plans.full(10**9).to_dict()},
    ],
    ids=["backbone", "measure", "plan"],
)
def test_a_record_with_a_trial_of_another_search_is_refused(data, tmp_path, changes):
    search(data, ["toy"], 0.001, plans=[], folder=tmp_path, **QUICK)
    values = json.loads((tmp_path / "search.json").read_text())
    (trial,) = values["trials"]
    trial.update(changes)
    if "plan" in changes:
        trial.update(kept=[1], epochs=[1], phase_seconds=[1.0])
    del values["hash"]
    (tmp_path / "search.json").write_text(json.dumps(values | {"hash": fingerprint(values)}))
    with pytest.raises(TfftError, match="does not belong to this search"):
        search(data, ["toy"], 0.001, plans=[], folder=tmp_path, **QUICK)


def test_few_examples_are_compared_by_short_trainings(data):
    few = replace(data, train=data.train.take(range(8)))
    found = search(few, ["toy", tfft.load_backbone("toy", size=32)], 0.001, plans=[], **QUICK)
    assert {trial.rung for trial in found.trials} == {0, len(FRACTIONS)}
    assert all(trial.plan is not None and not trial.error for trial in found.trials)


def test_a_task_for_other_labels_is_refused_before_anything_is_trained(data):
    with pytest.raises(DataError, match="labels of task= differ"):
        search(data, ["toy"], task=tfft.tasks.classification(["a", "b"]), **QUICK)


def test_numbers_of_numpy_are_numbers(data, tmp_path):
    about = {"examples": np.int64(50), "batch_size": np.int64(8), "plans": [], "progress": False}
    assert search(data, ["toy"], 0.001, folder=tmp_path, **about).best.label == DEFAULT


def test_without_a_test_part_there_is_no_report(data):
    found = search(replace(data, test=None), ["toy"], 0.001, plans=[], **QUICK)
    assert found.report is None
    assert found.not_started == ()


def test_a_better_plan_is_chosen_and_never_a_worse_one(data):
    better = tfft.plans.two_phase(None, tune_epochs=8, tune_learning_rate=3e-3)
    found = search(data, ["toy"], plans=[better, tfft.plans.head_only(1, 1e-7)], **QUICK)
    default = next(trial.loss for trial in found.trials if trial.label == DEFAULT)
    assert found.best.label == "plan 1"
    assert found.best.loss == min(trial.loss for trial in found.trials) < default
    predicted = tfft.evaluate(found.model, data.validation).metrics["log_loss"]["value"]
    assert predicted == pytest.approx(found.best.loss, rel=1e-4)


def test_texts_and_entities_are_searched_by_probes_or_short_trainings(tmp_path):
    texts = tfft.data.from_arrays([f"{'up' if n % 2 else 'down'} {n}" for n in range(40)], [0, 1] * 20)
    both = ["toy_text", tfft.load_backbone("toy_text", length=16)]
    found = search(texts, both, 0.001, plans=[], **QUICK)
    assert [trial.rung for trial in found.trials][-1] == len(FRACTIONS)
    assert found.trials[0].plan is None
    lines = [f"Ada{number} B-person\nlived O\nin O\nLondon B-place\n" for number in range(20)]
    (tmp_path / "all.conll").write_text("\n".join(lines))
    entities = tfft.data.from_conll(tmp_path / "all.conll")
    found = search(entities, both, 0.02, plans=[], **QUICK)
    first = found.trials[0]
    assert (first.rung, first.measure, [phase.epochs for phase in first.plan]) == (0, "val_tag_f1", [2])
    assert found.best.measure == "val_tag_f1"


# the rest uses trials that train nothing, with a clock of their own


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


PLANS = {
    name: tfft.plans.head_only(epochs=8, learning_rate=1e-4 * (1 + place)) for place, name in enumerate("abcdefgh")
}
BY_RATE = {plan.phases[0].learning_rate: name for name, plan in PLANS.items()}


class Imagined(Trials):
    """Trials whose validation loss is in a table, and which take a second for each epoch."""

    def __init__(self, data, minutes, losses, record=None, clock=None):
        self.clock, self.losses, self.ran = clock or Clock(), losses, []
        backbones = {"toy": tfft.load_backbone("toy"), "other": tfft.load_backbone("toy", size=32)}
        task = tfft.tasks.classification(data.labels)
        setting = Setting(data, backbones, task, 0, 8, 500, tfft.data.Cache("off"), "auto", False, lambda line: None)
        record = record or SearchRecord(None, {})
        super().__init__(setting, record, Budget(minutes, record.seconds, self.clock), lambda: None)

    def _train(self, new, begun):
        (phase,) = new.plan
        name = BY_RATE[phase.learning_rate]
        self.ran.append(f"{name}{phase.epochs}")
        self.clock.now += phase.epochs
        loss = self.losses[name]
        if isinstance(loss, BaseException):
            raise loss
        loss += 1 / phase.epochs
        spent = float(phase.epochs)
        about = {"kept": (1,), "epochs": (phase.epochs,), "phase_seconds": (spent,), "seconds": spent}
        return replace(new, measure="val_loss", value=loss, loss=loss, **about)

    def _probe(self, new, begun):
        self.clock.now += 1
        return replace(new, measure="accuracy", value={"toy": 0.5, "other": 0.75}[new.backbone], seconds=1.0)


def halved(trials, monkeypatch, backbones=("toy",)):
    listed = list(PLANS.items())
    monkeypatch.setattr(successive_halving, "plans_around_default", lambda *_: listed)
    chosen = {name: trials.setting.backbones[name] for name in backbones}
    object.__setattr__(trials.setting, "backbones", chosen)
    successive_halving._halved(trials, successive_halving._candidates(trials.setting, None))
    return trials


LOSSES = {name: number / 10 for number, name in enumerate("abcdefgh")}


def test_each_rung_keeps_the_better_half_and_doubles_its_epochs(data, monkeypatch):
    trials = halved(Imagined(data, 60, LOSSES), monkeypatch)
    wanted = ["a8", *(f"{name}2" for name in "bcdefgh"), "b4", "c4", "d4", "e4", "b8", "c8"]
    assert trials.ran == wanted
    assert trials.not_started == {}
    assert [trial.rung for trial in trials.record.trials] == [3, *[1] * 7, *[2] * 4, 3, 3]


def test_the_default_plan_runs_whatever_the_budget(data, monkeypatch):
    trials = halved(Imagined(data, 0.01, LOSSES), monkeypatch)
    assert trials.ran == ["a8"]
    assert sorted(label for _, label in trials.not_started) == list("bcdefgh")


@pytest.mark.parametrize("minutes", [0.2, 0.3, 0.4, 0.6, 0.8])
def test_no_trial_starts_that_is_expected_to_end_too_late(data, monkeypatch, minutes):
    trials = halved(Imagined(data, minutes, LOSSES), monkeypatch)
    assert trials.clock.now <= max(60 * minutes, 8)
    whole = halved(Imagined(data, 60, LOSSES), monkeypatch)
    assert len(trials.ran) < len(whole.ran)
    assert trials.not_started


def test_more_budget_starts_more_trials_and_repeats_none(data, monkeypatch, tmp_path):
    few = halved(Imagined(data, 0.4, LOSSES, SearchRecord(tmp_path / "s", {})), monkeypatch)
    again = halved(Imagined(data, 0.4, LOSSES, SearchRecord(tmp_path / "s", {})), monkeypatch)
    assert again.ran == []
    assert again.not_started == few.not_started
    more = halved(Imagined(data, 60, LOSSES, SearchRecord(tmp_path / "s", {})), monkeypatch)
    whole = halved(Imagined(data, 60, LOSSES), monkeypatch)
    assert sorted(few.ran + more.ran) == sorted(whole.ran)
    assert more.not_started == {}


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(143)], ids=["ctrl-c", "sigterm"])
def test_an_interrupted_search_continues_where_it_was(data, monkeypatch, tmp_path, stop):
    with pytest.raises(type(stop)):
        halved(Imagined(data, 60, LOSSES | {"d": stop}, SearchRecord(tmp_path / "s", {})), monkeypatch)
    trials = halved(Imagined(data, 60, LOSSES, SearchRecord(tmp_path / "s", {})), monkeypatch)
    whole = halved(Imagined(data, 60, LOSSES), monkeypatch)
    assert trials.ran == [each for each in whole.ran if each not in ("a8", "b2", "c2")]
    assert [trial.to_dict() for trial in trials.record.trials] == [trial.to_dict() for trial in whole.record.trials]


def test_a_failing_trial_is_recorded_and_the_others_go_on(data, monkeypatch):
    losses = LOSSES | {"a": MemoryError("too large"), "b": DataError("NaN.", "b", "Do.")}
    trials = halved(Imagined(data, 60, losses), monkeypatch)
    errors = {trial.label: trial.error for trial in trials.record.trials if trial.error}
    assert errors == {"a": "MemoryError: too large", "b": "NaN. Got: b. Do."}
    assert trials.ran[-2:] == ["c8", "d8"]


def test_when_all_trials_fail_the_first_error_is_told(data, monkeypatch):
    losses = dict.fromkeys(LOSSES, DataError("An image cannot be read.", "3.jpg", "Remove it."))
    trials = halved(Imagined(data, 60, losses), monkeypatch)
    with pytest.raises(
        TfftError, match=r"No trial.* Got: 8 failed; the first one: toy, a: An image cannot be read\. Got: 3"
    ):
        trials.best_run()


def test_the_better_half_of_the_backbones_is_tuned(data, monkeypatch):
    trials = halved(Imagined(data, 60, LOSSES), monkeypatch, ("toy", "other"))
    probes, trained = trials.record.trials[:2], trials.record.trials[2:]
    assert [(trial.backbone, trial.value) for trial in probes] == [("toy", 0.5), ("other", 0.75)]
    assert {trial.backbone for trial in trained} == {"other"}
    assert trained[0].identity == identity_of("other", PLANS["a"])


def test_a_backbone_whose_probe_fails_is_left_out(data, monkeypatch):
    def broken(self, new, begun):
        if new.backbone == "other":
            raise DataError("Features are NaN.")
        return probe(self, new, begun)

    probe = Imagined._probe
    monkeypatch.setattr(Imagined, "_probe", broken)
    trials = halved(Imagined(data, 60, LOSSES), monkeypatch, ("other", "toy"))
    assert {trial.backbone for trial in trials.record.trials[2:]} == {"toy"}
    monkeypatch.setattr(Imagined, "_probe", lambda *_: (_ for _ in ()).throw(DataError("Features are NaN.")))
    none = halved(Imagined(data, 60, LOSSES), monkeypatch, ("other", "toy"))
    assert none.ran == []
    with pytest.raises(
        TfftError, match="2 failed; the first one: other, linear probe, cross-validated: Features are NaN"
    ):
        none.best_run()


def test_backbones_that_do_not_fit_into_the_budget_are_not_started(data, monkeypatch):
    trials = halved(Imagined(data, 0.01, LOSSES), monkeypatch, ("toy", "other"))
    assert [trial.backbone for trial in trials.record.trials] == ["toy", "toy"]
    assert ("other", trial_training.PROBE) in trials.not_started


def test_time_that_is_left_after_the_rungs_is_used_for_candidates_that_did_not_fit(data, monkeypatch):
    class Hasty(Imagined):
        """Only the first trial takes its time, so that the estimates for the others are too long."""

        def _train(self, new, begun):
            done = super()._train(new, begun)
            if len(self.ran) > 1:
                self.clock.now -= 0.9 * done.seconds
            return done

    whole = halved(Imagined(data, 60, LOSSES), monkeypatch)
    hasty = halved(Hasty(data, 0.4, LOSSES), monkeypatch)
    slow = halved(Imagined(data, 0.4, LOSSES), monkeypatch)
    tried = {name: {each[0] for each in trials.ran} for name, trials in (("hasty", hasty), ("slow", slow))}
    assert tried["slow"] < tried["hasty"] == {each[0] for each in whole.ran}
    assert hasty.clock.now <= 24


def test_where_no_shorter_trial_fits_a_rung_passes_on_the_first_half(data):
    all_of_them = [Candidate("toy", name, plan) for name, plan in PLANS.items()]
    nothing = [(each, None) for each in all_of_them]
    assert successive_halving._better_half(all_of_them, nothing) == all_of_them[:4]


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        ((["toy", "vgg61"],), {}, "'vgg61' does not exist"),
        (("toy",), {}, r"search\(\) takes a list of backbones\. Got: 'toy'"),
        ((["toy_text"],), {}, "takes texts, but the data holds images"),
        ((["toy"],), {"seed": 0.5}, "seed=0.5 must be a whole number"),
        ((["toy"], 0), {}, "budget_minutes=0 must be"),
        ((["toy"],), {"cache": "desk"}, "cache='desk' is unknown"),
        ((["toy"],), {"folder": 5}, "folder must be the path"),
    ],
)
def test_wrong_arguments_are_refused_before_weights_are_loaded(data, monkeypatch, arguments, options, match):
    monkeypatch.setattr(trial_training, "build", lambda *_, **__: pytest.fail("weights were loaded"))
    with pytest.raises(TfftError, match=match):
        search(data, *arguments, **options)


def test_data_without_a_part_is_refused(data):
    with pytest.raises(DataError, match=r"takes data from tfft\.data\. Got: an Examples"):
        search(data.train)
    with pytest.raises(DataError, match="needs a training and a validation part"):
        search(Splits(data.train, data.validation.take([]), None, data.labels))
