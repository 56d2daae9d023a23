"""Phases and plans check their numbers when they are written, and survive JSON."""

import json
import math
from dataclasses import FrozenInstanceError, replace

import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.plans.phase import Phase, Plan
from tfft.plans.rates import Rates
from tfft.plans.schedule import constant
from tfft.trainable.policy import last_blocks, match, nothing

PHASE = Phase("head", nothing(), 3, 1e-3)
FULL = Phase("tune", match("a.*", "b"), 2, 1e-5, constant(0.2), 0.05, None, 4, True)
RATED = replace(FULL, rates=Rates(layer_decay=0.8, head=20.0))


def test_a_phase_that_ends_early_says_so() -> None:
    cut = replace(PHASE, last_epoch=2)
    assert (cut.end, PHASE.end) == (2, 3)
    assert cut.describe() == "head: nothing(), 2 of 3 epochs, learning rate 0.001 (cosine)"
    assert replace(PHASE, last_epoch=3).describe() == PHASE.describe()
    assert "last_epoch=2" in tfft.plans.code.to_code(Plan(cut))
    assert Phase.from_dict({name: value for name, value in PHASE.to_dict().items() if name != "last_epoch"}) == PHASE
    for wrong in (0, 4, 1.5, True):
        with pytest.raises(PlanError, match=r"last_epoch=.* of phase 'head' cannot be used.*from 1 to epochs"):
            replace(PHASE, last_epoch=wrong)


@pytest.mark.parametrize("phase", [PHASE, FULL, RATED, replace(FULL, last_epoch=1)])
def test_a_phase_survives_json(phase: Phase) -> None:
    again = Phase.from_dict(json.loads(json.dumps(phase.to_dict())))
    assert again == phase
    assert hash(again) == hash(phase)


def test_a_plan_survives_json_and_keeps_its_order() -> None:
    plan = Plan(FULL, PHASE)
    again = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again == plan
    assert [phase.name for phase in again] == ["tune", "head"]
    assert len(again) == 2


def test_values_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PHASE.epochs = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Plan(PHASE).phases = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("name", "", "a non-empty string"),
        ("name", 3, "a non-empty string"),
        ("trainable", "nothing", "a policy such as tfft.trainable.last_blocks(1)"),
        ("trainable", nothing, "a policy"),
        ("epochs", 0, "a whole number of at least 1"),
        ("epochs", 1.0, "a whole number of at least 1"),
        ("epochs", True, "a whole number of at least 1"),
        ("learning_rate", 0, "a number in (0, 10]"),
        ("learning_rate", -1e-3, "a number in (0, 10]"),
        ("learning_rate", 11, "a number in (0, 10]"),
        ("learning_rate", math.nan, "a number in (0, 10]"),
        ("learning_rate", "1e-3", "a number in (0, 10]"),
        ("schedule", "cosine", "plans.cosine() or plans.constant()"),
        ("weight_decay", -0.1, "a number in [0, 1)"),
        ("weight_decay", 1, "a number in [0, 1)"),
        ("clip_norm", 0, "None or above 0"),
        ("clip_norm", "1", "None or above 0"),
        ("patience", 0, "None or a whole number of at least 1"),
        ("patience", 1.5, "None or a whole number of at least 1"),
        ("averaging", 1, "a number in [0, 1)"),
        ("averaging", -0.1, "a number in [0, 1)"),
        ("averaging", True, "a number in [0, 1)"),
        ("train_norms", 1, "True or False"),
        ("train_norms", None, "True or False"),
        ("rates", 0.8, "made by plans.Rates()"),
        ("rates", None, "made by plans.Rates()"),
        ("rates", {"layer_decay": 0.8, "head": 1.0}, "made by plans.Rates()"),
        ("rates", Rates, "made by plans.Rates()"),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(field: str, value: object, fix: str) -> None:
    with pytest.raises(PlanError) as caught:
        replace(PHASE, **{field: value})
    assert f"{field}={value!r}" in caught.value.what
    assert fix in caught.value.fix


