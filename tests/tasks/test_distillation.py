"""Losses against soft targets are divergences: zero for equal answers, with the gradient of the cross-entropy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfft.tasks.distillation import ONE_CLASS, QUANTITIES, SEVERAL_CLASSES

RANDOM = np.random.default_rng(0)
TEACHER, STUDENT = (RANDOM.normal(size=(6, 4)).astype(np.float32) * 3 for _ in range(2))
KINDS = {"one class": ONE_CLASS, "several": SEVERAL_CLASSES, "quantities": QUANTITIES}


def gradient(function, values):
    logits = tf.Variable(values)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(function(logits))
    return tape.gradient(loss, logits).numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_equal_answers_have_no_loss_and_others_have_one(kind, temperature):
    distillation = KINDS[kind]
    soft = distillation.soft(TEACHER, temperature)
    assert soft.dtype == np.float32
    np.testing.assert_allclose(distillation.loss(soft, TEACHER, temperature), np.zeros(6), atol=2e-5)
    other = np.asarray(distillation.loss(soft, STUDENT, temperature))
    assert other.shape == (6,)
    assert (other > 0.01).all()


def test_the_gradient_is_that_of_the_cross_entropy_with_softened_probabilities():
    for temperature in (1.0, 3.0):
        soft = ONE_CLASS.soft(TEACHER, temperature)
        np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)

        def written(logits, soft=soft, temperature=temperature):
            return temperature**2 * keras.losses.categorical_crossentropy(soft, logits / temperature, from_logits=True)

        ours = gradient(lambda logits, soft=soft, t=temperature: ONE_CLASS.loss(soft, logits, t), STUDENT)
        np.testing.assert_allclose(ours, gradient(written, STUDENT), atol=1e-5)


def test_at_high_temperatures_the_gradient_compares_logits():
    """Hinton et al. 2015, equation 4, times temperature squared, for logits with a mean of zero."""
    one, two = (values - values.mean(axis=1, keepdims=True) for values in (TEACHER, STUDENT))
    found = gradient(lambda logits: ONE_CLASS.loss(ONE_CLASS.soft(one, 1000.0), logits, 1000.0), two)
    np.testing.assert_allclose(found, (two - one) / 4, rtol=0.02, atol=0.01)


def test_several_labels_have_the_mean_of_their_binary_losses():
    soft = SEVERAL_CLASSES.soft(TEACHER, 2.0)
    np.testing.assert_allclose(soft, 1 / (1 + np.exp(-TEACHER / 2)), atol=1e-6)

    def written(logits):
        return 4 * keras.losses.binary_crossentropy(soft, logits / 2, from_logits=True)

    ours = gradient(lambda logits: SEVERAL_CLASSES.loss(soft, logits, 2.0), STUDENT)
    np.testing.assert_allclose(ours, gradient(written, STUDENT), atol=1e-5)


def test_quantities_have_a_squared_error_whatever_the_temperature():
    for temperature in (1.0, 5.0):
        found = QUANTITIES.loss(QUANTITIES.soft(TEACHER, temperature), STUDENT, temperature)
        np.testing.assert_allclose(found, ((STUDENT - TEACHER) ** 2).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize("distillation", [ONE_CLASS, SEVERAL_CLASSES])
def test_a_certain_teacher_and_a_certain_student_give_finite_losses(distillation):
    soft = distillation.soft(np.float32([[200, -200], [-200, 200]]), 1.0)
    for student in ([[300.0, -300.0]] * 2, [[0.0, 0.0]] * 2):
        found = gradient(lambda logits: distillation.loss(soft, logits, 1.0), np.float32(student))
        assert np.isfinite(found).all()
        assert np.isfinite(np.asarray(distillation.loss(soft, np.float32(student), 1.0))).all()
