"""A SavedModel as bytes."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modules import publish, tiny
from tfft.savedmodel.graph_bytes import extracted, packed

ARCHITECTURES = [{"shape": list(weight.shape)} for weight in tiny().weights]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return publish(tiny(), tmp_path_factory.mktemp("hub") / "tiny")


def test_the_same_saved_model_makes_the_same_bytes(module):
    assert packed(module, ARCHITECTURES) == packed(module, ARCHITECTURES)
    assert packed(module) == packed(module)


def test_what_comes_out_answers_as_what_went_in(module, tmp_path):
    again = tf.saved_model.load(str(extracted(packed(module), tmp_path)))
    pixels = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    expected = tf.saved_model.load(str(module))(pixels, training=False)
    np.testing.assert_array_equal(again(pixels, training=False), expected)


def test_zeros_stand_for_variables_that_are_kept_elsewhere(module, tmp_path):
    again = tf.saved_model.load(str(extracted(packed(module, ARCHITECTURES), tmp_path)))
    assert all((variable.numpy() == 0).all() for variable in again.variables if variable.dtype.is_floating)


def test_other_floats_keep_their_values_all_of_them(module, tmp_path):
    again = tf.saved_model.load(str(extracted(packed(module, ARCHITECTURES[1:]), tmp_path)))
    np.testing.assert_array_equal(again.variables[0], tf.saved_model.load(str(module)).variables[0])