def test_an_unknown_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(PlanError, match=r"no field 'learningrate'.*'learning_rate'"):
        Phase.from_dict(PHASE.to_dict() | {"learningrate": 1})
    with pytest.raises(PlanError, match=r"no field 'epoch'.*'epochs'"):
        Plan(PHASE).with_phases(epoch=3)


@pytest.mark.parametrize("missing", ["trainable", "name", "epochs"])
def test_a_missing_field_is_refused_by_name(missing: str) -> None:
    values = PHASE.to_dict()
    del values[missing]
    with pytest.raises(PlanError, match=rf"A phase cannot be made from.*{missing}.*Pass the result of to_dict\(\)"):
        Phase.from_dict(values)


def test_plans_written_before_rates_existed_still_read() -> None:
    values = PHASE.to_dict()
    assert values.pop("rates") == {"layer_decay": 1.0, "head": 1.0}
    assert Phase.from_dict(json.loads(json.dumps(values))) == PHASE
    assert Plan.from_dict({"phases": [values]}) == Plan(PHASE)
    assert Phase.from_dict(values).rates == Rates()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"layer_decay": 0.8}, "head"),
        ({"layer_decay": 0, "head": 1}, r"layer_decay=0 must be a number in \(0, 1\]"),
        (None, "A phase cannot be made from"),
        (0.8, "A phase cannot be made from"),
    ],
)
def test_rates_that_cannot_be_read_are_refused(written: object, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        Phase.from_dict(PHASE.to_dict() | {"rates": written})


def test_rates_change_what_a_phase_is_and_says() -> None:
    assert RATED != FULL
    assert RATED.describe() == FULL.describe().replace("norms train", "norms train, head x 20, layer decay 0.8")
    assert "head x" not in FULL.describe()
    assert Plan(FULL).with_phases(rates=RATED.rates) == Plan(RATED)


def test_a_plan_from_nothing_is_refused() -> None:
    with pytest.raises(PlanError, match=r"needs one or more phases. Got: \(\). Write Plan\(Phase\(...\)"):
        Plan()
    with pytest.raises(PlanError, match=r"needs one or more phases"):
        Plan.from_dict({})
    with pytest.raises(PlanError, match=r"needs one or more phases. Got: \('head',\)"):
        Plan("head")  # type: ignore[arg-type]


def test_two_phases_of_one_name_are_refused() -> None:
    with pytest.raises(PlanError, match=r"different names; got \['head', 'head'\]. Rename one"):
        Plan(PHASE, replace(FULL, name="head"))


def test_with_phases_changes_all_and_leaves_the_plan() -> None:
    plan = Plan(PHASE, FULL)
    changed = plan.with_phases(patience=2, epochs=1)
    assert [(phase.patience, phase.epochs) for phase in changed] == [(2, 1), (2, 1)]
    assert plan == Plan(PHASE, FULL)
    with pytest.raises(PlanError, match="epochs=0"):
        plan.with_phases(epochs=0)


def test_phases_describe_themselves_in_one_line() -> None:
    assert PHASE.describe() == "head: nothing(), 3 epochs, learning rate 0.001 (cosine)"
    one = Phase("tune", last_blocks(2), 1, 3e-5, constant(), train_norms=True)
    assert one.describe() == "tune: last_blocks(2), 1 epoch, learning rate 3e-05 (constant, norms train)"
    assert Plan(PHASE, one).describe() == f"{PHASE.describe()}\n{one.describe()}"
    assert replace(PHASE, patience=2).describe() == f"{PHASE.describe()}, patience 2"


def test_phase_and_plan_are_public() -> None:
    assert tfft.Phase is Phase
    assert tfft.Plan is Plan


def test_a_phase_that_was_written_before_there_were_averages_is_read() -> None:
    written = Phase("head", nothing(), 1, 0.1).to_dict()
    del written["averaging"]
    assert Phase.from_dict(written) == Phase("head", nothing(), 1, 0.1)
