"""A trial survives JSON, ranks as ``fit`` does, and refuses values that no search has written."""

import json
from types import SimpleNamespace

import pytest

import tfft
from tfft.core.errors import DataError, PlanError
from tfft.tuning.search_trials import SearchTrial, best_of, identity_of

PLAN = tfft.plans.two_phase(head_epochs=2, tune_epochs=1, augment=tfft.plans.augmentation.named("flips"))


def trial(value=0.5, loss=0.5, measure="val_loss", **changes):
    fields = {"kept": (2, 0), "epochs": (2, 1), "phase_seconds": (1.5, 2.5), "metrics": {"val_loss": loss}}
    return SearchTrial("toy", "default plan", 3, PLAN, measure, value, loss, **(fields | {"seconds": 5.0} | changes))


def probe(value=0.75):
    return SearchTrial("toy", "probe", 0, None, "accuracy", value, seconds=1.0)


def failed():
    return SearchTrial("toy", "default plan", 1, PLAN).failed(PlanError("No.", "nothing", "Do."), 1.0)


@pytest.mark.parametrize("made", [trial(), probe(), failed()], ids=["trained", "probe", "failed"])
def test_a_trial_comes_back_from_json_as_it_was(made):
    assert SearchTrial.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_the_lowest_loss_or_the_highest_metric_is_best():
    low, high = trial(0.4, 0.4), trial(0.6, 0.6)
    assert best_of([high, low, probe(), failed()]) is low
    worse, better = trial(0.6, 0.1, "val_f1"), trial(0.7, 0.9, "val_f1")
    assert best_of([worse, better]) is better
    equal = trial(0.7, 0.8, "val_f1")
    assert best_of([better, equal]) is equal  # the loss decides
    assert best_of([probe(), failed()]) is None


def test_the_identity_is_that_of_backbone_and_plan_alone():
    assert trial().identity == identity_of("toy", PLAN) == failed().identity
    assert trial().identity not in (probe().identity, identity_of("tfft_mini", PLAN))


def phase(**changes):
    about = {
        "history": {"loss": [1.0, 0.9], "val_loss": [0.8, 0.7], "val_f1": [0.1, 0.2]},
        "best_epoch": 2,
        "seconds": 2.0,
    }
    about |= {"rank": (0.7, 0.7), "best_loss": 0.7, "best_metric": None} | changes
    return SimpleNamespace(**about)


def run(*phases, watched="loss"):
    return SimpleNamespace(phases=phases, model=SimpleNamespace(task=SimpleNamespace(watched=watched)))


def test_the_results_are_those_of_the_kept_weights():
    kept = SearchTrial("toy", "", 1, PLAN).of(run(phase(), phase(best_epoch=0)), 3.0)
    assert (kept.measure, kept.value, kept.loss, kept.kept, kept.epochs) == ("val_loss", 0.7, 0.7, (2, 0), (2, 2))
    assert kept.metrics == {"val_loss": 0.7, "val_f1": 0.2}
    assert kept.seconds == 4.0  # a continued run has trained before this call
    watching = SearchTrial("toy", "", 1, PLAN).of(run(phase(), phase(best_metric=0.2), watched="f1"), 9.0)
    assert (watching.measure, watching.value, watching.rank) == ("val_f1", 0.2, (-0.2, 0.7))


@pytest.mark.parametrize("rank", [None, (float("nan"), float("nan"))])
def test_a_run_without_a_finite_validation_has_failed(rank):
    found = SearchTrial("toy", "", 1, PLAN).of(run(phase(rank=rank)), 1.0)
    assert found.status == "failed"
    assert "NaN or infinite" in found.error
    assert SearchTrial.from_dict(found.to_dict()) == found


def test_errors_are_one_line_of_limited_length():
    assert SearchTrial("toy", "", 1, PLAN).failed(PlanError("No.", "a\nb", "Do."), 0.5).error == "No. Got: a b. Do."
    long = SearchTrial("toy", "", 1, PLAN).failed(PlanError("No.", "x" * 400, "Do."), 0.5).error
    assert long == f"No. Got: {'x' * 400}. Do."
    assert SearchTrial("toy", "", 1, PLAN).failed(ValueError("x" * 999), 0.5).error == "ValueError: " + "x" * 288
    assert SearchTrial("toy", "", 1, PLAN).failed("", 0.5).status == "failed"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"extra": 1}, "other fields"),
        ({"backbone": 5}, "'backbone' of a trial is invalid"),
        ({"rung": -1}, "'rung'"),
        ({"rung": True}, "'rung'"),
        ({"value": float("inf")}, "'value'"),
        ({"value": "0.5"}, "'value'"),
        ({"metrics": {"val_loss": None}}, "'metrics'"),
        ({"kept": [1, "2"]}, "'kept'"),
        ({"epochs": 2}, "'epochs'"),
        ({"phase_seconds": [-1.0, 1.0]}, "'phase_seconds'"),
        ({"seconds": 1e300}, "'seconds'"),
        ({"plan": {"phases": []}}, "plan of a trial is invalid"),
        ({"plan": [1]}, "plan of a trial is invalid"),
        ({"status": "failed"}, "status of a trial"),
        ({"error": "boom", "status": "failed"}, "a value and no error|no value and no error"),
        ({"loss": None}, "no value and no error"),
        ({"kept": [1]}, "other phases than its plan"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_values_that_no_search_has_written_are_refused(changes, match):
    with pytest.raises(DataError, match=match):
        SearchTrial.from_dict(trial().to_dict() | changes)


@pytest.mark.parametrize("values", [None, [], "trial", {}])
def test_what_is_no_trial_is_refused(values):
    with pytest.raises(DataError, match="other fields"):
        SearchTrial.from_dict(values)
