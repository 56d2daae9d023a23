"""Weights from files: exact, or refused with both sides shown."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.applications import efficientnet
from keras.src.utils import file_utils

import tfft
from tfft.backbones.weights import check_path, keras_cache, load_weights, not_imagenet
from tfft.core.errors import WeightsError
from tfft.models.assembly import build

FORMATS = ["net.h5", "net.weights.h5", "net.keras"]
SMALL = {"include_top": False, "weights": None, "input_shape": (32, 32, 3)}


def mobilenet(alpha: float = 0.25) -> keras.Model:
    net = keras.applications.MobileNet(alpha=alpha, **SMALL)
    # all values differ, so that no two variables can be mixed up unseen
    rng = np.random.default_rng(0)
    net.set_weights([rng.normal(size=w.shape) for w in net.get_weights()])
    return net


def save(net: keras.Model, path: Path) -> Path:
    (net.save_weights if path.name.endswith(".weights.h5") else net.save)(path)
    return path


def load(path: Path | str, alpha: float = 0.25) -> keras.Model:
    return tfft.load_backbone("mobilenet", alpha=alpha, size=32, weights=path).load()


def assert_equal_weights(one: keras.Model, other: keras.Model) -> None:
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("file", FORMATS)
def test_every_format_of_keras_loads_exactly(file: str, tmp_path: Path) -> None:
    net = mobilenet()
    assert_equal_weights(load(save(net, tmp_path / file)), net)


def nested(seed: int) -> keras.Model:
    """A small net with a net inside, layers that Keras names by itself, and dropout; its values are all different."""
    inner = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(3), keras.layers.LayerNormalization()], name="inner"
    )
    inputs = keras.Input((4,))
    x = inner(keras.layers.Dropout(0.5)(keras.layers.Dense(3)(inputs)))
    net = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.BatchNormalization()(x)))
    rng = np.random.default_rng(seed)
    net.set_weights([rng.normal(size=w.shape) for w in net.get_weights()])
    return net


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize("trained", [False, True])
def test_nested_and_unnamed_layers_load_exactly_and_without_the_optimizer(
    file: str, trained: bool, tmp_path: Path
) -> None:
    net, other = nested(1), nested(2)
    if trained:
        net.compile("adam", "mse", metrics=["mae"])
        net.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    load_weights(other, str(save(net, tmp_path / file)), "nested")
    assert_equal_weights(other, net)


@pytest.mark.parametrize("as_path", [True, False])
def test_paths_may_be_strings_or_paths(as_path: bool, tmp_path: Path) -> None:
    path = save(mobilenet(), tmp_path / "net.h5")
    described = tfft.load_backbone("mobilenet", alpha=0.25, size=32, weights=path if as_path else str(path))
    assert dict(described.options)["weights"] == str(path)
    assert_equal_weights(described.load(), mobilenet())


@pytest.mark.parametrize("file", FORMATS)
def test_a_wrong_alpha_shows_both_sides(file: str, tmp_path: Path) -> None:
    path = save(mobilenet(0.5), tmp_path / file)
    with pytest.raises(WeightsError) as caught:
        load(path)
    assert repr(str(path)) in caught.value.what
    assert "'mobilenet'" in caught.value.what
    assert "nothing was loaded" in caught.value.what
    assert (
        "a file with 135 variables (829,536 values) for a net with 135 variables (218,544 values)" in caught.value.got
    )
    only_file, only_net = caught.value.fix.split("Only in the net")
    assert "(3, 3, 3, 16)" in only_file if file == "net.h5" else "(256,)" in only_file
    assert "conv1/kernel (3, 3, 3, 8), conv1_bn/gamma (8,)" in only_net
    assert only_file.count("... (61 in all)") == only_net.count("... (61 in all)") == 1
    assert "Check the architecture, and alpha" in caught.value.fix


@pytest.mark.parametrize("file", FORMATS)
def test_a_file_with_the_original_top_is_recognised(file: str, tmp_path: Path) -> None:
    net = keras.applications.MobileNet(alpha=0.25, weights=None, classes=7, input_shape=(32, 32, 3))
    with pytest.raises(WeightsError, match=r"Only in the net: nothing.*original top: use its no_top version") as caught:
        load(save(net, tmp_path / file))
    assert "137 variables" in caught.value.got
    assert "(1, 1, 256, 7)" in caught.value.fix


@pytest.mark.parametrize("file", FORMATS)
def test_another_architecture_shows_both_sides(file: str, tmp_path: Path) -> None:
    net = keras.applications.MobileNetV2(alpha=0.35, **SMALL)
    with pytest.raises(WeightsError, match=r"260 variables \(410,208 values\) for a net with 135 variables") as caught:
        load(save(net, tmp_path / file))
    assert "... (" in caught.value.fix


@pytest.mark.parametrize("file", FORMATS)
def test_a_truncated_file_is_refused(file: str, tmp_path: Path) -> None:
    path = save(mobilenet(), tmp_path / file)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match=r"cannot be read as Keras weights.*may be truncated") as caught:
        load(path)
    assert repr(str(path)) in caught.value.what
    assert f"{len(content) // 2:,} bytes" in caught.value.got


@pytest.mark.parametrize("file", FORMATS)
def test_text_under_a_weights_name_is_refused(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("<html>404 Not Found</html>")
    with pytest.raises(WeightsError, match=r"cannot be read as Keras weights.*may not be a weights file"):
        load(tmp_path / file)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = save(mobilenet(), tmp_path / "net.keras")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"cannot be read as Keras weights"):
        load(path)


@pytest.mark.parametrize("file", FORMATS)
def test_a_missing_file_is_refused_before_anything_is_built(file: str, tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"The weights file .* does not exist.*working folder.*Check the path"
    ) as caught:
        tfft.load_backbone("vgg16", weights=tmp_path / file)
    assert repr(str(tmp_path / file)) in caught.value.what
    (tmp_path / file).mkdir()
    with pytest.raises(WeightsError, match=r"The weights file .* does not exist"):
        check_path(tmp_path / file)


@pytest.mark.parametrize("weights", ["ImageNet", "net.ckpt", "net", 3, True, b"net.h5"])
def test_what_is_neither_a_word_nor_a_file_is_refused_with_the_choices(weights: object) -> None:
    with pytest.raises(
        WeightsError, match=r"Pass 'imagenet', None, or a path that ends in \.h5, \.weights\.h5"
    ) as caught:
        tfft.load_backbone("vgg16", weights=weights)
    assert repr(weights) in caught.value.what


def test_the_same_shapes_in_another_order_are_refused(tmp_path: Path) -> None:
    def net(widths: tuple[int, ...]) -> keras.Model:
        layers = [keras.layers.Dense(width, use_bias=False) for width in widths]
        return keras.Sequential([keras.Input((4,)), *layers])

    # (4, 3), (3, 4), (4, 4) against (4, 4), (4, 3), (3, 4)
    path = save(net((3, 4, 4)), tmp_path / "net.h5")
    with pytest.raises(
        WeightsError, match=r"variable 1 is .*kernel \(4, 3\) in the file and .*kernel \(4, 4\) in the net"
    ):
        load_weights(net((4, 3, 4)), str(path), "dense")
    for file in FORMATS[1:]:
        path = save(net((3, 4, 4)), tmp_path / file)
        with pytest.raises(WeightsError, match=r"(?s)does not fit .*'dense'.*\(4, 3\).*Use weights of the same arch"):
            load_weights(net((4, 3, 4)), str(path), "dense")


def test_layers_of_one_shape_in_another_order_are_refused_by_their_names(tmp_path: Path) -> None:
    def net(*names: str) -> keras.Model:
        return keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4, name=name) for name in names)])

    path = save(net("one", "two"), tmp_path / "net.h5")
    load_weights(net("three", "four"), str(path), "dense")
    with pytest.raises(WeightsError, match=r"variable 1 is .*one/kernel \(4, 4\) in the file and .*two/kernel"):
        load_weights(net("two", "one"), str(path), "dense")


@pytest.mark.slow
def test_a_net_wrapped_in_another_is_refused(tmp_path: Path) -> None:
    wrapped = keras.Sequential([mobilenet(), keras.layers.GlobalAveragePooling2D()])
    for file in FORMATS[1:]:
        with pytest.raises(WeightsError, match=r"another structure|does not fit"):
            load(save(wrapped, tmp_path / file))


@pytest.mark.slow
@pytest.mark.parametrize("file", FORMATS)
def test_efficientnet_from_a_file_of_imagenet_weights_is_the_net_of_keras(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras adds a Rescaling for weights="imagenet" that it does not add for a path to the same file."""
    plain = keras.applications.EfficientNetB0(**SMALL)
    normalization = next(layer for layer in plain.layers if isinstance(layer, keras.layers.Normalization))
    # what the published file holds: mean, and the spread where the variance belongs
    normalization.adapt_mean.assign(efficientnet.__dict__.get("IMAGENET_MEAN_RGB", (0.485, 0.456, 0.406)))
    normalization.adapt_variance.assign(efficientnet.IMAGENET_STDDEV_RGB)
    normalization.finalize_state()
    published = save(plain, tmp_path / "published.h5")
    monkeypatch.setattr(file_utils, "get_file", lambda *args, **options: str(published))
    real = keras.applications.EfficientNetB0(**SMALL | {"weights": "imagenet"})
    assert len(real.layers) == len(plain.layers) + 1

    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    described = tfft.load_backbone("efficientnet_b0", size=32, weights=save(plain, tmp_path / file))
    task = tfft.tasks.classification(["ants", "bees"])
    model = build(described, task)
    ours, theirs = model.backbone_net, real
    before = [net.get_layer("stem_conv_pad").input for net in (ours, theirs)]
    inside, wanted = (
        np.asarray(keras.Model(net.inputs, tensor)(pixels)) for net, tensor in zip((ours, theirs), before, strict=True)
    )
    np.testing.assert_allclose(inside, wanted, rtol=1e-5, atol=1e-5)
    assert model.backbone.pixel_range == "raw"
    if file != "net.h5":
        return
    np.testing.assert_allclose(ours(pixels), theirs(pixels), rtol=1e-4, atol=1e-5)
    # by the word "imagenet" it is the same net again
    by_word = tfft.load_backbone("efficientnet_b0", size=32).load()
    np.testing.assert_allclose(by_word(pixels), theirs(pixels), rtol=1e-4, atol=1e-5)
    # and a net saved from ours, or trained without ImageNet, is not changed a second time
    again = tfft.load_backbone("efficientnet_b0", size=32, weights=save(ours, tmp_path / f"again_{file}")).load()
    np.testing.assert_array_equal(again(pixels), ours(pixels))


