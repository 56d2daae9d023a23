"""Backbones from SavedModels that take tokens, with the SavedModels that turn texts into tokens."""

from functools import cache, partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone
from tfft.backbones.savedmodel.saved_net import SavedNet
from tfft.core.errors import BackboneError, shortlist
from tfft.core.specs import FeatureSpec
from tfft.inputs.text import TextPreprocessor
from tfft.savedmodel.signatures import Contents, answers
from tfft.tokenizers.saved_tokenizer import SavedTokenizer
from tfft.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

# names of inputs in TensorFlow Hub: https://www.tensorflow.org/hub/common_saved_model_apis/text
IDS, SEGMENTS, MASK = "input_word_ids", "input_type_ids", "input_mask"
_LENGTH = 128


def reads(held: Contents) -> bool:
    """Return whether a SavedModel takes tokens.

    Args:
        held: The inputs, outputs and variables of the SavedModel.

    Returns:
        True when its input is a dict of token ids, a mask and optionally segment ids, each of shape (batch, tokens).
    """
    names = {tensor.name for tensor in held.takes}
    return held.named and {IDS, MASK} <= names <= {IDS, MASK, SEGMENTS}


def described(
    name: str, options: tuple[tuple[str, Any], ...], net: SavedNet, folder: Path | None, length: int | None
) -> Backbone:
    """Describe a text backbone.

    Args:
        name: The name of the backbone.
        options: The options that the user passed.
        net: A SavedModel that takes tokens of shape (batch, tokens).
        folder: The folder of the SavedModel that turns strings into tokens; None raises a BackboneError.
        length: The maximum number of tokens in an example. None for the length of the net if it is fixed; otherwise for 128, or for
            fewer if the SavedModel for tokens returns fewer.

    Returns:
        A Backbone.

    Raises:
        BackboneError: When the SavedModel for tokens is missing or returns something else, or the length is not possible.
    """
    if folder is None:
        raise BackboneError(
            f"{name!r} takes tokens, and needs another SavedModel that turns texts into tokens.",
            fix="Pass preprocessor= with the folder, .tar.gz or tfhub: handle of that SavedModel.",
        )
    packs = answers(folder)
    if not {IDS, MASK} <= set(packs) or len(packs[IDS].shape) != 1:
        raise BackboneError(
            f"preprocessor={str(folder)!r} does not turn strings into tokens like preprocessors of TensorFlow Hub.",
            shortlist(packs) if packs else "a SavedModel without __call__",
            f"It must map strings to a dict with {IDS!r} and {MASK!r}.",
        )
    fixed, most = net.held.takes[0].shape[0], packs[IDS].shape[0]
    default = fixed or min(_LENGTH, most or _LENGTH)
    if length is not None and (
        not isinstance(length, Integral) or length not in (fixed or length,) or length > (most or length)
    ):
        raise BackboneError(
            f"length={length!r} is not possible with {name!r} and {str(folder)!r}.",
            fix=f"The first takes {fixed or 'any number of'} tokens, the second returns up to {most or 'any number'}.",
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
        preprocessor=TextPreprocessor(tokenizer, int(default if length is None else length), segments),
        can_finetune=bool(net.held.variables),
        most_tokens=fixed or most,
    )


def _load(net: SavedNet, segments: bool, tokenizer: Tokenizer, seed: int) -> "keras.Model":
    import keras

    tokenizer.special  # noqa: B018  a tokenizer that does not work raises here and not in fit
    names = {"token_ids": IDS, **({"segment_ids": SEGMENTS} if segments else {}), "padding_mask": MASK}
    inputs = {own: keras.Input((None,), dtype="int32", name=own) for own in names}
    given = {saved: inputs[own] for own, saved in names.items()}
    found = net.layer()([given[tensor.name] for tensor in net.held.takes])
    if net.kind != "sequence":
        return keras.Model(list(inputs.values()), found, name="backbone")
    # Identity, because Keras 3.15 cannot save an outer model if a tensor is both input and output of this one
    mask = keras.layers.Identity(name="mask")(inputs["padding_mask"])
    return keras.Model(list(inputs.values()), [found, mask], name="backbone")
