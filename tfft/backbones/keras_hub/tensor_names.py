"""The names and shapes of the weights that the features of a Transformers net need, and their names in a file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tfft.backbones.keras_hub.transformers_config import Stated
from tfft.core.errors import WeightsError, shortlist

Shapes = Mapping[str, tuple[int, ...]]

# one weight that every net of the family has; its prefix is the prefix of all others
_FIRST = {"gpt2": "wte.weight", "vit": "embeddings.patch_embeddings.projection.weight"}
_WORDS = "embeddings.word_embeddings.weight"
# first parts of the names of weights that features use; other weights belong to a head or a pooler
_ROOTS = ("embeddings.", "encoder.", "transformer.", "wte.", "wpe.", "h.", "ln_f.", "layernorm.")
# constants that older versions saved, although the sizes determine them; in a ViT, also the mask token of its pretraining
_IDLE = re.compile(r"embeddings\.(position_ids|token_type_ids|mask_token)$|h\.\d+\.attn\.(masked_)?bias$")
_OLD = {".gamma": ".weight", ".beta": ".bias"}


@dataclass(frozen=True)
class Found:
    """The names of the weights in a file.

    Attributes:
        names: Name in the family's base class in Transformers -> name in the file.
        unused: Names in the file that the features do not use, such as those of heads and poolers.
    """

    names: Mapping[str, str]
    unused: tuple[str, ...]


def wanted(net: Stated) -> dict[str, tuple[int, ...]]:
    """List the weights that the features need.

    Args:
        net: The net as described by its configuration.

    Returns:
        Name in the family's base class in Transformers -> shape.

    Example:
        >>> from tfft.backbones.keras_hub.transformers_config import stated
        >>> names = wanted(stated("folder", "gpt2", {"n_layer": 1}))
        >>> len(names), names["h.0.attn.c_attn.weight"]
        (16, (768, 2304))
    """
    return dict(
        {"gpt2": _gpt2, "vit": _vit, "distil_bert": _distil_bert, "albert": _albert}.get(net.family, _bert)(net)
    )


def find(preset: str, net: Stated, held: Shapes) -> Found:
    """Find these weights in a file, whatever class saved it.

    Args:
        preset: The name of the preset, for messages.
        net: The net as described by its configuration.
        held: Name in the file -> shape.

    Returns:
        The names of the weights in the file, and the names of unused weights.

    Raises:
        WeightsError: When weights are missing, have another shape, occur twice, or go beyond the configuration.

    Example:
        >>> from tfft.backbones.keras_hub.transformers_config import stated
        >>> net = stated("folder", "gpt2", {"n_layer": 1})
        >>> found = find("folder", net, {f"transformer.{name}": s for name, s in wanted(net).items()} | {"lm_head.weight": (1,)})
        >>> found.names["wte.weight"], found.unused
        ('transformer.wte.weight', ('lm_head.weight',))
    """
    needed = wanted(net)
    prefix = _prefix(preset, _FIRST.get(net.family, _WORDS), held)
    names: dict[str, str] = {}
    for full in held:
        name = _modern(full.removeprefix(prefix)) if full.startswith(prefix) else ""
        if name in names:
            raise WeightsError(
                f"{preset!r} holds a weight twice.",
                f"{names[name]!r} and {full!r}",
                "Delete one of them from the file.",
            )
        if name in needed:
            names[name] = full
    _check_shapes(preset, needed, {name: tuple(held[full]) for name, full in names.items()})
    used = set(names.values())
    inside = {full: full.removeprefix(prefix) for full in held if full not in used and full.startswith(prefix)}
    further = [full for full, name in inside.items() if name.startswith(_ROOTS) and not _IDLE.search(name)]
    if further:
        raise WeightsError(
            f"{preset!r} holds weights of its net that config.json does not describe.",
            shortlist(further),
            "Copy config.json again, from the same model as the weights.",
        )
    return Found(names, tuple(full for full in held if full not in used and not _IDLE.search(full)))


def _prefix(preset: str, first: str, held: Shapes) -> str:
    prefixes = [name.removesuffix(first) for name in held if name == first or name.endswith(f".{first}")]
    if len(prefixes) == 1:
        return prefixes[0]
    if prefixes:
        raise WeightsError(
            f"{preset!r} holds more than one net.",
            shortlist(f"{prefix}{first}" for prefix in prefixes),
            "Save only the net that you need in this file.",
        )
    raise WeightsError(
        f"{preset!r} lacks the weight {first!r}, with or without a prefix.",
        shortlist(held) if held else "a file without weights",
        "Copy the model again; config.json and weights must come from the same model.",
    )


def _modern(name: str) -> str:
    """Rename layer norm weights from TensorFlow, which are called gamma and beta."""
    for old, new in _OLD.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _check_shapes(preset: str, needed: Shapes, there: Shapes) -> None:
    missing = [name for name in needed if name not in there]
    if missing:
        raise WeightsError(
            f"{preset!r} lacks {len(missing)} of the {len(needed)} weights that its features need.",
            shortlist(missing),
            "Copy the model again; config.json and weights must come from the same model.",
        )
    wrong = [name for name, shape in needed.items() if there[name] != shape]
    if wrong:
        raise WeightsError(
            f"The weights of {preset!r} do not have the shapes that its config.json describes.",
            shortlist([f"{name} {there[name]} instead of {needed[name]}" for name in wrong], 5),
            "Copy the model again; config.json and weights must come from the same model.",
        )


def _both(name: str, outputs: int, inputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The shapes of kernel and bias in PyTorch."""
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _tables(net: Stated, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield _WORDS, (net.arguments["vocabulary_size"], width)
    # RoBERTa has extra rows at the beginning, because its positions start after the id of the padding token
    yield "embeddings.position_embeddings.weight", (net.arguments["max_sequence_length"] + net.padding + 1, width)
    if net.segments:
        yield "embeddings.token_type_embeddings.weight", (net.segments, width)
    yield from _norm("embeddings.LayerNorm", width)


def _bert(net: Stated) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, inner = net.arguments["hidden_dim"], net.arguments["intermediate_dim"]
    yield from _tables(net, width)
    for number in range(net.arguments["num_layers"]):
        layer = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            yield from _both(f"{layer}.attention.{part}", width, width)
        yield from _norm(f"{layer}.attention.output.LayerNorm", width)
        yield from _both(f"{layer}.intermediate.dense", inner, width)
        yield from _both(f"{layer}.output.dense", width, inner)
        yield from _norm(f"{layer}.output.LayerNorm", width)


def _distil_bert(net: Stated) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, inner = net.arguments["hidden_dim"], net.arguments["intermediate_dim"]
    yield from _tables(net, width)
    for number in range(net.arguments["num_layers"]):
        layer = f"transformer.layer.{number}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            yield from _both(f"{layer}.attention.{part}", width, width)
        yield from _norm(f"{layer}.sa_layer_norm", width)
        yield from _both(f"{layer}.ffn.lin1", inner, width)
        yield from _both(f"{layer}.ffn.lin2", width, inner)
        yield from _norm(f"{layer}.output_layer_norm", width)


def _albert(net: Stated) -> Iterator[tuple[str, tuple[int, ...]]]:
    held = net.arguments
    width, inner, narrow = held["hidden_dim"], held["intermediate_dim"], held["embedding_dim"]
    yield from _tables(net, narrow)
    yield from _both("encoder.embedding_hidden_mapping_in", width, narrow)
    for group in range(held["num_groups"]):
        for number in range(held["num_inner_repetitions"]):
            layer = f"encoder.albert_layer_groups.{group}.albert_layers.{number}"
            for part in ("query", "key", "value", "dense"):
                yield from _both(f"{layer}.attention.{part}", width, width)
            yield from _norm(f"{layer}.attention.LayerNorm", width)
            yield from _both(f"{layer}.ffn", inner, width)
            yield from _both(f"{layer}.ffn_output", width, inner)
            yield from _norm(f"{layer}.full_layer_layer_norm", width)


def _gpt2(net: Stated) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The shapes of GPT-2's kernels, which are transposed since the first release in TensorFlow."""
    held = net.arguments
    width, inner = held["hidden_dim"], held["intermediate_dim"]
    yield "wte.weight", (held["vocabulary_size"], width)
    yield "wpe.weight", (held["max_sequence_length"], width)
    kernels = (("attn.c_attn", width, 3 * width), ("attn.c_proj", width, width))
    for number in range(held["num_layers"]):
        yield from _norm(f"h.{number}.ln_1", width)
        yield from _norm(f"h.{number}.ln_2", width)
        for part, inputs, outputs in (*kernels, ("mlp.c_fc", width, inner), ("mlp.c_proj", inner, width)):
            yield f"h.{number}.{part}.weight", (inputs, outputs)
            yield f"h.{number}.{part}.bias", (outputs,)
    yield from _norm("ln_f", width)


def _vit(net: Stated) -> Iterator[tuple[str, tuple[int, ...]]]:
    held = net.arguments
    width, inner = held["hidden_dim"], held["mlp_dim"]
    (height, across, colours), (down, right) = held["image_shape"], held["patch_size"]
    yield "embeddings.cls_token", (1, 1, width)
    yield "embeddings.position_embeddings", (1, (height // down) * (across // right) + 1, width)
    yield "embeddings.patch_embeddings.projection.weight", (width, colours, down, right)
    yield "embeddings.patch_embeddings.projection.bias", (width,)
    for number in range(held["num_layers"]):
        layer = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            kernel, bias = _both(f"{layer}.attention.attention.{part}", width, width)
            yield from (kernel, bias) if net.biased else (kernel,)
        yield from _both(f"{layer}.attention.output.dense", width, width)
        yield from _both(f"{layer}.intermediate.dense", inner, width)
        yield from _both(f"{layer}.output.dense", width, inner)
        yield from _norm(f"{layer}.layernorm_before", width)
        yield from _norm(f"{layer}.layernorm_after", width)
    yield from _norm("layernorm", width)
