"""Weights are found by their plain name, whatever class saved them; what is missing or more is named."""

import pytest

from tfft.backbones.keras_hub.tensor_names import find, wanted
from tfft.backbones.keras_hub.transformers_config import stated
from tfft.core.errors import WeightsError

NET = stated("x", "bert", {"num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2})
NEEDED = wanted(NET)
WORDS = "embeddings.word_embeddings.weight"


@pytest.mark.parametrize("prefix", ["", "bert.", "model.bert.", "0.auto_model."])
def test_any_prefix_is_taken_off(prefix):
    found = find("x", NET, {f"{prefix}{name}": shape for name, shape in NEEDED.items()})
    assert found.names == {name: f"{prefix}{name}" for name in NEEDED}
    assert found.unused == ()


def test_older_names_of_norms_are_understood():
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        for name in NEEDED
    }
    held = {name: NEEDED[name.replace("gamma", "weight").replace("beta", "bias")] for name in old}
    assert set(find("x", NET, held).names) == set(NEEDED)
    both = {**held, "embeddings.LayerNorm.weight": (8,)}
    with pytest.raises(WeightsError, match=r"holds a weight twice\. Got: 'embeddings\.LayerNorm\.(gamma|weight)'"):
        find("x", NET, both)


def test_heads_and_poolers_are_named_as_unused_and_buffers_are_not():
    held = {f"bert.{name}": shape for name, shape in NEEDED.items()}
    further = {
        "bert.pooler.dense.weight": (8, 8),
        "cls.predictions.bias": (3,),
        "bert.embeddings.position_ids": (1, 512),
    }
    assert find("x", NET, held | further).unused == ("bert.pooler.dense.weight", "cls.predictions.bias")


@pytest.mark.parametrize("name", [name for name in NEEDED if name != WORDS][::7])
def test_a_missing_weight_is_named(name):
    held = {key: shape for key, shape in NEEDED.items() if key != name}
    with pytest.raises(WeightsError, match=rf"lacks 1 of the {len(NEEDED)} weights that its features need") as caught:
        find("x", NET, held)
    assert name in caught.value.got


def test_a_file_of_another_family_is_refused():
    with pytest.raises(
        WeightsError, match=rf"lacks the weight '{WORDS}', with or without a prefix.*from the same model"
    ):
        find("x", NET, {"wte.weight": (3, 8)})


def test_two_nets_in_one_file_are_refused():
    held = {f"{net}.{name}": shape for net in ("query", "passage") for name, shape in NEEDED.items()}
    with pytest.raises(WeightsError, match=r"more than one net\. Got: 'query\.embeddings.*'passage\."):
        find("x", NET, held)


@pytest.mark.parametrize(
    "name",
    [
        "encoder.layer.2.output.dense.weight",
        "encoder.layer.0.attention.self.distance_embedding.weight",
        "encoder.layer.0.crossattention.self.query.weight",
        "encoder.layer.0.attention.self.query.lora_A.weight",
        "embeddings.further.weight",
    ],
)
def test_a_weight_of_the_net_that_the_configuration_does_not_describe_is_refused(name):
    with pytest.raises(WeightsError, match=r"that config\.json does not describe") as caught:
        find("x", NET, {**NEEDED, name: (8, 8)})
    assert name in caught.value.got
