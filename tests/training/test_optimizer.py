"""The optimizer of a phase takes the steps of AdamW, at the rate of its schedule and of each block."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tests.keras_optimizers import KERAS_NAMES
from tfft.plans import Phase, Rates, constant, cosine, slanted
from tfft.plans.optimizers import options_of
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


@pytest.mark.parametrize(
    "schedule", [cosine(), constant(), cosine(0.5), constant(0.3), slanted(), slanted(0.0), slanted(0.9)]
)
@pytest.mark.parametrize("steps", [1, 2, 3, 100])
def test_no_step_has_rate_zero(schedule, steps):
    found = rates(schedule, steps)
    assert (found > 0).all()
    assert found.max() <= 1.0 + 1e-6


@pytest.mark.parametrize(("steps", "fraction"), [(40, 0.1), (100, 0.25)])
def test_slanted_is_the_triangle_of_the_paper(steps, fraction):
    """Howard and Ruder 2018, equation 3, as it is written there."""
    cut = int(steps * fraction)
    parts = [t / cut if t < cut else 1 - (t - cut) / (cut * (1 / fraction - 1)) for t in range(steps)]
    np.testing.assert_allclose(rates(slanted(fraction), steps), [(1 + p * 31) / 32 for p in parts], rtol=1e-5)


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


def of_keras(name, rate, decay=0.0, clip=None):
    """Keras' own, with the options of the name."""
    kind, options = options_of(name)
    decays = {"weight_decay": decay} if decay or name in ("adamw", "muon") else {}
    decays |= {"adam_weight_decay": decay} if name == "muon" else {}
    return kind(rate, global_clipnorm=clip, **options, **decays)


def chosen(name, **options):
    """A phase whose AdamW has at least a decay that changes nothing."""
    decay = {"weight_decay": 1e-12} if name == "adamw" else {}
    return Phase(
        "p", everything(), 1, optimizer=name, **{"learning_rate": 0.01, "schedule": constant(), **decay, **options}
    )


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_every_optimizer_takes_the_steps_of_keras_at_the_rate_of_each_block(name):
    """With the decay of kernels alone; the head has Adam's steps with Muon."""
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything(), train_norms=True)
    trained = trained_by(overview)
    phase = chosen(name, weight_decay=0.3, clip_norm=None, rates=Rates(layer_decay=0.5, head=10), train_norms=True)
    found = stepped(optimizer_for(phase, overview, 10), trained, 6)
    factors = {"block1": 0.25, "block2": 0.5, "block3": 1.0, "head": 10.0}
    random = np.random.default_rng(0)
    slopes = [
        {path: random.choice([-1, 1], v.shape) * random.uniform(0.5, 2, v.shape) for path, v in trained.items()}
        for _ in range(6)
    ]
    for row in overview.trained():
        alone = keras.Variable(np.ones(row.shape, "float32"), name=row.path.replace("/", "_"))
        decay = 0.3 if row.path.endswith("kernel") else 0.0
        own = "adam" if (name, row.block) == ("muon", "head") else name
        theirs = of_keras(own, 0.01 * factors[row.block], decay)
        for slope in slopes:
            theirs.apply([keras.ops.cast(slope[row.path], "float32")], [alone])
        np.testing.assert_allclose(found[row.path], alone.numpy(), rtol=1e-5, atol=1e-6, err_msg=row.path)
        assert np.abs(found[row.path] - 1).max() > 1e-7


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_every_optimizer_clips_all_gradients_together(name):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything())
    trained = {path: v for path, v in trained_by(overview).items() if name != "muon" or not path.startswith("head")}
    phase = chosen(name, schedule=cosine(0.2), clip_norm=0.3)
    theirs = of_keras(name, learning_rate(phase.schedule, 0.01, 10), clip=0.3)
    found, expected = (stepped(o, trained, 10) for o in (optimizer_for(phase, overview, 10), theirs))
    for path in trained:
        np.testing.assert_allclose(found[path], expected[path], atol=1e-5, err_msg=path)
    if name == "sgd":  # most others hardly depend on the length of a gradient
        free = stepped(of_keras(name, learning_rate(phase.schedule, 0.01, 10)), trained, 10)
        assert max(np.abs(free[path] - found[path]).max() for path in trained) > 0.01


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_every_optimizer_is_scaled_in_float16(name):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything())
    trained = trained_by(overview)
    scaled = optimizer_for(chosen(name), overview, 10, "float16")
    plain = stepped(optimizer_for(chosen(name), overview, 10), trained, 3)
    for path, value in stepped(scaled, trained, 3, scaled.initial_scale).items():
        np.testing.assert_allclose(value, plain[path], atol=1e-6, err_msg=path)
        assert np.abs(value - 1).max() > 0


def test_muon_takes_its_own_step_for_dense_kernels_and_adams_for_embeddings_norms_and_the_head():
    model = tfft.build("toy_text", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything(), train_norms=True)
    trained = trained_by(overview)
    muon = optimizer_for(chosen("muon", train_norms=True), overview, 10)
    muon.build(list(trained.values()))
    own = {path for path, velocity in zip(trained, muon.adam_velocities, strict=True) if velocity is None}
    flat = {row.path for row in overview.trained() if len(row.shape) == 2 and row.path.endswith("kernel")}
    assert own == {path for path in flat if not path.startswith("head/")} != set()
    assert "head/logits/kernel" in flat
