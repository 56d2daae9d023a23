"""SavedModels that take the tokens of texts, and the SavedModels that make these."""

from functools import cache, partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone
from tfft.backbones.savedmodel.saved_net import SavedNet
from tfft.core.errors import BackboneError, shortlist
from tfft.core.specs import FeatureSpec
from tfft.preprocess.text import TextPreprocessor
from tfft.savedmodel.signatures import Contents, answers
from tfft.tokenizers.saved_tokenizer import SavedTokenizer
from tfft.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

# the names of TensorFlow Hub: https://www.tensorflow.org/hub/common_saved_model_apis/text
IDS, SEGMENTS, MASK = "input_word_ids", "input_type_ids", "input_mask"
_LENGTH = 128


def reads(held: Contents) -> bool:
    """Whether a SavedModel takes tokens.

    Args:
        held: What it says of itself.

    Returns:
        True where its input is a dict of ids, a mask and perhaps segments, each of shape (batch, tokens).
    """
    names = {tensor.name for tensor in held.takes}
    return held.named and {IDS, MASK} <= names <= {IDS, MASK, SEGMENTS}


def described(
    name: str, options: tuple[tuple[str, Any], ...], net: SavedNet, folder: Path | None, length: int | None
) -> Backbone:
    """A backbone of texts.

    Args:
        name: Of the backbone.
        options: As given.
        net: Takes tokens of shape (batch, tokens).
        folder: Of the SavedModel that turns strings into tokens.
        length: Most tokens of an example; None for what the net takes, or 128, or what the other packs.

    Returns:
        A Backbone.

    Raises:
        BackboneError: When there is no such SavedModel, or the length is not possible.
    """
    if folder is None:
        raise BackboneError(
            f"{name!r} takes tokens, and what makes them of texts is a SavedModel of its own.",
            fix='Pass preprocessor="its folder, .tar.gz or tfhub: handle".',
        )
    packs = answers(folder)
    if not {IDS, MASK} <= set(packs) or len(packs[IDS].shape) != 1:
        raise BackboneError(
            f"preprocessor={str(folder)!r} does not turn strings into tokens as those of TensorFlow Hub do.",
            shortlist(packs) if packs else "a SavedModel without __call__",
            f"It has to map strings to a dict with {IDS!r} and {MASK!r}.",
        )
    fixed, most = net.held.takes[0].shape[0], packs[IDS].shape[0]
    usual = fixed or min(_LENGTH, most or _LENGTH)
    if length is not None and (
        not isinstance(length, Integral) or length not in (fixed or length,) or length > (most or length)
    ):
        raise BackboneError(
            f"length={length!r} is not possible with {name!r} and {str(folder)!r}.",
            fix=f"One takes {fixed or 'any number of'} tokens, the other packs up to {most or 'any number'}.",
        )
    segments = any(tensor.name == SEGMENTS for tensor in net.held.takes)
    tokenizer = Tokenizer(str(folder), 1, cache(partial(SavedTokenizer, folder)))
    masked = net.kind == "sequence"
    return Backbone(
        handle=name,
        options=options,
        loader=partial(_load, net, segments, tokenizer),
        features=FeatureSpec(net.kind, masked=masked),
        blocks=net.blocks,
        preprocessor=TextPreprocessor(tokenizer, int(usual if length is None else length), segments),
        can_finetune=bool(net.held.variables),
    )


def _load(net: SavedNet, segments: bool, tokenizer: Tokenizer, seed: int) -> "keras.Model":
    import keras

    tokenizer.special  # noqa: B018  what cannot make tokens is told now, not in fit
    names = {"token_ids": IDS, **({"segment_ids": SEGMENTS} if segments else {}), "padding_mask": MASK}
    inputs = {own: keras.Input((None,), dtype="int32", name=own) for own in names}
    given = {theirs: inputs[own] for own, theirs in names.items()}
    found = net.layer()([given[tensor.name] for tensor in net.held.takes])
    if net.kind != "sequence":
        return keras.Model(list(inputs.values()), found, name="backbone")
    # not the input itself: Keras 3.15 does not save a net inside of which a tensor both enters and leaves
    mask = keras.layers.Identity(name="mask")(inputs["padding_mask"])
    return keras.Model(list(inputs.values()), [found, mask], name="backbone")
