"""keras.applications as backbones: options, and the way to Keras' own ImageNet weights."""

import urllib.error
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

import tfft
from tfft.backbones.keras_applications import ARCHITECTURES, options
from tfft.core.errors import BackboneError, DataError, WeightsError

# the smallest of each family: what Keras does for "imagenet" depends on the family alone
FAMILIES = {
    "vgg16": "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "resnet50": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "resnet50_v2": "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "inception_v3": "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "inception_resnet_v2": "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "xception": "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "mobilenet": "mobilenet_1_0_224_tf_no_top.h5",
    "mobilenet_v2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    "mobilenet_v3_small": "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
    "densenet121": "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "nasnet_mobile": "NASNet-mobile-no-top.h5",
    "efficientnet_b0": "efficientnetb0_notop.h5",
    "efficientnet_v2_b0": "efficientnetv2-b0_notop.h5",
    "convnext_tiny": "convnext_tiny_notop.h5",
}


@pytest.fixture
def empty_keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A KERAS_HOME without weights, on a machine without network."""

    def urlretrieve(*request: object) -> None:
        raise urllib.error.URLError("[Errno -2] Name or service not known")

    # Keras reads the variable when it is imported
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", urlretrieve)
    return tmp_path / "models"


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_offline_imagenet_says_what_was_wanted_where_it_looked_and_three_ways(
    name: str, empty_keras_home: Path
) -> None:
    described = tfft.load_backbone(name, size=ARCHITECTURES[name].min_size)
    with pytest.raises(WeightsError) as caught:
        described.load()
    keras.backend.clear_session()
    file, said = FAMILIES[name], str(caught.value)
    assert f"ImageNet weights of {name!r}" in caught.value.what
    assert f"wanted {file}" in caught.value.got
    assert repr(str(empty_keras_home)) in caught.value.got
    assert f"/{file} ([Errno -2] Name or service not known)" in caught.value.got
    assert "https://storage.googleapis.com/" in caught.value.got
    for way in ("connect to the network once", f"copy {file}", f'weights="path/to/{file}"'):
        assert way in caught.value.fix, said
    assert "\n" not in said


def test_a_damaged_download_is_named_and_how_to_mend_it(empty_keras_home: Path) -> None:
    empty_keras_home.mkdir()
    (empty_keras_home / "mobilenet_1_0_224_tf_no_top.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(WeightsError, match=r"on this machine cannot be used.*Delete the file.*weights=") as caught:
        tfft.load_backbone("mobilenet").load()
    assert str(empty_keras_home) in caught.value.got


@pytest.mark.parametrize("error", [TimeoutError("timed out"), ConnectionResetError("reset by peer")])
def test_a_broken_connection_is_no_raw_error(
    error: Exception, empty_keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def urlretrieve(*request: object) -> None:
        raise error

    monkeypatch.setattr(file_utils, "urlretrieve", urlretrieve)
    with pytest.raises(WeightsError, match=r"'mobilenet' are not on this machine.*connect to the network") as caught:
        tfft.load_backbone("mobilenet").load()
    assert str(error) in caught.value.got


def test_errors_about_something_else_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(**options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(keras.applications, "VGG16", make)
    with pytest.raises(ZeroDivisionError):
        tfft.load_backbone("vgg16").load()


def test_a_size_without_own_imagenet_weights_gives_no_warning(
    empty_keras_home: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    net = keras.applications.MobileNet(include_top=False, weights=None, alpha=0.25, input_shape=(32, 32, 3))
    empty_keras_home.mkdir()
    net.save(tmp_path / "net.h5")
    (tmp_path / "net.h5").rename(empty_keras_home / "mobilenet_2_5_224_tf_no_top.h5")
    loaded = tfft.load_backbone("mobilenet", alpha=0.25, size=(32, 40)).load()
    assert [w for w in recwarn if "input_shape" in str(w.message)] == []
    np.testing.assert_array_equal(loaded.get_weights()[-1], net.get_weights()[-1])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_only_families_with_a_width_list_the_option_alpha(name: str) -> None:
    assert ("alpha" in options(name)) == bool(ARCHITECTURES[name].alphas)
    assert {"weights", "size", "fit"} <= set(options(name))


@pytest.mark.parametrize("alpha", [0, -1, 11, "0.5", True])
def test_an_alpha_that_is_no_width_is_refused(alpha: object) -> None:
    with pytest.raises(
        BackboneError, match=r"is not a valid width for 'mobilenet'.*0\.25, 0\.5, 0\.75, 1\.0"
    ) as caught:
        tfft.load_backbone("mobilenet", weights=None, alpha=alpha)
    assert repr(alpha) in caught.value.what


def test_an_alpha_without_imagenet_weights_is_refused_with_those_that_have() -> None:
    with pytest.raises(
        BackboneError, match=r"no ImageNet weights for alpha=0\.4.*0\.35, 0\.5, 0\.75, 1\.0, 1\.3, 1\.4"
    ):
        tfft.load_backbone("mobilenet_v2", alpha=0.4)
    assert tfft.load_backbone("mobilenet_v2", alpha=0.4, weights=None).options == (("alpha", 0.4), ("weights", None))


def test_sizes_may_be_oblong() -> None:
    net = tfft.load_backbone("mobilenet", weights=None, alpha=0.25, size=(32, 64)).load()
    assert net.output_shape == (None, 1, 2, 256)


def test_the_seed_alone_decides_random_weights() -> None:
    described = tfft.load_backbone("mobilenet", weights=None, alpha=0.25, size=32)
    one, same, other = described.load(1), described.load(1), described.load(2)
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_the_way_images_are_brought_to_size_can_be_chosen() -> None:
    assert tfft.load_backbone("vgg16", fit="pad").preprocessor.fit == "pad"
    with pytest.raises(DataError, match=r"'stretch'"):
        tfft.load_backbone("vgg16", fit="stretch")
