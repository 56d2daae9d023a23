"""What timm, Transformers and KerasHub save of nets of images becomes a backbone, or is refused with a reason."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import tfft
from tests.contracts.test_hub_pictures import IMAGENET, VIT, folder_of
from tfft.core.errors import BackboneError, WeightsError

HALF = [0.5, 0.5, 0.5]


class Recorder:
    """Stands where KerasHub's converters read a file, and writes one that they read the net's weights from."""

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray] = {}

    def port_weight(self, keras_variable: Any, hf_weight_key: str, hook_fn: Callable[..., Any] | None = None) -> None:
        value = np.asarray(keras_variable)
        ways = [value, value.T, value[None], value.ravel(), value.reshape(len(value), -1).T]
        ways += [value.transpose(order) for order in ((3, 2, 0, 1), (2, 3, 0, 1)) if value.ndim == 4]
        for way in ways if hook_fn else ways[:1]:
            try:
                read = np.asarray(hook_fn(way, value.shape)) if hook_fn else way
            except (ValueError, IndexError):
                continue
            if read.shape == value.shape and np.array_equal(read, value):
                self.tensors[hf_weight_key] = np.ascontiguousarray(way)
                return
        raise AssertionError(f"no tensor that becomes {hf_weight_key}")


def written(folder: Path, module: str, size: int) -> tuple[Path, keras.Model]:
    """Weights drawn at random, saved as timm would, and the net they are of."""
    converter = importlib.import_module(f"keras_hub.src.utils.{module}")
    config = json.loads((folder / "config.json").read_text())
    net = converter.backbone_cls(**converter.convert_backbone_config(config), image_shape=(size, size, 3))
    draw = np.random.default_rng(0)
    for variable in net.variables:
        if "seed" not in variable.path:
            variable.assign(draw.uniform(0.1, 0.2, variable.shape))
    recorder = Recorder()
    converter.convert_weights(net, recorder, config)
    save_file(recorder.tensors, folder / "model.safetensors")
    return folder, net


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("mobilenetv3_small_050", "timm.convert_mobilenet"),
        ("resnet18", "timm.convert_resnet"),
    ],
)
def test_a_folder_becomes_a_backbone_with_its_weights(tmp_path, name, module, capsys):
    folder, net = written(folder_of(name, tmp_path), module, 32)
    described = tfft.load_backbone(str(folder), size=32)
    capsys.readouterr()
    loaded = described.load(seed=3)
    pixels = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(loaded(pixels), net(pixels), rtol=1e-5, atol=1e-6)
    assert sum(np.prod(v.shape) for v in loaded.weights) == sum(np.prod(v.shape) for v in net.weights)
    assert capsys.readouterr().out == "", "KerasHub prints a line for each weight"
    assert (described.handle, dict(described.options)["weights"]) == (str(folder), "pretrained")


@pytest.mark.slow
def test_the_entry_of_a_densenet_of_timm_pads_both_sides_alike(tmp_path):
    folder = folder_of("densenet121", tmp_path)
    net = tfft.load_backbone(str(folder), weights=None, size=32).load(seed=1)
    entry = keras.Model(net.input, net.get_layer("pool1").output)
    pixels = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype("float32")
    padded = np.pad(pixels, [(0, 0), (3, 3), (3, 3), (0, 0)])
    convolved = keras.ops.conv(padded, net.get_layer("conv1_conv").kernel, strides=2, padding="valid")
    normed = np.maximum(net.get_layer("conv1_bn")(convolved), 0)
    pooled = keras.ops.max_pool(np.pad(normed, [(0, 0), (1, 1), (1, 1), (0, 0)]), 3, 2, padding="valid")
    np.testing.assert_allclose(entry(pixels), pooled, rtol=1e-5, atol=1e-6)


def test_a_densenet_that_kerashub_saved_stays_as_it_was_trained(tmp_path):
    import keras_hub

    net = keras_hub.models.DenseNetBackbone([1, 1], image_shape=(32, 32, 3))
    net.save_to_preset(str(tmp_path))
    keras_hub.layers.DenseNetImageConverter(image_size=(32, 32), scale=1 / 255).save_to_preset(str(tmp_path))
    described = tfft.load_backbone(str(tmp_path))
    assert (described.takes(), described.pixel_range) == ("32x32 pixels", "zero_to_one")
    pixels = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(described.load()(pixels), net(pixels), rtol=1e-6)


def test_size_and_fit_are_what_the_user_wants_or_what_it_was_trained_at(tmp_path):
    folder = str(folder_of("vgg11", tmp_path))
    assert tfft.load_backbone(folder, weights=None).takes() == "224x224 pixels"
    described = tfft.load_backbone(folder, weights=None, size=(32, 64), fit="pad")
    assert (described.takes(), described.preprocessor.fit) == ("32x64 pixels", "pad")
    with pytest.raises(BackboneError, match="at least 32 pixels"):
        tfft.load_backbone(folder, weights=None, size=31)


def test_a_vit_has_one_size(tmp_path):
    folder = str(folder_of("vit", tmp_path))
    assert tfft.load_backbone(folder, weights=None, size=32).takes() == "32x32 pixels"
    with pytest.raises(
        BackboneError, match=r"takes only images of one size.*size=64.*resizes images to \(32, 32\) pixels"
    ):
        tfft.load_backbone(folder, weights=None, size=64)


@pytest.mark.slow
def test_layers_of_a_vit_train_one_by_one(tmp_path, toy_arrays):
    images, targets = toy_arrays
    data = tfft.data.from_arrays(images, targets)
    described = tfft.load_backbone(str(folder_of("vit", tmp_path)), weights=None)
    assert [block.name for block in described.blocks] == ["embeddings", "layer1", "layer2", "layer3"]
    assert (described.features.kind, described.features.pooling) == ("sequence", "first")
    model = tfft.build(described, tfft.tasks.classification(data.labels))
    plan = tfft.Plan(tfft.Phase("top", tfft.trainable.last_blocks(1), 1, 1e-3))
    (record,) = tfft.fit(model, data, plan, progress=False).phases
    moved = {row.block for row in record.overview.rows if row.moved}
    assert moved == {"layer3", "head"}


@pytest.mark.slow
def test_a_vit_trains_with_the_default_plan_which_masks_no_patches(tmp_path, toy_arrays):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build(
        tfft.load_backbone(str(folder_of("vit", tmp_path)), weights=None), tfft.tasks.classification(data.labels)
    )
    run = tfft.fit(model, data, progress=False)
    assert run.plan == tfft.plans.encoder(augment=()).with_phases(patience=1)


@pytest.mark.parametrize("side", [28, [28, 28], [28, 14], None, [28], "28"])
def test_a_vit_may_be_smaller_than_other_nets_and_says_its_size_as_one_number_or_two(tmp_path, side):
    folder = folder_of("vit", tmp_path)
    (folder / "config.json").write_text(json.dumps(VIT | {"image_size": side, "patch_size": 7}))
    if side in (28, [28, 28], [28, 14]):
        height, width = side if isinstance(side, list) else (side, side)
        assert tfft.load_backbone(str(folder), weights=None).takes() == f"{height}x{width} pixels"
        return
    with pytest.raises(BackboneError, match=r"image_size in config\.json of .* must be a whole number of at least 1"):
        tfft.load_backbone(str(folder), weights=None)


def test_the_size_of_a_vit_is_its_nets_whatever_its_converter_says(tmp_path):
    import keras_hub

    net = keras_hub.models.ViTBackbone((32, 32, 3), 8, 1, 2, 8, 16)
    net.save_to_preset(str(tmp_path))
    keras_hub.layers.ViTImageConverter(image_size=(64, 64), scale=1 / 255).save_to_preset(str(tmp_path))
    described = tfft.load_backbone(str(tmp_path))
    assert described.takes() == "32x32 pixels"
    pixels = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(described.load()(pixels), net(pixels), rtol=1e-5, atol=1e-6)


def test_norms_of_a_vit_add_what_transformers_adds(tmp_path):
    folder = folder_of("vit", tmp_path)
    (folder / "config.json").write_text(json.dumps(VIT | {"layer_norm_eps": 1e-3}))
    net = tfft.load_backbone(str(folder), weights=None).load()
    norms = [part for layer in net.layers for part in layer._flatten_layers() if "Normalization" in type(part).__name__]
    assert len(norms) == 7
    assert {norm.epsilon for norm in norms} == {1e-3}


@pytest.mark.parametrize("strange", [{"num_channels": 1}, {"hidden_act": "relu"}])
def test_a_vit_that_kerashub_would_read_wrongly_is_refused(tmp_path, strange):
    folder = folder_of("vit", tmp_path)
    (folder / "config.json").write_text(json.dumps(VIT | strange))
    with pytest.raises(BackboneError, match=rf"a net that tfft does not build\. Got: {next(iter(strange))}="):
        tfft.load_backbone(str(folder), weights=None)


@pytest.mark.parametrize(
    ("make", "converter"),
    [
        (lambda hub: hub.ResNetBackbone([64], [7], [64, 64], [1, 1], [1, 2], "basic_block"), "ResNetImageConverter"),
        (
            lambda hub: hub.MobileNetBackbone(
                [[8], [8]], [1, 1], [[8], [8]], [[3], [3]], [[2], [2]], [[None], [None]], [["relu"], ["relu"]], [[1], [1]],
                16, 8, 2, False, 16,
            ),
            "MobileNetImageConverter",
        ),
    ],
)  # fmt: skip
def test_what_kerashub_saved_has_its_numbers(tmp_path, make, converter):
    import keras_hub

    net = make(keras_hub.models)
    net.save_to_preset(str(tmp_path))
    getattr(keras_hub.layers, converter)(image_size=(32, 32), scale=1 / 255).save_to_preset(str(tmp_path))
    pixels = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(tfft.load_backbone(str(tmp_path)).load()(pixels), net(pixels), rtol=1e-5, atol=1e-6)


def test_an_architecture_is_named_before_its_weights_are_missed(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet9000", "pretrained_cfg": IMAGENET}))
    with pytest.raises(BackboneError, match=r"holds timm's 'resnet9000', which KerasHub 0\.32 does not convert"):
        tfft.load_backbone(str(tmp_path))


def test_a_configuration_of_no_known_form_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"class_name": "VGGBackbone", "config": {}}))
    with pytest.raises(BackboneError, match=r"cannot be used: Unrecognized format"):
        tfft.load_backbone(str(tmp_path), weights=None)


@pytest.mark.parametrize(
    ("mean", "spread", "expected"),
    [
        (IMAGENET["mean"], IMAGENET["std"], "torch"),
        (HALF, HALF, "minus_one_to_one"),
        ([0, 0, 0], [1, 1, 1], "zero_to_one"),
    ],
)
def test_the_pixel_range_is_what_the_files_say(tmp_path, mean, spread, expected):
    config = {"architecture": "vgg11", "pretrained_cfg": {"input_size": [3, 64, 48], "mean": mean, "std": spread}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    described = tfft.load_backbone(str(tmp_path), weights=None)
    assert (described.pixel_range, described.takes()) == (expected, "64x48 pixels")
    (tmp_path / "config.json").write_text(json.dumps(VIT))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": mean, "image_std": spread}))
    assert tfft.load_backbone(str(tmp_path), weights=None).pixel_range == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "raw"),
        ({"scale": 1.0, "offset": 0.0}, "raw"),
        ({"scale": [1 / 127.5], "offset": -1.0}, "minus_one_to_one"),
        ({"scale": 1 / 255}, "zero_to_one"),
        ({"scale": 1 / 127.5, "offset": -1.0}, "minus_one_to_one"),
        (
            {
                "scale": [1 / 255 / spread for spread in IMAGENET["std"]],
                "offset": [-mean / spread for mean, spread in zip(IMAGENET["mean"], IMAGENET["std"], strict=True)],
            },
            "torch",
        ),
    ],
)
def test_the_pixel_range_of_a_keras_preset_is_its_converters(tmp_path, values, expected):
    import keras_hub

    keras_hub.models.VGGBackbone([1], [4]).save_to_preset(str(tmp_path))
    keras_hub.layers.VGGImageConverter(image_size=(32, 32), **values).save_to_preset(str(tmp_path))
    assert tfft.load_backbone(str(tmp_path)).pixel_range == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"do_normalize": False, "image_mean": HALF, "image_std": HALF}, "zero_to_one"),
        ({"do_normalize": False, "do_rescale": False}, "raw"),
        ({"do_rescale": False, "image_mean": [127.5] * 3, "image_std": [127.5] * 3}, "minus_one_to_one"),
        ({"rescale_factor": 1 / 127.5, "image_mean": [1.0] * 3, "image_std": [1.0] * 3}, "minus_one_to_one"),
        ({"image_mean": 0.5, "image_std": 0.5}, "minus_one_to_one"),
    ],
)
def test_what_transformers_does_to_pixels_is_read_whole(tmp_path, values, expected):
    folder = folder_of("vit", tmp_path)
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    assert tfft.load_backbone(str(folder), weights=None).pixel_range == expected


@pytest.mark.parametrize(
    ("mean", "spread"), [([0.5], [0.5, 0.5]), (["a"] * 3, HALF), (HALF, [0.0] * 3), ({}, HALF), ([0.1, 0.2, 0.3], HALF)]
)
def test_numbers_that_make_no_range_are_refused(tmp_path, mean, spread):
    config = {"architecture": "vgg11", "pretrained_cfg": {"mean": mean, "std": spread}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BackboneError, match=r"pixel range|a range that tfft does not have"):
        tfft.load_backbone(str(tmp_path), weights=None)


@pytest.mark.parametrize("size", [None, [3], ["a", "b", "c"], [3, 0, 0]])
def test_a_size_that_is_none_counts_as_not_said(tmp_path, size):
    config = {"architecture": "vgg11", "pretrained_cfg": {**IMAGENET, "input_size": size}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert tfft.load_backbone(str(tmp_path), weights=None).takes() == "224x224 pixels"


def test_an_unknown_pixel_range_is_refused_and_so_is_none(tmp_path):
    config: dict[str, Any] = {"architecture": "vgg11"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BackboneError, match=r"does not say which range of pixels.*preprocessor_config\.json"):
        tfft.load_backbone(str(tmp_path), weights=None)
    config["pretrained_cfg"] = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BackboneError, match=r"a range that tfft does not have.*mean \[0\.48"):
        tfft.load_backbone(str(tmp_path), weights=None)


@pytest.mark.parametrize("architecture", ["vgg16_bn", "swin_tiny", "resnet200", "efficientnet_b9", "mobilenetv1_100"])
def test_an_architecture_that_is_not_converted_is_named(tmp_path, architecture):
    (tmp_path / "config.json").write_text(json.dumps({"architecture": architecture, "pretrained_cfg": IMAGENET}))
    with pytest.raises(
        BackboneError,
        match=rf"holds timm's '{architecture}', which KerasHub 0\.32 does not convert.*\"resnet18\", \"vgg16\"",
    ):
        tfft.load_backbone(str(tmp_path), weights=None)


def test_a_vit_that_does_not_say_how_it_is_made_is_as_transformers_makes_it(tmp_path):
    config = {key: value for key, value in VIT.items() if key != "image_size"}
    folder = folder_of("vit", tmp_path)
    (folder / "config.json").write_text(json.dumps(config))
    assert tfft.load_backbone(str(folder), weights=None).takes() == "224x224 pixels"


def test_an_architecture_that_is_converted_but_has_no_blocks_here_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "cspresnet50", "pretrained_cfg": IMAGENET}))
    with pytest.raises(
        BackboneError, match=r"holds 'CSPNetBackbone', which tfft does not know.*It knows 'ResNetBackbone'"
    ):
        tfft.load_backbone(str(tmp_path), weights=None)


def test_a_timm_folder_without_safetensors_tells_how_to_save_them(tmp_path):
    folder = folder_of("vgg11", tmp_path)
    (folder / "pytorch_model.bin").touch()
    with pytest.raises(
        WeightsError, match=r"Convert them.*timm\.models\.save_for_hf\(net, folder, safe_serialization=True\)"
    ):
        tfft.load_backbone(str(folder))


def test_a_file_of_other_weights_fails_with_its_folder_named(tmp_path):
    folder = folder_of("mobilenetv3_small_050", tmp_path)
    save_file({"other": np.zeros(3, "float32")}, folder / "model.safetensors")
    with pytest.raises(WeightsError, match=r"could not be loaded.*Copy the model again"):
        tfft.load_backbone(str(folder), size=32).load()