@pytest.mark.slow
def test_efficientnet_trained_otherwise_stays_as_it_is(tmp_path: Path) -> None:
    plain = keras.applications.EfficientNetB0(**SMALL)
    loaded = tfft.load_backbone("efficientnet_b0", size=32, weights=save(plain, tmp_path / "own.keras")).load()
    assert_equal_weights(loaded, plain)
    keras.backend.clear_session()


def test_the_cache_of_keras_is_where_keras_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "x.h5").write_text("x")
    assert keras_cache() == tmp_path / "models"
    assert keras.utils.get_file("x.h5", "https://example.invalid/x.h5", cache_subdir="models") == str(
        keras_cache() / "x.h5"
    )


def test_not_imagenet_leaves_other_errors_alone() -> None:
    error = RuntimeError("out of cheese")
    assert not_imagenet("vgg16", error) is error


REAL = {
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5": ("mobilenet_v2", 0.35),
    "mobilenet_v2_0.35_224_no_top.weights.h5": ("mobilenet_v2", 0.35),
    "mobilenet_v1_0.25_224_imagenet_from_tflite_no_top.h5": ("mobilenet", 0.25),
    "mobilenet_v2_1.0_224_imagenet_dequantised_uint8_no_top.h5": ("mobilenet_v2", 1.0),
    "mobilenet_v3_small_0.75_224_imagenet_from_tflite_no_top.h5": ("mobilenet_v3_small", 0.75),
}


