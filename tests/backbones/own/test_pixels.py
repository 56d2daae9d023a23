"""Which pixels a net expects."""

import keras
import numpy as np
import pytest
from keras import layers

from tfft.backbones.own.pixels import entry, range_of_net, reads_weights
from tfft.core.errors import BackboneError


def net(scale) -> keras.Model:
    pixels = keras.Input((8, 8, 3))
    return keras.Model(pixels, layers.Conv2D(4, 3)(scale(pixels)))


TORCH = {"mean": [123.7, 116.3, 103.5], "variance": [3409.0, 3263.0, 3291.0]}
RAW = {
    "rescaling": lambda x: layers.Rescaling(1 / 255)(x),
    "operations": lambda x: x / 127.5 - 1,
    "normalization": lambda x: layers.Normalization(**TORCH)(x),
    "means alone": lambda x: x[..., ::-1] - np.array([103.9, 116.8, 123.7], "float32"),
    "after augmentation": lambda x: layers.Rescaling(1 / 255)(layers.ZeroPadding2D(9)(layers.RandomFlip()(x))),
    "grey": lambda x: keras.ops.image.rgb_to_grayscale(x) / 255,
}


@pytest.mark.parametrize("kind", RAW)
def test_a_net_that_scales_takes_pixels_as_they_are_and_no_second_scaling(kind):
    made = net(RAW[kind])
    assert range_of_net(made, "net", None) == range_of_net(made, "net", "raw") == "raw"
    for asked in ("zero_to_one", "minus_one_to_one", "torch", "caffe"):
        with pytest.raises(BackboneError, match=r"a second time.*Leave pixel_range out, or remove .* from the model"):
            range_of_net(made, "net", asked)


def test_only_what_changes_values_is_named():
    found = entry(net(RAW["after augmentation"]))
    assert len(found.names) == 3
    assert [name.rpartition("_")[0] or name for name in found.scaling()] == ["rescaling"]


@pytest.mark.parametrize("scale", [lambda x: x * 2 - 1, lambda x: layers.Normalization(mean=0.45, variance=0.05)(x)])
def test_a_net_of_other_pixels_says_so_and_takes_what_is_asked(scale):
    with pytest.raises(BackboneError, match=r'but not from pixels of 0\.\.255.*pixel_range="zero_to_one"'):
        range_of_net(net(scale), "net", None)
    assert range_of_net(net(scale), "net", "zero_to_one") == "zero_to_one"


def test_a_net_that_does_not_scale_needs_a_pixel_range():
    for scale in (lambda x: x, lambda x: layers.Resizing(6, 6)(x)):
        with pytest.raises(
            BackboneError, match=r"range of pixels that the model .* was trained on is unknown.*pixel_range="
        ):
            range_of_net(net(scale), "net", None)
        assert range_of_net(net(scale), "net", "caffe") == "caffe"


def test_an_adapted_normalization_needs_its_weights():
    assert reads_weights(net(lambda x: layers.Normalization()(x)))
    assert not reads_weights(net(lambda x: layers.Normalization(mean=0.0, variance=1.0)(x)))
