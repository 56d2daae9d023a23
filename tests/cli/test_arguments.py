"""What is typed becomes the values it names, and nothing else."""

import pytest
import typer

from tfft.cli import arguments
from tfft.cli.arguments import PlanName


@pytest.mark.parametrize(("typed", "meant"), [("none", None), ("None", None), ("imagenet", "imagenet")])
def test_weights_can_be_none(typed, meant):
    described = arguments.describe_backbone("mobilenet", typed, None, 0.5)
    assert dict(described.options) == {"weights": meant, "alpha": 0.5}


def test_numbers_reach_the_recipe():
    plan = arguments.describe_plan(PlanName.two_phase, 2, 3, 4, 0.01)
    assert [(phase.epochs, phase.trainable.describe()) for phase in plan] == [(2, "nothing()"), (3, "last_blocks(4)")]
    assert plan.phases[0].learning_rate == 0.01
    assert arguments.describe_plan(PlanName.full, 7, None, None, None).phases[0].epochs == 7
    with pytest.raises(typer.BadParameter, match="belong to two_phase, not to full"):
        arguments.describe_plan(PlanName.full, 7, None, 2, None)
