"""A configuration of Transformers is honoured field by field, or refused with the field named."""

import pytest

from tfft.backbones.keras_hub.transformers_config import stated
from tfft.backbones.keras_hub.transformers_fields import FIELDS
from tfft.core.errors import BackboneError


@pytest.mark.parametrize("family", FIELDS)
def test_an_empty_configuration_is_the_one_that_transformers_has_by_default(family):
    net = stated("x", family, {})
    sizes = {argument: value for argument, value in FIELDS[family].sizes.values() if argument}
    for argument, value in sizes.items():
        # of RoBERTa's positions two are not for tokens; GPT-2's dense layers are four times as wide as itself
        expected = value - 2 if "roberta" in family and argument == "max_sequence_length" else value or 4 * 768
        assert net.arguments[argument] == expected


def test_other_names_of_fields_are_understood():
    assert dict(stated("x", "gpt2", {"hidden_size": 24, "num_attention_heads": 3}).arguments)["hidden_dim"] == 24
    assert stated("x", "distil_bert", {"num_hidden_layers": 2, "n_layers": 2}).arguments["num_layers"] == 2
    with pytest.raises(BackboneError, match=r"num_hidden_layers=3\. It is another name of n_layers=2: remove one"):
        stated("x", "distil_bert", {"num_hidden_layers": 3, "n_layers": 2})


@pytest.mark.parametrize(
    ("family", "fields"),
    [
        ("bert", {"position_embedding_type": "relative_key"}),
        ("bert", {"position_embedding_type": "relative_key_query"}),
        ("bert", {"is_decoder": True}),
        ("bert", {"add_cross_attention": True}),
        ("bert", {"pruned_heads": {"0": [1]}}),
        ("bert", {"quantization_config": {"bits": 8}}),
        ("bert", {"hidden_act": "quick_gelu"}),
        ("bert", {"hidden_act": None}),
        ("roberta", {"is_decoder": True}),
        ("roberta", {"pad_token_id": 511}),
        ("xlm_roberta", {"position_embedding_type": "relative_key"}),
        ("distil_bert", {"activation": "gelu_10"}),
        ("albert", {"is_decoder": True}),
        ("gpt2", {"add_cross_attention": True}),
        ("gpt2", {"activation_function": "quick_gelu"}),
        ("vit", {"num_channels": 1}),
        ("vit", {"hidden_act": "relu"}),
        ("vit", {"patch_size": 15}),
    ],
)
def test_what_kerashub_does_not_compute_is_refused_with_the_field(family, fields):
    with pytest.raises(BackboneError, match=r"config\.json of 'x' asks for a net that tfft does not build") as caught:
        stated("x", family, fields)
    assert next(iter(fields)).replace("pad_token_id", "max_position_embeddings") in caught.value.got


@pytest.mark.parametrize(
    "fields",
    [
        {"rotary_dim": 4},
        {"embedding_size": 128},
        {"alibi": True},
        {"use_rope": True},
        {"head_dim": 32},
        {"num_key_value_heads": 2},
        {"norm_first": True},
        {"pre_norm": True},
        {"attention_window": [512]},
        {"hidden_dropout": 0.1},
    ],
)
def test_an_unknown_field_that_may_change_the_net_is_refused(fields):
    with pytest.raises(
        BackboneError,
        match=r"fields that tfft does not know and that may change its net.*Delete them from config\.json",
    ) as caught:
        stated("x", "bert", {"model_type": "bert", **fields})
    assert next(iter(fields)) in caught.value.got


@pytest.mark.parametrize(
    "fields",
    [
        {"_name_or_path": "x", "_num_labels": 3, "_attn_implementation": "eager"},
        {"id2label": {"0": "a"}, "label2id": {"a": 0}, "problem_type": "regression"},
        {"torch_dtype": "float16", "dtype": "float16", "transformers_version": "4.0.0"},
        {"language": "english", "name": "Bert", "license": "mit", "emotions": ["joy"], "epochs": 3, "seed": 42},
        {"rotary_dim": None, "alibi": False, "head_dim": 0, "pruned_heads": {}, "pruned_layers": []},
        {"position_embedding_type": None, "is_decoder": None, "directionality": "bidi", "pooler_fc_size": 768},
        {"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}, "sentence_transformers": {"version": "1"}},
    ],
)
def test_a_field_that_changes_no_features_is_let_pass(fields):
    assert stated("x", "bert", fields) == stated("x", "bert", {})


def test_gpt2_scales_its_attention_by_layer_and_width():
    assert stated("x", "gpt2", {"n_layer": 2}).scales == (1, 1)
    assert stated("x", "gpt2", {"n_layer": 2, "scale_attn_by_inverse_layer_idx": True}).scales == (1, 0.5)
    assert stated("x", "gpt2", {"n_layer": 2, "scale_attn_weights": False}).scales == (8, 8)
    with pytest.raises(BackboneError, match="scale_attn_weights in config"):
        stated("x", "gpt2", {"scale_attn_weights": "no"})


def test_albert_shares_its_layers_evenly():
    with pytest.raises(BackboneError, match="num_groups must divide num_layers"):
        stated("x", "albert", {"num_hidden_layers": 3, "num_hidden_groups": 2})
