"""The laws that KerasHub's nets of pictures must pass; a new row of ``vision.KINDS`` inherits them by a folder here."""

import json
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

import tfft
from tests.segmenter_presets import NETS, saved
from tfft.backbones.keras_hub.vision import KINDS
from tfft.core.blocks import assign_blocks
from tfft.models.assembly import TransferModel, build
from tfft.models.cuts import cut, feature_name
from tfft.models.trunk import tail_net, trunk_net
from tfft.trainable import last_blocks, nothing

IMAGENET = {"input_size": [3, 224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
VIT = {
    "model_type": "vit",
    "image_size": 32,
    "patch_size": 8,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 16,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "qkv_bias": True,
    "layer_norm_eps": 1e-6,
}
FOLDERS = {
    "resnet18": "ResNetBackbone",
    "resnetv2_50": "ResNetBackbone",
    "vgg11": "VGGBackbone",
    "efficientnet_b0": "EfficientNetBackbone",
    "densenet121": "DenseNetBackbone",
    "mobilenetv3_small_050": "MobileNetBackbone",
    "vit": "ViTBackbone",
    "mit": "MiTBackbone",
    "segformer": "SegFormerBackbone",
    "deeplab": "DeepLabV3Backbone",
}


def folder_of(name: str, folder: Path) -> Path:
    """A folder as timm, Transformers or KerasHub save it; of the first two without weights."""
    if name in NETS:
        saved(name, folder, side=32)
        return folder
    config = VIT if name == "vit" else {"architecture": name, "pretrained_cfg": IMAGENET}
    (folder / "config.json").write_text(json.dumps(config))
    if name == "vit":
        (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.5] * 3}))
    return folder


@pytest.fixture(scope="module", params=FOLDERS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferModel]:
    folder = folder_of(request.param, tmp_path_factory.mktemp(request.param))
    size = None if request.param == "vit" else 32
    described = tfft.load_backbone(str(folder), weights=None, size=size)
    yield build(described, tfft.tasks.classification(["ants", "bees"]))
    keras.backend.clear_session()


def test_every_kind_is_held_to_these_laws() -> None:
    assert set(FOLDERS.values()) == set(KINDS)


def test_a_description_makes_the_same_backbone_again(model: TransferModel) -> None:
    described = model.backbone
    assert tfft.load_backbone(described.handle, **dict(described.options)) == described


def test_features_are_of_the_kind_that_is_described(model: TransferModel) -> None:
    net = model.backbone_net
    assert net.name == "backbone"
    assert net.input_shape == (None, 32, 32, 3)
    assert len(net.output_shape) == {"map": 4, "sequence": 3}[model.backbone.features.kind]
    assert None not in net.output_shape[1:]
    assert model.net.output_shape == (None, 2)


def test_blocks_cover_the_net_in_order_and_each_holds_weights(model: TransferModel) -> None:
    net, blocks = model.backbone_net, model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    order = [block.name for block in blocks]
    positions = [order.index(block_of[layer.name]) for layer in net.layers]
    assert positions == sorted(positions)
    for name in order:
        assert any(layer.weights for layer in net.layers if block_of[layer.name] == name), f"{name} holds no weight"


def test_last_blocks_trains_the_weights_of_those_blocks_but_for_norms(model: TransferModel) -> None:
    net, blocks = model.backbone_net, model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    for count in range(1, len(blocks) + 1):
        chosen = {block.name for block in blocks[-count:]}
        wanted = {
            id(variable)
            for layer in net.layers
            if block_of[layer.name] in chosen
            for part in layer._flatten_layers()
            if "Normalization" not in type(part).__name__
            for variable in part._trainable_variables
        }
        model.apply(last_blocks(count))
        assert {id(variable) for variable in net.trainable_variables} == wanted


def test_a_net_cut_in_front_of_each_block_answers_as_the_whole(model: TransferModel) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    whole, depths = np.asarray(model.net(pixels)), []
    for count in range(1, len(model.backbone.blocks)):
        at = cut(model, model.apply(last_blocks(count)))
        assert not at.reason
        depths.append(at.depth)
        for fold in (False, True):
            found = trunk_net(model, at, fold=fold)({"pixels": pixels})
            tensors = found if isinstance(found, (list, tuple)) else [found]
            features = {feature_name(index): tensor for index, tensor in enumerate(tensors)}
            np.testing.assert_allclose(tail_net(model, at, fold=fold)(features), whole, rtol=1e-4, atol=1e-6)
    assert depths == sorted(set(depths), reverse=True), "the more blocks train, the earlier is the cut"
    model.apply(nothing())


@pytest.mark.slow
def test_a_bundle_answers_as_the_model_did(model: TransferModel, tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (2, 40, 36, 3), np.uint8)
    pixels = np.stack([model.preprocessor(picture) for picture in pictures]).astype("float32")
    expected = model.task.probabilities(np.asarray(model.net(pixels)))
    tfft.export(model, tmp_path / "m.tfft")
    answers = tfft.load(tmp_path / "m.tfft").predict(list(pictures))
    np.testing.assert_allclose([list(answer.scores.values()) for answer in answers], expected, atol=1e-6)
