"""The optimizer of a phase takes the steps of AdamW, at the rate of its schedule and of each block."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tfft.plans import Phase, Rates, constant, cosine
from tfft.trainable import everything, match
from tfft.training.optimizer import learning_rate, optimizer_for


def rates(schedule, steps, highest=1.0):
    rate = learning_rate(schedule, highest, steps)
    return np.array([float(rate(step)) for step in range(steps)])


def test_cosine_rises_linearly_then_falls_to_nothing():
    found = rates(cosine(0.2), 50)
    assert found.argmax() == 10
    assert found.max() == pytest.approx(1.0)
    assert np.allclose(np.diff(found[:10]), np.diff(found[:10])[0])
    assert (np.diff(found[10:]) < 0).all()
    assert found[-1] < 0.01


@pytest.mark.parametrize("schedule", [cosine(), constant(), cosine(0.5), constant(0.3)])
@pytest.mark.parametrize("steps", [1, 2, 3, 100])
def test_no_step_has_rate_zero(schedule, steps):
    found = rates(schedule, steps)
    assert (found > 0).all()
    assert found.max() <= 1.0 + 1e-6


def test_constant_stays():
    assert np.allclose(rates(constant(), 20), 1.0)
    assert np.allclose(rates(constant(0.5), 20)[10:], 1.0)


def test_decay_leaves_biases_and_norms_alone():
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything(), train_norms=True)
    phase = Phase("p", everything(), 1, 0.1, weight_decay=0.5, train_norms=True)
    assert shrunk(phase, overview) == {row.path for row in overview.trained() if row.path.endswith("kernel")}


def test_decay_leaves_the_biases_of_attention_alone():
    """They have the shape (heads, width), and are biases all the same."""
    model = tfft.build("toy_text", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything(), train_norms=True)
    phase = Phase("p", everything(), 1, 0.1, weight_decay=0.5, train_norms=True)
    assert {path for path in shrunk(phase, overview) if path.endswith(("bias", "gamma", "beta"))} == set()
    kernels = {row.path for row in overview.trained() if row.path.endswith(("kernel", "embeddings"))}
    assert shrunk(phase, overview) >= kernels


def shrunk(phase, overview):
    """Paths of what a step without any gradient makes smaller."""
    trained = trained_by(overview)
    optimizer = optimizer_for(phase, overview, 10)
    for variable in trained.values():
        variable.assign(np.ones(variable.shape))
    optimizer.build(list(trained.values()))
    optimizer.apply([keras.ops.zeros(v.shape) for v in trained.values()], list(trained.values()))
    return {path for path, variable in trained.items() if float(variable.numpy().min()) < 1}


def trained_by(overview):
    pairs = zip(overview.rows, overview.variables, strict=True)
    return {row.path: variable for row, variable in pairs if row.intent == "train"}


def stepped(optimizer, trained, steps, scale=1.0):
    """Values after some steps from ones on, by random gradients that are far from 0."""
    for variable in trained.values():
        variable.assign(np.ones(variable.shape))
    optimizer.build(list(trained.values()))
    random = np.random.default_rng(0)
    for _ in range(steps):
        slopes = [random.choice([-1, 1], v.shape) * random.uniform(0.5, 2, v.shape) for v in trained.values()]
        optimizer.apply([keras.ops.cast(slope * scale, "float32") for slope in slopes], list(trained.values()))
    return {path: variable.numpy() for path, variable in trained.items()}


@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize("clip", [None, 2.5])
@pytest.mark.parametrize("schedule", [constant(), cosine(0.2)])
def test_its_steps_are_those_of_adamw_with_decay_and_clip_of_the_phase(schedule, clip, decay):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything())
    trained = trained_by(overview)
    phase = Phase("p", everything(), 1, 0.03, schedule, weight_decay=decay, clip_norm=clip)
    theirs = keras.optimizers.AdamW(learning_rate(schedule, 0.03, 20), weight_decay=decay, global_clipnorm=clip)
    theirs.exclude_from_weight_decay([v for path, v in trained.items() if path.endswith("bias")])
    found, expected = (stepped(o, trained, 20) for o in (optimizer_for(phase, overview, 20), theirs))
    for path in trained:
        np.testing.assert_allclose(found[path], expected[path], atol=1e-5, err_msg=path)
        assert np.abs(found[path] - 1).max() > 0.03
    assert optimizer_for(phase, overview, 20).global_clipnorm == clip


def test_rates_of_blocks_and_head_reach_the_optimizer():
    """However long its gradient, Adam's first step is the rate."""
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything(), train_norms=True)
    phase = Phase("p", everything(), 1, 0.01, constant(), clip_norm=None, train_norms=True)
    phase = replace(phase, rates=Rates(layer_decay=0.5, head=10))
    found = stepped(optimizer_for(phase, overview, 10), trained_by(overview), 1)
    expected = {"block1": 0.0025, "block2": 0.005, "block3": 0.01, "head": 0.1}
    for row in overview.trained():
        np.testing.assert_allclose(np.abs(found[row.path] - 1), expected[row.block], rtol=1e-3, err_msg=row.path)
    assert {row.block for row in overview.trained()} == set(expected)


def test_blocks_that_do_not_train_count_as_layers_all_the_same():
    """A block's rate is that of its depth, whatever lies behind or before it and rests."""
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(match("block1_.*"))
    phase = Phase("p", match("block1_.*"), 1, 0.01, constant(), clip_norm=None, rates=Rates(layer_decay=0.5))
    found = stepped(optimizer_for(phase, overview, 10), trained_by(overview), 1)
    np.testing.assert_allclose(np.abs(found["block1_conv/kernel"] - 1), 0.0025, rtol=1e-3)
    np.testing.assert_allclose(np.abs(found["head/logits/kernel"] - 1), 0.01, rtol=1e-3)


def test_in_float16_the_loss_is_scaled_and_the_rates_are_the_same():
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything())
    phase = Phase("p", everything(), 1, 0.01, constant(), clip_norm=1.5, rates=Rates(layer_decay=0.5, head=10))
    scaled = optimizer_for(phase, overview, 10, "float16")
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer)
    assert scaled.inner_optimizer.global_clipnorm == 1.5
    trained = trained_by(overview)
    plain = stepped(optimizer_for(phase, overview, 10), trained, 1)
    for path, value in stepped(scaled, trained, 1, scaled.initial_scale).items():
        np.testing.assert_allclose(value, plain[path], atol=1e-6, err_msg=path)
