"""KerasHub's nets for segmentation are backbones: whole, with their decoders, and cut and trained layer by layer."""

import json

import keras
import numpy as np
import pytest

import tfft
from tests.segmenter_presets import NETS, saved
from tfft.core.blocks import assign_blocks
from tfft.core.errors import BackboneError

SIDE = 64
each = pytest.mark.parametrize("name", NETS)


def pixels(count=2):
    return np.random.default_rng(1).uniform(0, 1, (count, SIDE, SIDE, 3)).astype("float32")


@pytest.mark.slow
@each
def test_a_preset_gives_the_features_of_its_net(name, tmp_path):
    net = saved(name, tmp_path)
    described = tfft.load_backbone(str(tmp_path))
    loaded = described.load(seed=3)
    found = np.asarray(loaded(pixels()))
    if name == "deeplab":
        enlarge = net.get_layer("backbone_output_upsampling")
        found = enlarge(found)
    np.testing.assert_allclose(found, net(pixels()), rtol=1e-4, atol=1e-5)
    assert (described.features.kind, described.takes()) == ("map", "64x64 pixels")
    names = {"mit": ["stage1", "stage2"], "segformer": ["stage1", "stage2", "decoder"]}
    expected = names.get(name, ["conv1", "conv2", "conv3", "conv4", "conv5", "decoder"])
    assert list(dict.fromkeys(assign_blocks(loaded, described.blocks).values())) == expected
    assert not any(hasattr(layer, "layers") and not isinstance(layer, keras.Sequential) for layer in loaded.layers)


@pytest.mark.slow
@each
def test_a_segmenter_is_trained_in_phases_and_comes_back_from_its_bundle(name, tmp_path):
    saved(name, tmp_path / "preset")
    random = np.random.default_rng(0)
    masks = [np.kron(random.integers(0, 2, (5, 6)).astype(np.uint8), np.ones((10, 10), np.uint8)) for _ in range(20)]
    images = [np.dstack([mask * 150 + 40] * 3) for mask in masks]
    data = tfft.data.from_masks({"train": (images, masks)}, ["ground", "thing"])
    backbone = tfft.load_backbone(str(tmp_path / "preset"))
    model = tfft.build(backbone, tfft.tasks.segmentation(data.labels, width=8), seed=0)
    assert model.net.output_shape == (None, SIDE, SIDE, 2)
    run = tfft.fit(model, data, tfft.plans.segmenter(2, 1), batch_size=4, seed=0, progress=False)
    trained = [{row.block for row in phase.overview.trained()} for phase in run.phases]
    assert (trained[0], trained[1]) == ({"head"}, {"head", *(block.name for block in backbone.blocks)})
    path = tfft.export(run.model, tmp_path / "m.tfft")
    answer = tfft.load(path).predict([images[0]])[0]
    assert answer.mask.shape == masks[0].shape
    direct = np.asarray(run.model.net(run.model.preprocessor(images[0])[None].astype("float32"), training=False))
    assert np.array_equal(answer.mask, run.model.preprocessor.alignment.restore(direct[0].argmax(-1), images[0]))


def test_sizes_that_the_net_cannot_take_are_refused(tmp_path):
    saved("segformer", tmp_path)
    for size in ((64, 96), 72):
        with pytest.raises(BackboneError, match=r"only square images whose sides are multiples of 32.*Pass size=64"):
            tfft.load_backbone(str(tmp_path), size=size)
    assert tfft.load_backbone(str(tmp_path), size=96).load().output_shape == (None, 24, 24, 8)


def test_a_deeplab_takes_images_of_any_proportions_in_steps(tmp_path):
    saved("deeplab", tmp_path)
    with pytest.raises(BackboneError, match=r"only images whose sides are multiples of 32.*Pass size=\(256, 320\)"):
        tfft.load_backbone(str(tmp_path), size=(250, 333))
    assert tfft.load_backbone(str(tmp_path), size=(64, 96)).load().output_shape == (None, 16, 24, 256)


def changed(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    change(config["config"])
    path.write_text(json.dumps(config))
    return str(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spatial_pyramid_pooling_key": "P4"}, "does not read the last map of its encoder"),
        ({"dilation_rates": [1] * 1500}, "1,500 layers are more than the limit"),
        ({"image_encoder": {"class_name": "VGGBackbone", "config": {}}}, "not one that tfft knows.*'VGGBackbone'"),
    ],
)
def test_a_deeplab_that_could_not_work_is_refused(tmp_path, change, message):
    saved("deeplab", tmp_path)
    folder = changed(tmp_path, lambda inner: inner.update(change))
    with pytest.raises(BackboneError, match=message):
        tfft.load_backbone(folder)


def inside(**values):
    return lambda inner: inner["image_encoder"]["config"].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda inner: inner.pop("image_encoder"), "encoder of .* is not one that tfft knows.*None"),
        (lambda inner: inner["image_encoder"].pop("class_name"), "encoder of .* is not one that tfft knows.*None"),
        (lambda inner: inner["image_encoder"].update(class_name="XceptionBackbone"), "encoder .*'XceptionBackbone'"),
        (lambda inner: inner["image_encoder"].update(class_name=["MiTBackbone"]), r"encoder .*\['MiTBackbone'\]"),
        (
            lambda inner: inner["image_encoder"].update(registered_name="keras>Lambda"),
            "does not describe a KerasHub model",
        ),
        (lambda inner: inner["image_encoder"]["config"].pop("num_layers"), "num_layers|layers of its net"),
        (inside(layerwise_depths=[10**4, 1]), "10,001 layers"),
        (inside(layerwise_depths=[10**9, 1]), "layerwise_depths in config.json .* is too large"),
        (inside(layerwise_depths=[9, -9]), "layerwise_depths .* whole numbers of at least 1"),
        (inside(num_layers="3000000"), "num_layers .* whole numbers of at least 1.*'3000000'"),
        (inside(num_layers=3e6), "num_layers in config.json .* is too large"),
        (inside(num_layers=2.0), "num_layers .* whole numbers of at least 1"),
        (inside(hidden_dims=[1e9, 16]), "hidden_dims in config.json .* is too large"),
        (inside(hidden_dims=[60_000, 16]), "values are more than the limit"),
        (inside(layerwise_patch_sizes=[40_000, 3]), "values are more than the limit"),
        (
            inside(name={"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None}),
            "could run code",
        ),
    ],
)
def test_a_hostile_encoder_is_refused(tmp_path, change, message):
    saved("segformer", tmp_path)
    folder = changed(tmp_path, change)
    with pytest.raises(BackboneError, match=message):
        tfft.load_backbone(folder).load()
