"""A SavedModel can be converted to bytes and back."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modules import publish, tiny
from tfft.savedmodel.graph_bytes import extracted, packed

ARCHITECTURES = [{"shape": list(weight.shape)} for weight in tiny().weights]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return publish(tiny(), tmp_path_factory.mktemp("hub") / "tiny")


def test_the_same_saved_model_gives_the_same_bytes(module):
    assert packed(module, ARCHITECTURES) == packed(module, ARCHITECTURES)
    assert packed(module) == packed(module)


def test_the_unpacked_saved_model_gives_the_same_results(module, tmp_path):
    again = tf.saved_model.load(str(extracted(packed(module), tmp_path)))
    pixels = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    expected = tf.saved_model.load(str(module))(pixels, training=False)
    np.testing.assert_array_equal(again(pixels, training=False), expected)


def test_variables_that_are_stored_elsewhere_are_replaced_by_zeros(module, tmp_path):
    again = tf.saved_model.load(str(extracted(packed(module, ARCHITECTURES), tmp_path)))
    assert all((variable.numpy() == 0).all() for variable in again.variables if variable.dtype.is_floating)


def test_with_other_float_variables_all_keep_their_values(module, tmp_path):
    again = tf.saved_model.load(str(extracted(packed(module, ARCHITECTURES[1:]), tmp_path)))
    np.testing.assert_array_equal(again.variables[0], tf.saved_model.load(str(module)).variables[0])
