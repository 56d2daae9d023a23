"""The fields of Hugging Face Transformers' ``config.json`` by family: applied, fixed to one value, or without effect.

KerasHub 0.32 reads only the sizes. tfft applies every other field that changes the results of a net, or refuses to load the net.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_TANH = "keras_hub>gelu_approximate"

ACTIVATIONS = MappingProxyType(
    {
        **dict.fromkeys(("gelu", "gelu_python"), "gelu"),
        **dict.fromkeys(("gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh"), _TANH),
        **dict.fromkeys(("silu", "swish"), "silu"),
        **{name: name for name in ("relu", "relu6", "tanh", "sigmoid", "linear", "mish")},
    }
)
"""Activation name in Transformers -> its name in Keras. Source: ``transformers.activations.ACT2CLS`` (5.24)."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True)
class Fields:
    """How Transformers describes one family of nets.

    Attributes:
        sizes: Field -> (argument of KerasHub's class, value that Transformers takes where the field is missing).
        activation: Field of the activation, and its default.
        epsilon: Field of the layer norms' epsilon, and its default; DistilBERT has no such field.
        dropout: Field of the dropout rate, and its default.
        synonyms: Alternative name of a field -> the field.
        fixed: Field -> the only value that KerasHub's class computes.
        own: Other fields of the family, which do not change features.
    """

    sizes: Mapping[str, tuple[str, int]]
    activation: tuple[str, str] = ("hidden_act", "gelu")
    epsilon: tuple[str, float] = ("layer_norm_eps", 1e-12)
    dropout: tuple[str, float] = ("hidden_dropout_prob", 0.1)
    synonyms: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    def known(self) -> set[str]:
        """The names of all fields that are classified for this family."""
        honoured = {*self.sizes, self.activation[0], self.epsilon[0], self.dropout[0]}
        return honoured | {*self.synonyms, *self.fixed, *self.own}


