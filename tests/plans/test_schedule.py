"""Schedules are values with a shape and a warm-up."""

import json

import pytest

from tfft import plans
from tfft.core.errors import PlanError
from tfft.plans.schedule import Schedule, constant, cosine


def test_the_default_is_a_cosine_with_a_tenth_of_warmup() -> None:
    assert Schedule() == cosine() == Schedule("cosine", 0.1)
    assert constant() == Schedule("constant", 0.0)
    assert plans.cosine is cosine


@pytest.mark.parametrize("schedule", [cosine(), cosine(0.25), constant(), constant(0.5), cosine(0)])
def test_schedules_survive_json(schedule: Schedule) -> None:
    assert Schedule.from_dict(json.loads(json.dumps(schedule.to_dict()))) == schedule


@pytest.mark.parametrize("warmup", [-0.1, 1, 1.5, float("nan"), float("inf"), "0.1", None, True])
def test_a_warmup_that_is_no_share_is_refused(warmup: object) -> None:
    for make in (cosine, constant):
        with pytest.raises(PlanError, match=r"must be a fraction of the phase in \[0, 1\)\. 0\.1 is common") as caught:
            make(warmup)
        assert f"warmup={warmup!r}" in caught.value.what


@pytest.mark.parametrize("shape", ["linear", "", None, ["cosine"]])
def test_an_unknown_shape_is_refused_with_the_known_ones(shape: object) -> None:
    with pytest.raises(PlanError, match=r"Use plans\.cosine\(\), plans\.slanted\(\) or plans\.constant\(\)") as caught:
        Schedule(shape)  # type: ignore[arg-type]
    assert repr(shape) in caught.value.what
