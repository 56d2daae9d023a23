"""Nets are filled without a remainder, whatever class saved them, and keep what they are set to when they are saved."""

import json

import keras
import numpy as np
import pytest

import tfft
from tests.backbones.keras_hub.test_scratch import SPECIAL
from tests.contracts.transformers_folders import write_folder
from tfft.backbones.keras_hub import transformers_nets
from tfft.backbones.keras_hub.encoders import masked
from tfft.backbones.keras_hub.tensor_names import wanted
from tfft.backbones.keras_hub.transformers_config import stated
from tfft.core.errors import WeightsError
from tfft.core.values import argument_of

CONFIG = {
    "model_type": "bert",
    "architectures": ["BertForMaskedLM"],
    "vocab_size": 30,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 20,
    "hidden_act": "relu",
    "layer_norm_eps": 0.01,
}
NET = stated("x", "bert", CONFIG)
SHAPES = {f"bert.{name}": list(shape) for name, shape in wanted(NET).items()}
HEAD = {"cls.predictions.bias": [30]}


@pytest.fixture
def folder(tmp_path):
    folder = write_folder(tmp_path / "model", CONFIG, SHAPES | HEAD)
    letters = [chr(97 + number) for number in range(25)]
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *letters]))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return folder


def test_a_checkpoint_of_a_masked_language_model_is_a_backbone_and_names_its_head(folder):
    described = tfft.load_backbone(str(folder))
    assert "unused_weights" not in described.to_dict()
    net = described.load()
    assert described.to_dict()["unused_weights"] == ["cls.predictions.bias"]
    assert not [layer.name for layer in net.layers if "pool" in layer.name]
    assert len(net.weights) == len(SHAPES)


def test_activation_and_epsilon_stay_when_a_net_is_saved_and_cut(folder, tmp_path):
    model = tfft.build(str(folder), tfft.tasks.classification(["a", "b"]))
    predictor = tfft.load(tfft.export(model, tmp_path / "texts.tfft"))
    texts = ["a b c", "d", "e f g h"]
    arrays = model.preprocessor.collate(list(model.preprocessor.many(texts).rows))
    given = argument_of(arrays)
    np.testing.assert_allclose(predictor.net(given), model.net(given), atol=1e-6)
    layers = [layer for layer in predictor.net._flatten_layers() if isinstance(layer, keras.layers.LayerNormalization)]
    assert {layer.epsilon for layer in layers} == {0.01}


def test_random_weights_are_of_the_same_net():
    made = transformers_nets.load("nowhere", NET, "BertBackbone", False, [])
    layer = made.get_layer("transformer_layer_1")
    assert layer.activation is layer._feedforward_intermediate_dense.activation is keras.activations.relu
    assert layer.get_config()["layer_norm_epsilon"] == layer._feedforward_layer_norm.epsilon == 0.01


def test_no_memory_is_taken_before_weights_are_found(folder, monkeypatch):
    monkeypatch.setattr(transformers_nets, "_built", lambda *_: pytest.fail("built"))
    write_folder(folder, CONFIG, {name: shape for name, shape in SHAPES.items() if "layer.1.output" not in name})
    with pytest.raises(WeightsError, match=r"lacks 4 of the 37 weights"):
        tfft.load_backbone(str(folder)).load()


def test_one_row_of_types_is_for_both_texts_of_a_pair(folder):
    config = CONFIG | {"type_vocab_size": 1}
    net = stated("x", "bert", config)
    write_folder(folder, config, {name: list(shape) for name, shape in wanted(net).items()})
    made = masked(transformers_nets.load(str(folder), net, "BertBackbone", True, []))
    ids, mask = np.array([[5, 6, 7, 8]]), np.ones((1, 4), "int32")
    one, both = (np.asarray(made([ids, np.array([kinds]), mask])[0]) for kinds in ([0, 0, 0, 0], [0, 0, 1, 1]))
    np.testing.assert_array_equal(one, both)