# other values of these fields (decoders, pruned heads, quantised weights) mean nets that tfft does not build
_NET = {"is_encoder_decoder": False, "pruned_heads": {}, "quantization_config": None}
_ENCODER = {**_NET, "position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}
_TOKENS = {"vocab_size": ("vocabulary_size", 30522)}
_WIDTHS = {
    "hidden_size": ("hidden_dim", 768),
    "num_hidden_layers": ("num_layers", 12),
    "num_attention_heads": ("num_heads", 12),
}
_WIDE = {**_WIDTHS, "intermediate_size": ("intermediate_dim", 3072)}
_POSITIONS = {"max_position_embeddings": ("max_sequence_length", 512)}
_BERT_OWN = _set(
    "attention_probs_dropout_prob classifier_dropout directionality pooler_fc_size pooler_num_attention_heads "
    "pooler_num_fc_layers pooler_size_per_head pooler_type"
)
# RoBERTa counts positions from the id of the padding token; it has one token type, or uses only the first one
_ROBERTA = Fields(
    {
        "vocab_size": ("vocabulary_size", 50265),
        **_WIDE,
        **_POSITIONS,
        "type_vocab_size": ("", 2),
        "pad_token_id": ("", 1),
    },
    fixed=_ENCODER,
    own=_BERT_OWN,
)

FIELDS: Mapping[str, Fields] = MappingProxyType(
    {
        "bert": Fields(
            {**_TOKENS, **_WIDE, **_POSITIONS, "type_vocab_size": ("num_segments", 2)}, fixed=_ENCODER, own=_BERT_OWN
        ),
        "distil_bert": Fields(
            {
                **_TOKENS,
                "dim": ("hidden_dim", 768),
                "n_layers": ("num_layers", 6),
                "n_heads": ("num_heads", 12),
                "hidden_dim": ("intermediate_dim", 3072),
                **_POSITIONS,
            },
            activation=("activation", "gelu"),
            epsilon=("", 1e-12),
            dropout=("dropout", 0.1),
            synonyms={"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"},
            fixed=_ENCODER,
            # sinusoidal_pos_embds does not change the net: fixed position vectors are in the weights file like trained ones
            own=frozenset(
                ("attention_dropout", "qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds", "tie_weights_")
            ),
        ),
        "roberta": _ROBERTA,
        "xlm_roberta": Fields({**_ROBERTA.sizes, **_TOKENS}, fixed=_ENCODER, own=_BERT_OWN),
        "albert": Fields(
            {
                "vocab_size": ("vocabulary_size", 30000),
                "embedding_size": ("embedding_dim", 128),
                "hidden_size": ("hidden_dim", 4096),
                "num_hidden_layers": ("num_layers", 12),
                "num_hidden_groups": ("num_groups", 1),
                "num_attention_heads": ("num_heads", 64),
                "intermediate_size": ("intermediate_dim", 16384),
                "inner_group_num": ("num_inner_repetitions", 1),
                **_POSITIONS,
                "type_vocab_size": ("num_segments", 2),
            },
            activation=("hidden_act", "gelu_new"),
            dropout=("hidden_dropout_prob", 0.0),
            fixed=_ENCODER,
            # the last four come from the first TensorFlow release and are never read
            own=_set(
                "attention_probs_dropout_prob classifier_dropout_prob "
                "net_structure_type gap_size num_memory_blocks down_scale_factor"
            ),
        ),
        "gpt2": Fields(
            {
                "vocab_size": ("vocabulary_size", 50257),
                "n_embd": ("hidden_dim", 768),
                "n_layer": ("num_layers", 12),
                "n_head": ("num_heads", 12),
                "n_inner": ("intermediate_dim", 0),
                "n_positions": ("max_sequence_length", 1024),
            },
            activation=("activation_function", "gelu_new"),
            epsilon=("layer_norm_epsilon", 1e-5),
            dropout=("resid_pdrop", 0.1),
            synonyms={
                "hidden_size": "n_embd",
                "max_position_embeddings": "n_positions",
                "num_attention_heads": "n_head",
                "num_hidden_layers": "n_layer",
            },
            fixed={**_NET, "add_cross_attention": False},
            # scaling is applied to the weights; reordering only changes rounding in half precision
            own=_set(
                "embd_pdrop attn_pdrop n_ctx predict_special_tokens scale_attn_weights scale_attn_by_inverse_layer_idx "
                "reorder_and_upcast_attn summary_type summary_use_proj summary_activation summary_proj_to_labels "
                "summary_first_dropout is_decoder"
            ),
        ),
        "vit": Fields(
            {**_WIDTHS, "intermediate_size": ("mlp_dim", 3072)},
            dropout=("hidden_dropout_prob", 0.0),
            # KerasHub's class has no other activation, and tfft reads images with three channels
            fixed={**_NET, "num_channels": 3},
            own=_set(
                "attention_probs_dropout_prob image_size patch_size qkv_bias encoder_stride pooler_output_size pooler_act"
            ),
        ),
    }
)
"""Family in ``encoders.FAMILIES``, or ``vit`` -> its fields."""

HARMLESS = _set(
    """
    architectures attn_implementation bad_words_ids begin_suppress_tokens bos_token_id chunk_size_feed_forward cls_token_id
    cross_attention_hidden_size decoder_start_token_id diversity_penalty do_sample dtype early_stopping
    encoder_no_repeat_ngram_size eos_token_id exponential_decay_length_penalty finetuning_task forced_bos_token_id
    forced_eos_token_id gradient_checkpointing id2label initializer_factor initializer_range is_composition
    keys_to_ignore_at_inference label2id length_penalty mask_token_id max_length min_length model_type
    no_repeat_ngram_size num_beam_groups num_beams num_labels num_return_sequences output_attentions output_hidden_states
    output_past output_scores pad_token_id prefix problem_type remove_invalid_values repetition_penalty return_dict
    return_dict_in_generate sep_token_id suppress_tokens task_specific_params temperature tf_legacy_loss
    tie_encoder_decoder tie_word_embeddings tokenizer_class top_k top_p torch_dtype torchscript transformers_version
    transformers.js_config typical_p unk_token_id use_bfloat16 use_cache use_return_dict
    """
)
"""Fields that every Transformers configuration may have and that do not change features."""

# typical parts of names of fields that change a net, from the configurations of Transformers
NET_WORDS = tuple(
    _set(
        "act adapter alibi attention attn bias causal conv cross decoder depth dim embd embed expert factor ffn gate glu head "
        "hidden inner inter kernel kv layer local lora mask memory mlp moe norm parallel patch pool pos prun quant relative "
        "residual rope rotary scal share skip sliding size sparse width window"
    )
)
