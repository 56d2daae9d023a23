"""Families say of KerasHub's classes what is true of them, and each becomes a net of a sequence and its mask."""

import inspect
import re

import keras_hub
import numpy as np
import pytest

from tfft.backbones.keras_hub.encoders import FAMILIES, masked

WIDTHS = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
OTHERS = {"albert": {"embedding_dim": 4}, "electra": {"embedding_dim": 8}}


def tiny(name, **options):
    """A KerasHub backbone of a family, over ten tokens."""
    size = {"vocab_size" if name == "electra" else "vocabulary_size": 10}
    make = getattr(keras_hub.models, FAMILIES[name].backbone)
    return make(**(size | WIDTHS | OTHERS.get(name, {}) | options))


@pytest.mark.parametrize("name", FAMILIES)
def test_backbone_and_tokenizer_are_those_of_one_model(name):
    family = FAMILIES[name]
    assert getattr(keras_hub.models, family.tokenizer).backbone_cls is getattr(keras_hub.models, family.backbone)


@pytest.mark.parametrize("name", FAMILIES)
def test_lengths_are_those_that_keras_hub_builds(name):
    signature = inspect.signature(getattr(keras_hub.models, FAMILIES[name].backbone).__init__)
    assert signature.parameters["max_sequence_length"].default == FAMILIES[name].length


@pytest.mark.parametrize("name", FAMILIES)
def test_a_backbone_becomes_a_sequence_and_its_mask(name):
    base = tiny(name)
    assert ("segment_ids" in base.input) == FAMILIES[name].segments
    net = masked(base)
    assert net.name == "backbone"
    expected = ["token_ids", *(["segment_ids"] if FAMILIES[name].segments else []), "padding_mask"]
    assert [tensor.name for tensor in net.inputs] == expected
    ids = np.array([[2, 5, 3, 0], [2, 5, 6, 3]], np.int32)
    mask = np.array([[1, 1, 1, 0], [1, 1, 1, 1]], np.int32)
    given = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": mask}
    features, told = net([given[name] for name in expected])
    np.testing.assert_array_equal(told, mask)
    direct = base({name: given[name] for name in expected})
    direct = direct["sequence_output"] if isinstance(direct, dict) else direct
    np.testing.assert_allclose(features, direct, atol=1e-6)
    assert {id(v) for v in net.weights} <= {id(v) for v in base.weights}


@pytest.mark.parametrize(("name", "projects"), [("electra", True), ("electra", False), ("albert", True)])
def test_the_embeddings_end_with_their_projection_where_there_is_one(name, projects):
    names = [layer.name for layer in masked(tiny(name, embedding_dim=4 if projects else 8)).layers]
    last = [layer for layer in names if re.match(FAMILIES[name].embeddings, layer)][-1]
    assert last.endswith("projection" if projects else "dropout")


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_there_are_as_many_blocks_as_layers_and_the_last_ends_at_the_output(layers):
    blocks = FAMILIES["bert"].blocks(layers)
    assert [block.name for block in blocks] == ["embeddings", *(f"layer{number + 1}" for number in range(layers))]
    assert [block.pattern == "" for block in blocks] == [False] * layers + [True]


def test_the_tenth_layer_is_not_taken_for_the_first():
    first, *_ = FAMILIES["bert"].blocks(12)[1:]
    assert re.match(first.pattern, "transformer_layer_0")
    second = FAMILIES["bert"].blocks(12)[2]
    assert re.match(second.pattern, "transformer_layer_1")
    assert not re.match(second.pattern, "transformer_layer_10")


def test_layers_that_share_their_weights_are_one_block():
    assert [block.name for block in FAMILIES["albert"].blocks(12)] == ["embeddings", "layers"]


def test_only_what_reads_in_one_direction_is_pooled_at_its_last_token():
    assert {name for name, family in FAMILIES.items() if family.pooling == "last"} == {"gpt2"}
    assert {family.pooling for family in FAMILIES.values()} == {"average", "last"}
