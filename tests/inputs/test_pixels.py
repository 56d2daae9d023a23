"""Value ranges equal those of keras.applications, value for value."""

import keras
import numpy as np
import pytest

from tfft.inputs.pixels import IMAGENET_SPREAD, PIXEL_RANGES

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)
PIXELS[0, 0, 0], PIXELS[0, 0, 1] = 0, 255


def _ours(name):
    inputs = keras.Input((5, 4, 3))
    return keras.Model(inputs, PIXEL_RANGES[name](inputs))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("caffe", "vgg16"),
        ("caffe", "resnet50"),
        ("minus_one_to_one", "mobilenet_v2"),
        ("minus_one_to_one", "inception_v3"),
        ("minus_one_to_one", "xception"),
        ("torch", "densenet"),
        ("raw", "efficientnet"),
        ("raw", "mobilenet_v3"),
        ("raw", "convnext"),
    ],
)
def test_pixel_ranges_equal_keras_applications(name, module):
    expected = getattr(keras.applications, module).preprocess_input(PIXELS.copy())
    np.testing.assert_allclose(_ours(name).predict(PIXELS, verbose=0), expected, rtol=1e-5, atol=2e-5)


def test_efficientnet_in_keras_still_has_the_step_that_ours_replaces(monkeypatch):
    """Built as for ImageNet weights, without downloading them, Keras' net has one Rescaling more."""
    monkeypatch.setattr(keras.src.applications.efficientnet.file_utils, "get_file", lambda *a, **k: "unused")
    monkeypatch.setattr(keras.Model, "load_weights", lambda self, path: None)
    counts = []
    for weights in ("imagenet", None):
        net = keras.applications.EfficientNetB0(weights=weights, include_top=False, input_shape=(32, 32, 3))
        layers = [layer for layer in net.layers if isinstance(layer, keras.layers.Rescaling)]
        counts.append(len(layers))
        if weights:
            np.testing.assert_allclose(layers[-1].scale, [s**-0.5 for s in IMAGENET_SPREAD], rtol=1e-6)
    assert counts == [2, 1]


def test_raw_adds_nothing():
    inputs = keras.Input((5, 4, 3))
    assert PIXEL_RANGES["raw"](inputs) is inputs


@pytest.mark.parametrize("name", PIXEL_RANGES)
def test_pixel_ranges_are_stock_layers_that_a_saved_net_opens_with(name, tmp_path):
    net = _ours(name)
    net.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded.predict(PIXELS, verbose=0), net.predict(PIXELS, verbose=0))
    assert net.count_params() == 0
