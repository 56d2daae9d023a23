"""Backbones from text encoders and text classifiers of KerasHub in memory."""

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
from tfft.inputs.text import TextPreprocessor
from tfft.tokenizers.tokenizer import Tokenizer


def names() -> Iterable[str]:
    """Return no names: a model is given as an object."""
    return ()


def reads(model: Any) -> bool:
    """Return whether a model is a text encoder of KerasHub, or contains one as its ``backbone``.

    Args:
        model: A ``keras.Model``.

    Returns:
        True when the inputs of the model or of its ``backbone`` are token ids of shape (batch, tokens).
    """
    net = getattr(model, "backbone", model)
    inputs = getattr(net, "input", None)
    return isinstance(inputs, dict) and "token_ids" in inputs


def backbone(name: Any, tokenizer: Any = None, length: int | None = None) -> Backbone:
    """Describe a text encoder in memory. The model is not changed: tfft trains a copy.

    Args:
        name: A ``keras_hub.models.Backbone`` of a text family, or a classifier with such a backbone.
        tokenizer: A ``keras_hub.tokenizers.Tokenizer``; None for the tokenizer in the preprocessor of the classifier.
        length: The maximum number of tokens in an example. None for the default of the family (512 or 1024), or for the limit of
            the model if that is lower.

    Returns:
        A Backbone whose features have shape (batch, tokens, width), with a mask.

    Raises:
        BackboneError: When the family is unknown, there is no tokenizer, or ``length`` is above the limit of the model.
        DataError: When the length is less than 8.
    """
    net = getattr(name, "backbone", name)
    family = next((each for each in FAMILIES.values() if each.backbone == type(net).__name__), None)
    if family is None:
        raise BackboneError(
            f"{type(net).__name__} is not a text encoder that tfft knows.",
            fix=f"It knows {shortlist(each.backbone for each in FAMILIES.values())}.",
        )
    words = tokenizer or getattr(getattr(name, "preprocessor", None), "tokenizer", None)
    if words is None:
        raise BackboneError(
            f"The {type(net).__name__} in memory has no tokenizer.",
            fix=f"Pass tokenizer=keras_hub.tokenizers.{family.tokenizer}(...) with the vocabulary of its weights.",
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
        most_tokens=limit,
    )


def _copy(net: Any, seed: int) -> Any:
    with seeded_initializers(seed):
        made = type(net).from_config(net.get_config())
    # KerasHub 0.32 does not save these values in the configuration of the backbone, only in those of its layers
    for layer, original in zip(made._flatten_layers(), net._flatten_layers(), strict=True):
        for name in ("activation", "epsilon", "layer_norm_epsilon"):
            if hasattr(original, name):
                setattr(layer, name, getattr(original, name))
    made.set_weights(net.get_weights())
    return masked(made)