@pytest.mark.real
@pytest.mark.parametrize("file", REAL)
def test_real_weights_give_the_features_of_plain_keras(file: str, material: Path) -> None:
    name, alpha = REAL[file]
    path = material / "weights" / file
    ours = build(tfft.load_backbone(name, alpha=alpha, weights=path), tfft.tasks.classification(["ants", "bees"]))
    make = getattr(
        keras.applications, {"mobilenet": "MobileNet", "mobilenet_v2": "MobileNetV2"}.get(name, "MobileNetV3Small")
    )
    plain = make(alpha=alpha, include_top=False, input_shape=(224, 224, 3), weights=str(path))
    photo = next((material / "data" / "image_classification" / "flowers5" / "test" / "roses").glob("*.jpg"))
    pixels = ours.preprocessor(photo)[None].astype("float32")
    module = {"mobilenet": "mobilenet", "mobilenet_v2": "mobilenet_v2"}.get(name, "mobilenet_v3")
    prepared = getattr(keras.applications, module).preprocess_input(pixels.copy())
    layers = ours.net.layers
    inside = keras.Model(ours.net.inputs, layers[[layer.name for layer in layers].index("backbone") - 1].output)
    features = ours.backbone_net(inside(pixels) if len(inside.layers) > 1 else pixels)
    np.testing.assert_allclose(features, plain(prepared), rtol=1e-4, atol=1e-4)
    assert float(np.std(features)) > 0.1


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "name", "alpha"),
    [
        ("mobilenet_v1_0.25_224_imagenet_from_tflite.h5", "mobilenet", 0.25),
        ("mobilenet_v2_1.0_224_imagenet_dequantised_uint8.h5", "mobilenet_v2", 1.0),
    ],
)
def test_real_weights_with_top_are_refused(file: str, name: str, alpha: float, material: Path) -> None:
    with pytest.raises(WeightsError, match=r"1000.*original top: use its no_top version"):
        tfft.load_backbone(name, alpha=alpha, weights=material / "weights" / file).load()


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize("name", ["other.h5", "other.weights.h5", "other.keras"])
def test_a_file_under_a_name_that_keras_cannot_read_is_told_the_right_one(file: str, name: str, tmp_path: Path) -> None:
    net = mobilenet()
    wrong = save(net, tmp_path / file).rename(tmp_path / name)
    if name == file.replace("net", "other"):
        assert_equal_weights(load(wrong), net)
        return
    with pytest.raises(
        WeightsError, match=r"cannot read the weights file .*Got: a file that holds .*Rename it to"
    ) as caught:
        load(wrong)
    right = caught.value.fix.split("'")[1]
    assert_equal_weights(load(wrong.rename(right)), net)


@pytest.mark.real
@pytest.mark.parametrize("file", [file for file in REAL if file.endswith("no_top.h5") and "v3" not in file])
def test_imagenet_works_offline_from_files_in_the_cache_of_keras(
    file: str, material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = {
        ("mobilenet", 0.25): "mobilenet_2_5_224_tf_no_top.h5",
        ("mobilenet_v2", 0.35): "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5",
        ("mobilenet_v2", 1.0): "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    }
    name, alpha = REAL[file]
    (tmp_path / "models").mkdir()
    shutil.copy(material / "weights" / file, tmp_path / "models" / cached[name, alpha])
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", lambda *request: pytest.fail("asked the network"))
    by_word = tfft.load_backbone(name, alpha=alpha, size=100).load()
    by_path = tfft.load_backbone(name, alpha=alpha, size=100, weights=material / "weights" / file).load()
    assert_equal_weights(by_word, by_path)


@pytest.mark.real
def test_both_formats_of_the_real_weights_hold_the_same_values(material: Path) -> None:
    legacy, modern = (
        tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=material / "weights" / file).load()
        for file in list(REAL)[:2]
    )
    assert_equal_weights(legacy, modern)
