"""Code that is printed makes the plan it was printed from."""

import pytest

import tfft
from tfft import plans, trainable
from tfft.plans import augmentation
from tfft.plans.code import to_code

PLANS = {
    "two_phase": plans.two_phase(),
    "full": plans.full(3, 2e-4, train_norms=True, weight_decay=0.01),
    "augmented": plans.head_only(augment=(augmentation.crops(scale=(0.3, 1.0)), augmentation.cutmix())),
    "encoder": plans.encoder(4, 5e-5, layer_decay=0.9, head=1.5),
    "gradual": plans.gradual(2, 3),
    "rates alone": plans.two_phase().with_phases(rates=plans.Rates(layer_decay=0.1 + 0.2)),
    "own": plans.Plan(
        plans.Phase("a", trainable.match("block5_.*", "head"), 2, 1e-3, schedule=plans.constant(0.2), clip_norm=None),
        plans.Phase("b", trainable.bias_only(), 1, 1e-4, patience=2),
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_code_makes_an_equal_plan(name):
    assert eval(to_code(PLANS[name]), {"tfft": tfft}) == PLANS[name]


def test_defaults_are_left_out():
    assert "clip_norm" not in to_code(PLANS["two_phase"])
    assert "schedule" not in to_code(PLANS["two_phase"])
    assert "rates" not in to_code(PLANS["two_phase"])
    assert "rates=tfft.plans.Rates(layer_decay=0.9, head=1.5)" in to_code(PLANS["encoder"])
