"""Text encoders and text classifiers of KerasHub that are in memory."""

from collections.abc import Iterable
from functools import cache, partial
from numbers import Integral
from typing import Any

from tfft.backbones.base import Backbone, given_options
from tfft.backbones.keras_hub.encoders import FAMILIES, masked
from tfft.backbones.keras_hub.tokenizer_files import of_kerashub
from tfft.core.errors import BackboneError, shortlist
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec
from tfft.preprocess.text import TextPreprocessor
from tfft.tokenizers.tokenizer import Tokenizer


def names() -> Iterable[str]:
    """None by name: a model is handed in."""
    return ()


def reads(model: Any) -> bool:
    """Whether a model is a text encoder of KerasHub, or has one.

    Args:
        model: A ``keras.Model``.

    Returns:
        True where its inputs, or those of its ``backbone``, are token ids of shape (batch, tokens).
    """
    net = getattr(model, "backbone", model)
    inputs = getattr(net, "input", None)
    return isinstance(inputs, dict) and "token_ids" in inputs


def backbone(name: Any, tokenizer: Any = None, length: int | None = None) -> Backbone:
    """Describe a text encoder in memory, which stays as it is: its copy is trained.

    Args:
        name: A ``keras_hub.models.Backbone`` of a family of text encoders, or a classifier that has one.
        tokenizer: A ``keras_hub.tokenizers.Tokenizer``; None for that of the classifier's preprocessor.
        length: Most tokens of an example; None for what it takes, or 512.

    Returns:
        A Backbone whose features are of shape (batch, tokens, width), with a mask.

    Raises:
        BackboneError: When its family is unknown, it has no tokenizer, or the length is more than it takes.
        DataError: When the length is less than any text needs.
    """
    net = getattr(name, "backbone", name)
    family = next((each for each in FAMILIES.values() if each.backbone == type(net).__name__), None)
    if family is None:
        raise BackboneError(
            f"{type(net).__name__} is no text encoder that tfft knows.",
            fix=f"It knows {shortlist(each.backbone for each in FAMILIES.values())}.",
        )
    words = tokenizer or getattr(getattr(name, "preprocessor", None), "tokenizer", None)
    if words is None:
        raise BackboneError(
            f"The {type(net).__name__} in memory has no tokenizer.",
            fix=f"Pass tokenizer=keras_hub.tokenizers.{family.tokenizer}(...), the one of its weights.",
        )
    limit = int(getattr(net, "max_sequence_length", family.length))
    most = min(limit, family.length) if length is None else length
    if not isinstance(most, Integral) or most > limit:
        raise BackboneError(
            f"length={length!r} is not possible with {name.name!r}.",
            fix=f"It takes up to {limit} tokens, as a whole number.",
        )
    handle = f"<{net.name}>"
    described = Tokenizer(handle, family.separators, cache(partial(of_kerashub, words)))
    return Backbone(
        handle=handle,
        options=given_options(length=length),
        loader=partial(_copy, net),
        features=FeatureSpec("sequence", masked=True, pooling=family.pooling),
        blocks=family.blocks(int(net.num_layers)),
        preprocessor=TextPreprocessor(described, int(most), family.segments),
    )


def _copy(net: Any, seed: int) -> Any:
    with seeded_initializers(seed):
        made = type(net).from_config(net.get_config())
    # KerasHub 0.32 does not save these values in the configuration of the backbone, only in those of its layers
    for ours, theirs in zip(made._flatten_layers(), net._flatten_layers(), strict=True):
        for name in ("activation", "epsilon", "layer_norm_epsilon"):
            if hasattr(theirs, name):
                setattr(ours, name, getattr(theirs, name))
    made.set_weights(net.get_weights())
    return masked(made)
