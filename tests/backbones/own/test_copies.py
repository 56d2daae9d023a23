"""Copies of users' nets."""

import keras
import numpy as np
import pytest
from keras import layers

from tfft.backbones.own.copies import check_saved, copied, remade
from tfft.core.errors import BackboneError

PIXELS = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)


def net(**options) -> keras.Model:
    pixels = keras.Input((8, 8, 3))
    return keras.Model(pixels, layers.Conv2D(4, 3, name="conv", **options)(pixels * 2))


@keras.saving.register_keras_serializable("own_copies_test")
class Forgetful(layers.Layer):
    """Has an argument that its configuration lacks."""

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width

    def call(self, x):
        return x * self.width

    def get_config(self):
        return {"name": self.name}


def test_a_copy_answers_the_same_and_shares_nothing():
    own = net()
    copy = copied(own)
    np.testing.assert_array_equal(copy(PIXELS), own(PIXELS))
    assert not {id(layer) for layer in own.layers} & {id(layer) for layer in copy.layers}
    assert [layer.name for layer in remade(own).layers] == [layer.name for layer in own.layers]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 5e-3), ("mixed_bfloat16", 5e-2), ("float64", 1e-6)])
def test_other_precisions_become_float32(dtype, tolerance):
    own = net(dtype=dtype)
    copy = copied(own)
    assert {weight.dtype for weight in copy.weights} == {"float32"}
    np.testing.assert_allclose(copy(PIXELS), np.asarray(own(PIXELS), "float32"), atol=tolerance)


def test_adapters_are_merged():
    own = net()
    conv = own.get_layer("conv")
    conv.enable_lora(2)
    conv.lora_kernel_b.assign(np.ones(conv.lora_kernel_b.shape))
    copy = copied(own)
    assert [weight.path for weight in copy.weights] == ["conv/kernel", "conv/bias"]
    np.testing.assert_allclose(copy(PIXELS), own(PIXELS), atol=1e-5)


def test_a_layer_with_an_incomplete_configuration_is_reported():
    pixels = keras.Input((8, 8, 3))
    own = keras.Model(pixels, Forgetful(3)(pixels))
    check_saved(own, "net")
    for make in (copied, remade):
        with pytest.raises(BackboneError, match=r"cannot be saved and loaded again.*get_config\(\)"):
            make(own)
