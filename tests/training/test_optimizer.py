"""Optimizer and learning rate of a phase."""

import keras
import numpy as np
import pytest

import tfft
from tfft.plans import Phase, constant, cosine
from tfft.trainable import everything
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
    optimizer = optimizer_for(phase, overview, 10)
    trained = [v for row, v in zip(overview.rows, overview.variables, strict=True) if row.intent == "train"]
    for variable in trained:
        variable.assign(np.ones(variable.shape))
    optimizer.build(trained)
    optimizer.apply([keras.ops.zeros(v.shape) for v in trained], trained)
    shrunk = {
        row.path for row in overview.trained() if float(overview.variables[overview.rows.index(row)].numpy().min()) < 1
    }
    assert shrunk == {row.path for row in overview.trained() if row.path.endswith("kernel")}


def test_without_decay_it_is_plain_adam_with_the_clip_of_the_phase():
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    overview = model.apply(everything())
    optimizer = optimizer_for(Phase("p", everything(), 1, 0.1, clip_norm=2.5), overview, 10)
    assert type(optimizer) is keras.optimizers.Adam
    assert optimizer.global_clipnorm == 2.5
