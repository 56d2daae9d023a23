"""The proof of what moved tells a forgotten variable from a starved one."""

import warnings

import numpy as np
import pytest

import tfft
from tfft.core.errors import MovementError, RunWarning
from tfft.plans import Phase, Plan
from tfft.trainable import everything, last_blocks


def test_a_rate_too_small_to_change_a_bit_is_a_warning_that_names_the_variables(model, data):
    with pytest.warns(RunWarning, match=r"too small to change them: .*block3_conv/kernel.*learning rate, now 1e-30"):
        run = tfft.fit(model, data, Plan(Phase("asleep", last_blocks(1), 1, 1e-30)))
    assert {row.path for row in run.phases[0].overview.rows if row.intent == "train" and not row.moved}


def test_a_variable_without_any_gradient_is_an_error_that_carries_the_run(model, data):
    # a norm that scales by zero lets nothing through to the convolution in front of it
    model.backbone_net.get_layer("block3_bn").gamma.assign(np.zeros(8))
    with pytest.raises(MovementError, match=r"block3_conv/kernel \(did not move, meant to train\)") as caught:
        tfft.fit(model, data, Plan(Phase("dead", last_blocks(1), 1, 0.05)))
    assert caught.value.run.model.net is model.net
    assert len(caught.value.run.phases) == 1


def test_a_healthy_phase_says_nothing(model, data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = tfft.fit(model, data, Plan(Phase("all", everything(), 1, 0.01, weight_decay=0.1)))
    assert not run.phases[0].overview.discrepancies()
