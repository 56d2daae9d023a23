"""Translate the ``config.json`` of Hugging Face Transformers to the arguments of KerasHub's class, or refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType
from typing import Any

from tfft.backbones.keras_hub.config_values import CONFIG, check_sizes, number, truth, whole
from tfft.backbones.keras_hub.transformers_fields import ACTIVATIONS, FIELDS, HARMLESS, NET_WORDS, Fields
from tfft.core.errors import BackboneError, shortlist

_OFF: tuple[Any, ...] = (None, False, 0, "", [], {})
_CODE = ("AutoConfig", "AutoModel")


@dataclass(frozen=True)
class Stated:
    """A net in the terms of KerasHub.

    Attributes:
        family: A key of ``encoders.FAMILIES``, or ``"vit"``.
        arguments: The arguments of its class in ``keras_hub.models``.
        activation: The Keras name of the activation between two dense layers.
        epsilon: The epsilon of all layer norms.
        segments: The number of rows in its token-type table; 0 when the family has no such table.
        padding: For RoBERTa the id of the padding token, after which positions begin; otherwise -1.
        scales: For each layer, the factor of its attention logits in addition to 1 / sqrt(width of a head).
        biased: Whether queries, keys and values have a bias.
    """

    family: str
    arguments: Mapping[str, Any]
    activation: str
    epsilon: float
    segments: int = 0
    padding: int = -1
    scales: tuple[float, ...] = ()
    biased: bool = True


def stated(name: str, family: str, config: Mapping[str, Any]) -> Stated:
    """Read a configuration without building a net or reading weights.

    Args:
        name: The name of the preset, for messages.
        family: A key of ``encoders.FAMILIES``, or ``"vit"``.
        config: The content of ``config.json``; missing fields have the default of the family's class in Transformers.

    Returns:
        The arguments of the class, and the changes to weights that make the features equal to those of Transformers.

    Raises:
        BackboneError: When a field asks for a net that KerasHub's class does not compute, has an impossible value, or is unknown
            and may change the net; or when the folder contains code of its own.

    Example:
        >>> read = stated("folder", "bert", {"model_type": "bert", "hidden_act": "relu", "num_hidden_layers": 2})
        >>> read.activation, read.epsilon, read.arguments["num_layers"], read.arguments["hidden_dim"]
        ('relu', 1e-12, 2, 768)
    """
    fields = FIELDS[family]
    config = _without_synonyms(name, fields, config)
    _refuse_code(name, config)
    _refuse_unknown(name, fields, config)
    for key, wanted in fields.fixed.items():
        _hold(name, config, key, wanted)
    found = {key: _size(name, config, key, default) for key, (_, default) in fields.sizes.items()}
    made: dict[str, Any] = {argument: found[key] for key, (argument, _) in fields.sizes.items() if argument}
    made["dropout_rate" if family == "vit" else "dropout"] = number(name, config, *fields.dropout)
    key, default = fields.epsilon
    epsilon = number(name, config, key, default) if key else default
    padding = found.get("pad_token_id", -1)
    if family == "gpt2":
        made["intermediate_dim"] = made["intermediate_dim"] or 4 * made["hidden_dim"]
    if padding >= 0:
        made["max_sequence_length"] = _left_of(name, made["max_sequence_length"], padding)
    if family == "vit":
        made |= _cut(name, config) | {"layer_norm_epsilon": epsilon, "use_mha_bias": True}
        made["attention_dropout"] = number(name, config, "attention_probs_dropout_prob", 0.0)
    _check_shares(name, made)
    check_sizes(name, made)
    activation = _activation(name, config, *fields.activation)
    if family == "vit" and activation != "gelu":
        raise _refused(name, "hidden_act", config["hidden_act"], "KerasHub 0.32 has ViTs only with 'gelu'.")
    return Stated(
        family,
        MappingProxyType(made),
        activation,
        epsilon,
        found.get("type_vocab_size", 0),
        padding,
        _scales(name, config, made) if family == "gpt2" else (),
        truth(name, config, "qkv_bias", True),
    )


def _refused(name: str, key: str, value: Any, fix: str) -> BackboneError:
    return BackboneError(
        f"{CONFIG} of {name!r} asks for a net that tfft does not build.", f"{key}={value!r}"[:200], fix
    )


def _without_synonyms(name: str, fields: Fields, config: Mapping[str, Any]) -> dict[str, Any]:
    named = dict(config)
    for other, key in fields.synonyms.items():
        if other in named:
            value = named.pop(other)
            if named.setdefault(key, value) != value:
                fix = f"It is another name of {key}={named[key]!r}: remove one of the two."
                raise _refused(name, other, value, fix)
    return named


def _refuse_code(name: str, config: Mapping[str, Any]) -> None:
    code = config.get("auto_map")
    own = [key for key in code if str(key).startswith(_CODE)] if isinstance(code, Mapping) else [code] if code else []
    if own:
        raise BackboneError(
            f"{name!r} contains Python code for its net, which tfft never runs.",
            f"auto_map={code!r}"[:200],
            "Use a model whose net is part of Transformers itself.",
        )


def _refuse_unknown(name: str, fields: Fields, config: Mapping[str, Any]) -> None:
    """Refuse unknown fields with names like parts of a net; other unknown fields are ignored, as in Transformers."""
    known = fields.known() | HARMLESS
    strange = [
        key
        for key, value in config.items()
        if key not in known
        and not key.startswith("_")
        and value not in _OFF
        and any(word.startswith(NET_WORDS) for word in key.lower().replace("-", "_").split("_"))
    ]
    if strange:
        raise BackboneError(
            f"{CONFIG} of {name!r} has fields that tfft does not know and that may change its net.",
            shortlist([f"{key}={config[key]!r}"[:60] for key in strange]),
            f"Delete them from {CONFIG} if the net is a plain {config.get('model_type')!r}; otherwise use another model.",
        )


def _hold(name: str, config: Mapping[str, Any], key: str, wanted: Any) -> None:
    value = config.get(key, wanted)
    if value is not None and value != wanted and not (value in _OFF and wanted in _OFF):
        raise _refused(name, key, value, f"It builds nets only with {key}={wanted!r}.")


def _size(name: str, config: Mapping[str, Any], key: str, default: int) -> int:
    if key == "n_inner" and config.get(key) is None:
        return 0
    return whole(name, config, key, default, least=0 if key == "pad_token_id" else 1)


def _activation(name: str, config: Mapping[str, Any], key: str, default: str) -> str:
    value = config.get(key, default)
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise _refused(name, key, value, f"It builds nets with the activations {shortlist(sorted(ACTIVATIONS), 20)}.")
    return ACTIVATIONS[value]


def _left_of(name: str, positions: int, padding: int) -> int:
    if positions <= padding + 1:
        raise _refused(name, "max_position_embeddings", positions, f"Positions begin after pad_token_id={padding}.")
    return positions - padding - 1


def _scales(name: str, config: Mapping[str, Any], made: Mapping[str, Any]) -> tuple[float, ...]:
    """The factors of the attention logits. Source: ``transformers.models.gpt2.modeling_gpt2.GPT2Attention`` (5.24)."""
    plain = 1.0 if truth(name, config, "scale_attn_weights", True) else sqrt(made["hidden_dim"] / made["num_heads"])
    inverse = truth(name, config, "scale_attn_by_inverse_layer_idx", False)
    return tuple(plain / (layer + 1 if inverse else 1) for layer in range(made["num_layers"]))


def _check_shares(name: str, made: Mapping[str, Any]) -> None:
    for many, few in (("hidden_dim", "num_heads"), ("num_layers", "num_groups")):
        if few in made and made[many] % made[few]:
            raise BackboneError(
                f"{CONFIG} of {name!r} is inconsistent: {few} must divide {many}.",
                f"{many} {made[many]}, {few} {made[few]}",
                "Copy the model again.",
            )


def _cut(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for the sizes of images and patches."""
    image, patch = _sides(name, config, "image_size", 224), _sides(name, config, "patch_size", 16)
    if any(whole % part for whole, part in zip(image, patch, strict=True)):
        raise _refused(name, "patch_size", patch, f"It must divide image_size, which is {image!r}.")
    return {"image_shape": (*image, 3), "patch_size": patch}


def _sides(name: str, config: Mapping[str, Any], key: str, default: int) -> tuple[int, int]:
    value = config.get(key, default)
    both = value if isinstance(value, list) and len(value) == 2 else [value, value]
    height, width = (whole(name, {key: each}, key, default) for each in both)
    return height, width
