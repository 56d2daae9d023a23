"""Nets that compute the same have the same identity, in whatever process, and others do not."""

import keras
import numpy as np
import pytest

import tfft
from tfft.core import environment
from tfft.core.errors import TfftError
from tfft.data.feature_tables import MEMORY_ONLY
from tfft.models.net_identity import net_identity


def net(call, units=2):
    @keras.saving.register_keras_serializable("identity", name="Own")
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return call(inputs)

    inputs = keras.Input((3,), name="inputs")
    return keras.Model(inputs, keras.layers.Dense(units, name="dense")(Own(name="own")(inputs)), name="net")


def test_code_and_configuration_count():
    found = [net_identity([each]) for each in (net(lambda x: x), net(lambda x: x * 2), net(lambda x: x, units=3))]
    assert net_identity([net(lambda x: x)]) == found[0]
    assert all(one != two for index, one in enumerate(found) for two in found[:index])
    assert found[0]["layers"] == found[1]["layers"], "Keras knows nothing of it"


def test_what_cannot_be_known_is_said(monkeypatch):
    import tensorflow as tf

    own = net(lambda x: tf.ensure_shape(tf.numpy_function(lambda y: y, [x], tf.float32), x.shape))
    assert "Own 'own' runs PyFunc" in net_identity([own])[MEMORY_ONLY]

    def unknown():
        raise TfftError("The source code of tfft is not there.")

    monkeypatch.setattr(environment, "sources", unknown)
    assert "source code" in net_identity([tfft.load_backbone("toy").load()])[MEMORY_ONLY]


def test_long_arrays_in_a_configuration_count_in_full_and_addresses_do_not():
    class Value:
        """Without a text of its own."""

    class Own(keras.layers.Layer):
        def __init__(self, values, **options):
            super().__init__(**options)
            self.values = values

        def call(self, inputs):
            return inputs

        def get_config(self):
            return {**super().get_config(), "values": self.values, "value": Value}

    def made(values):
        inputs = keras.Input((3,), name="inputs")
        return keras.Model(inputs, Own(values, name="own")(inputs), name="net")

    long = np.arange(5000.0)
    other = np.where(long == 2500, 0, long)
    assert net_identity([made(long)])["layers"] == net_identity([made(long.copy())])["layers"]
    assert net_identity([made(long)])["layers"] != net_identity([made(other)])["layers"]


@pytest.mark.parametrize("handle", ["toy", "toy_text"])
def test_results_of_tfft_nets_may_be_kept(handle):
    assert MEMORY_ONLY not in net_identity([tfft.load_backbone(handle).load()])
