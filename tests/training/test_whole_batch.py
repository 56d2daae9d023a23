"""Any optimizer of Keras takes its own steps by gradients of the whole batch; tests/training/test_optimizer.py has the rest."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.keras_optimizers import KERAS_NAMES
from tfft.plans.optimizers import options_of
from tfft.training.whole_batch import WholeBatch, of_whole_batches


def made(name, **numbers):
    kind, options = options_of(name)
    optimizer = of_whole_batches(kind).from_config(options)
    optimizer.learning_rate = 0.1
    optimizer.prepare(numbers.pop("factors", {}), **numbers)
    return optimizer


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_a_variable_without_a_gradient_stays_and_is_not_reached(name):
    moved, kept = keras.Variable(np.ones((3, 2), "float32")), keras.Variable(np.ones((3, 2), "float32"))
    optimizer = made(name, decayed=frozenset([id(kept)]), weight_decay=0.1)
    optimizer.build([moved, kept])
    optimizer.apply([tf.ones((3, 2)), None], [moved, kept])
    assert optimizer.reached == {id(moved)}
    assert (kept.numpy() == 1).all()
    assert (moved.numpy() != 1).all()
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_constraints_hold_after_each_step(name):
    weight = keras.Variable(np.ones((4, 5), "float32"))
    weight.constraint = keras.constraints.MaxNorm(0.7)
    optimizer = made(name)
    for _ in range(2):
        optimizer.apply([tf.ones((4, 5))], [weight])
    assert np.linalg.norm(weight.numpy(), axis=0).max() <= 0.7 + 1e-5


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_all_that_a_step_depends_on_is_among_its_variables(name):
    """Another optimizer with the same variables takes the same next step, so that a checkpoint holds all of its state."""
    random, weights, found = np.random.default_rng(0), [], []
    slopes = [tf.constant(random.normal(size=(3, 2)).astype("float32")) for _ in range(6)]
    first = made(name)
    weights.append(keras.Variable(np.ones((3, 2), "float32")))
    for slope in slopes[:4]:
        first.apply([slope], [weights[0]])
    second = made(name)
    weights.append(keras.Variable(weights[0].numpy()))
    second.build([weights[1]])
    for own, other in zip(second.variables, first.variables, strict=True):
        own.assign(other.numpy())
    for optimizer, weight in zip((first, second), weights, strict=True):
        for slope in slopes[4:]:
            optimizer.apply([slope], [weight])
        found.append(weight.numpy())
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_rows_and_columns_without_a_gradient_stay_finite(name):
    """Keras' Adafactor divides 0 by 0 there with its own ``epsilon_1``."""
    weight, slope = keras.Variable(np.ones((3, 3), "float32")), np.zeros((3, 3), "float32")
    slope[2, 2] = 1e-2
    optimizer = made(name)
    for _ in range(3):
        optimizer.apply([tf.constant(slope)], [weight])
    assert np.isfinite(weight.numpy()).all()
    assert weight.numpy()[2, 2] < 1


def test_a_value_of_another_shape_is_never_assigned():
    weight, optimizer = keras.Variable(np.ones((3, 2), "float32")), made("sgd")
    optimizer.build([weight])
    with pytest.raises(tf.errors.InvalidArgumentError):
        optimizer.assign(weight, tf.ones((2, 3)))
    assert weight.numpy().shape == (3, 2)


def test_a_class_is_made_once_and_keeps_its_name():
    kind = of_whole_batches(keras.optimizers.Lion)
    assert kind is of_whole_batches(keras.optimizers.Lion)
    assert kind.__name__ == "Lion"
    assert issubclass(kind, keras.optimizers.Lion)
    assert issubclass(kind, WholeBatch)
