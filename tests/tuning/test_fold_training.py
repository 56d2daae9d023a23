"""Folds share what is the same in all of them, and each is trained as ``fit`` trains."""

import numpy as np
import pytest

import tfft
from tfft.data.examples import joined
from tfft.data.folds import folds_of
from tfft.evaluation.predictions import predict
from tfft.inputs import image
from tfft.models import extraction, inference
from tfft.tuning.cross_validation import cross_validate

QUICK = {"folds": 3, "batch_size": 8, "progress": False}
TWICE = QUICK | {"folds": 2}
HEAD = tfft.plans.head_only(epochs=2)
TWO = tfft.plans.two_phase(head_epochs=2, tune_epochs=2, learning_rate=3e-2)
FLIPS = (tfft.plans.augmentation.flips(),)


@pytest.fixture
def counted(monkeypatch):
    """The numbers of examples of the passes that compute features, and of the nets that a pass calls."""
    passes = []

    class Counting(extraction.Extraction):
        def _batches(self, compute, loading, positions):
            passes.append(len(positions))
            return super()._batches(compute, loading, positions)

    monkeypatch.setattr("tfft.training.trunk_cache.Extraction", Counting)
    monkeypatch.setattr(inference, "Extraction", Counting)
    return passes


def built(data, cache, **options):
    return tfft.build("toy", tfft.tasks.classification(data.labels, **options), seed=1, cache=cache)


@pytest.mark.parametrize("cache", ["memory", "disk"])
@pytest.mark.parametrize("plan", [HEAD, TWO], ids=["head", "two"])
def test_features_of_each_example_are_computed_once_for_all_folds(data, counted, cache, plan):
    found = cross_validate(built(data, cache), data, plan, **QUICK)
    assert counted == [len(found.fold_of)]


def test_each_image_is_read_once_for_all_folds_besides_a_few_for_checks(data, monkeypatch):
    model, read = built(data, "memory"), []
    call = type(model.preprocessor).__call__
    monkeypatch.setattr(type(model.preprocessor), "__call__", lambda self, item: read.append(1) or call(self, item))
    found = cross_validate(model, data, TWO, **QUICK)
    assert len(read) <= len(found.fold_of) + 4 * 3, "a few of each fold, to compare the answers with those of the net"


def test_a_second_cross_validation_finds_the_features_on_disk(data, counted):
    model = built(data, "disk")
    one = cross_validate(model, data, TWO, **QUICK)
    two = cross_validate(model, data, TWO, **QUICK)
    assert counted == [len(one.fold_of)]
    np.testing.assert_array_equal(one.probabilities, two.probabilities)


def test_augmented_training_examples_are_computed_in_each_fold_and_the_others_once(data, counted):
    found = cross_validate(built(data, "memory"), data, HEAD.with_phases(augment=FLIPS), **QUICK)
    train = sum(record.train for record in found.folds)
    assert sorted(counted)[-1] == len(found.fold_of)
    assert sum(counted) == 2 * train + len(found.fold_of), "two views of the training examples"


def test_images_are_decoded_once_for_all_folds_where_no_features_can_be_cached(class_folder, monkeypatch):
    data, read, decoded = tfft.data.from_folder(class_folder, holdout=(0.2, 0)), [], image.decoded
    monkeypatch.setattr(image, "decoded", lambda item, size: read.append(item) or decoded(item, size))
    found = {}
    for cache in ("off", "memory"):
        read.clear()
        result = cross_validate(built(data, cache), data, tfft.plans.full(epochs=2), **QUICK)
        found[cache] = result.probabilities, sum(isinstance(item, (str, bytes)) for item in read)
    np.testing.assert_array_equal(found["off"][0], found["memory"][0])
    assert found["off"][1] > 3 * 2 * 16 + 24, "each epoch of each fold"
    assert found["memory"][1] <= 24 + 24 + 4 * 3, "once to train, once to answer, and a few for checks"


@pytest.mark.parametrize("plan", [HEAD, TWO, tfft.plans.full(epochs=1)], ids=["head", "two", "full"])
def test_the_features_change_no_answer(data, plan):
    found = [cross_validate(built(data, cache), data, plan, **TWICE) for cache in ("off", "memory", "disk")]
    for other in found[1:]:
        np.testing.assert_allclose(other.probabilities, found[0].probabilities, atol=1e-5)


@pytest.mark.parametrize("cache", ["off", "memory"])
def test_a_fold_is_what_fit_and_evaluate_give_for_its_parts(data, cache):
    plan = TWO.with_phases(train_norms=True)
    found = cross_validate(built(data, cache, dropout=0.3), data, plan, seed=4, **TWICE)
    pool = joined([data.train, data.validation])
    for number, (fold, record) in enumerate(zip(folds_of(pool, 2, seed=4), found.folds, strict=True)):
        splits = fold.splits(pool, 4)
        run = tfft.fit(built(data, cache, dropout=0.3), splits, plan, seed=4, batch_size=8, progress=False)
        expected = predict(run.model, splits.test, 8).probabilities
        np.testing.assert_allclose(found.probabilities[found.fold_of == number], expected, atol=1e-4)
        assert record.epochs == {phase.phase.name: phase.best_epoch for phase in run.phases}
        report = tfft.evaluate(run.model, splits.test)
        values = {name: row["value"] for name, row in report.metrics.items()}
        assert record.metrics == pytest.approx(values, abs=1e-3)
        assert report.seen == {"train": 0, "validation": 0}


def test_balanced_weights_and_the_default_plan_are_those_of_each_fold(data):
    model = built(data, "memory", class_weights="balanced")
    found = cross_validate(model, data, **QUICK)
    assert [phase.name for phase in found.plan] == ["head", "tune"]
    assert len(found.probabilities) == len(found.fold_of)


def test_the_folds_are_announced(data, capfd):
    cross_validate(built(data, "memory"), data, HEAD, **QUICK | {"progress": None})
    shown = capfd.readouterr().err
    assert [f"fold {number} of 3" in shown for number in range(1, 5)] == [True, True, True, False]
