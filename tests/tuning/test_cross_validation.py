"""Cross-validation answers each example once, by a model that has never met it, and leaves no trace in the model."""

import json
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import tfft
from tests.tuning.test_learning_rate import assert_same, state_of
from tfft.core.errors import DataError, PlanError
from tfft.data.examples import joined
from tfft.measures.base import measured
from tfft.tuning import cross_validation, fold_training
from tfft.tuning.cross_validation import cross_validate

HEAD = tfft.plans.head_only(epochs=3, learning_rate=3e-2)
TWO = tfft.plans.two_phase(head_epochs=2, tune_epochs=2, learning_rate=3e-2)
QUICK = {"folds": 3, "batch_size": 8, "progress": False}


class Unread(Sequence):
    """Inputs that nobody may read."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        raise AssertionError("the test part was read")


def test_each_example_has_one_answer_by_a_model_that_never_met_it(model, data, monkeypatch):
    met = {}
    train = fold_training.train_phases

    def watched(job, run, splits):
        used = {*splits.train.digests, *splits.validation.digests}
        assert used == {*job.context.train.raw.digests, *job.context.validation.raw.digests}
        met[len(met)] = used
        return train(job, run, splits)

    monkeypatch.setattr(fold_training, "train_phases", watched)
    found = cross_validate(model, data, HEAD, **QUICK)
    pool = joined([data.train, data.validation])
    assert found.examples.digests == pool.digests
    assert found.probabilities.shape == (len(pool), 3)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-6)
    for digest, fold in zip(pool.digests, found.fold_of, strict=True):
        assert digest not in met[fold]
        assert all(digest in met[other] for other in met if other != fold)
    assert sum(record.held_out for record in found.folds) == len(pool)
    assert {record.train + record.validation + record.held_out for record in found.folds} == {len(pool)}


def test_the_test_part_is_never_read(model, data):
    hidden = replace(data, test=replace(data.test, inputs=Unread(len(data.test)), digests=("?",) * len(data.test)))
    with pytest.raises(AssertionError, match="was read"):
        tfft.evaluate(model, hidden.test)
    found, other = (cross_validate(model, each, HEAD, **QUICK) for each in (hidden, replace(data, test=None)))
    np.testing.assert_array_equal(found.probabilities, other.probabilities)


def test_copies_and_groups_are_never_in_training_and_held_out(model, data):
    pool = data.train.take(np.concatenate([np.arange(len(data.train)), np.arange(8)]))
    pool = replace(pool, groups=(np.arange(len(pool)) % 20).astype(str))
    found = cross_validate(model, pool, HEAD, **QUICK)
    for names in (np.array(pool.digests), pool.groups):
        assert all(len(set(found.fold_of[names == name])) == 1 for name in names)


@pytest.mark.slow
def test_noise_is_answered_by_chance_and_a_signal_is_found(data, model):
    images = np.random.default_rng(0).integers(0, 255, (200, 16, 16, 3), np.uint8)
    noise = tfft.data.from_arrays(images, np.random.default_rng(1).permutation([0, 1] * 100), holdout=(0.2, 0))
    guessing = tfft.build("toy", tfft.tasks.classification(noise.labels), seed=1)
    plan = tfft.plans.full(epochs=10, learning_rate=3e-3, train_norms=True)
    accuracy = cross_validate(guessing, noise, plan, progress=False).report.metrics["accuracy"]["value"]
    assert abs(accuracy - 0.5) <= 3 * np.sqrt(0.25 / 200)
    longer = tfft.plans.head_only(epochs=20, learning_rate=0.1)
    assert cross_validate(model, data, longer, **QUICK).report.metrics["accuracy"]["value"] > 0.7  # chance is a third


def test_the_same_seed_gives_the_same_result_and_another_seed_another(model, data):
    one, same, other = (cross_validate(model, data, TWO, seed=seed, **QUICK | {"folds": 2}) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.fold_of, same.fold_of)
    np.testing.assert_array_equal(one.probabilities, same.probabilities)
    assert one.mean == same.mean
    assert not np.array_equal(one.fold_of, other.fold_of)


@pytest.mark.parametrize("cache", ["memory", "disk", "off"])
def test_the_model_is_afterwards_what_it_was(data, cache):
    model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.3), seed=1, cache=cache)
    model.apply(tfft.trainable.last_blocks(1))
    before = state_of(model)
    cross_validate(model, data, TWO, **QUICK | {"folds": 2})
    assert_same(before, state_of(model))
    assert model.seen is None
    assert model.precision is None


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_after_an_error_or_ctrl_c_in_the_second_fold_the_model_is_as_before(model, data, monkeypatch, stop):
    train, calls = fold_training.train_phases, []

    def stopping(*arguments):
        run = train(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise stop
        return run

    monkeypatch.setattr(fold_training, "train_phases", stopping)
    before = state_of(model)
    with pytest.raises(stop):
        cross_validate(model, data, TWO, **QUICK)
    assert len(calls) == 2
    assert_same(before, state_of(model))
    assert model.seen is None


def test_the_result_says_mean_spread_and_all_answers_together(model, data):
    found = cross_validate(model, data, HEAD, **QUICK)
    values = [record.metrics["accuracy"] for record in found.folds]
    assert found.mean["accuracy"] == pytest.approx(sum(values) / 3)
    assert found.deviation["accuracy"] == pytest.approx(np.std(values, ddof=1))
    for number, record in enumerate(found.folds):
        held = found.fold_of == number
        hits = found.probabilities[held].argmax(axis=1) == found.examples.targets[held]
        assert record.metrics["accuracy"] == pytest.approx(hits.mean())
        assert list(record.epochs) == ["head"]
    scores = model.task.score(found.examples, found.probabilities)
    pooled = {name: row["value"] for name, row in found.report.metrics.items()}
    assert pooled == pytest.approx(measured(model.task.measures, scores))
    row = found.report.metrics["accuracy"]
    assert row["low"] <= row["value"] <= row["high"]
    written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert written["mean"]["accuracy"] == pytest.approx(found.mean["accuracy"])
    assert [fold["held_out"] for fold in written["folds"]] == [record.held_out for record in found.folds]
    assert found.describe().startswith("accuracy of 3 folds: mean ")
    assert f"on {len(found.fold_of)} examples" in found.describe()
    shown = found._repr_html_()
    assert all(f"<th>{heading}</th>" in shown for heading in ("metric", "mean", "standard deviation", "fold 3"))


def test_a_trained_model_is_refused_unless_it_has_met_other_examples(data):
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    tfft.fit(model, data, HEAD, batch_size=8, progress=False)
    with pytest.raises(DataError, match=r"already been trained on some.*51 of 51 examples.*new model from build"):
        cross_validate(model, data, HEAD, **QUICK)
    assert len(cross_validate(model, data.test, HEAD, **QUICK | {"folds": 3}).fold_of) == len(data.test)


def test_too_few_examples_are_refused_before_anything_is_computed(model, data, monkeypatch):
    monkeypatch.setattr(cross_validation, "prepared", lambda *_: pytest.fail("something was computed"))
    with pytest.raises(DataError, match=r"20 folds need 20 examples of every class.*Use folds=17"):
        cross_validate(model, data, HEAD, folds=20)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"folds": 1}, DataError, "at least 2"),
        ({"plan": HEAD.phases[0]}, PlanError, "must be a Plan"),
        ({"seed": "x"}, tfft.core.errors.TfftError, "whole number"),
        ({"batch_size": 0}, (DataError, PlanError), "batch_size=0"),
        ({"batch_size": "all"}, DataError, "not a number"),
    ],
)
def test_wrong_arguments_are_refused(model, data, options, error, match):
    with pytest.raises(error, match=match):
        cross_validate(model, data, **{"plan": HEAD, **options})


def test_other_first_arguments_are_refused(model, data):
    with pytest.raises(DataError, match=r"takes a model from build\(\).*Got: a str and a Splits"):
        cross_validate("toy", data)
    with pytest.raises(DataError, match="Got: a TransferModel and a list"):
        cross_validate(model, [1, 2])


def test_data_of_other_labels_is_refused(model):
    images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
    with pytest.raises(DataError, match="labels of the data differ"):
        cross_validate(model, tfft.data.from_arrays(images, ["x", "y"] * 10), HEAD, **QUICK)


def test_several_workers_are_refused(model, data, monkeypatch):
    monkeypatch.setattr(cross_validation, "cluster_of", lambda _: SimpleNamespace(count=2))
    with pytest.raises(PlanError, match=r"one process, not with several workers.*2 workers.*Unset TF_CONFIG"):
        cross_validate(model, data, HEAD, **QUICK)
