"""Convert the texts of a part to tokens once for all epochs and phases, and count truncated texts and unknown tokens."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfft.backbones.base import Backbone
from tfft.core.errors import DataError, kind_of
from tfft.core.ragged import Ragged
from tfft.core.specs import Text
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples
from tfft.inputs.image import ImagePreprocessor
from tfft.inputs.text import TextPreprocessor

_KINDS = ("images", "texts")


def check_kind(preprocessor: ImagePreprocessor | TextPreprocessor, inputs: Sequence[Any]) -> None:
    """Refuse texts for a model of images, and images for a model of texts; it would read their paths as texts.

    Args:
        preprocessor: The preprocessor of the model.
        inputs: Images of any shape, or texts; only the first one is looked at. Token ids pass.

    Raises:
        DataError: When the model was trained on the other kind.
    """
    if isinstance(inputs, Ragged) or not len(inputs):
        return
    try:
        first = inputs[0]
    except (OSError, ValueError):  # the inspection of all inputs tells which ones cannot be read
        return
    texts, takes_texts = isinstance(first, Text), isinstance(preprocessor, TextPreprocessor)
    if texts != takes_texts:
        raise DataError(
            f"The model was trained on {_KINDS[takes_texts]}, but the data holds {_KINDS[texts]}.",
            f"{(first.excerpt() if isinstance(first, Text) else first)!r} first"
            if isinstance(first, (Text, str))
            else f"{kind_of(first)} first",
            "Pass texts, such as a folder of .txt files or a table with text_column=. Images need a model trained on images."
            if takes_texts
            else "Pass images, such as a folder of images or a table with image_column=. Texts need a model trained on texts.",
        )


def tokenized(preprocessor: ImagePreprocessor | TextPreprocessor, examples: Examples) -> Examples:
    """Replace texts by their token ids.

    Args:
        preprocessor: The preprocessor of the model.
        examples: Texts; or images of any shape, which are returned unchanged.

    Returns:
        Examples. The inputs of texts are int32 arrays of shape (tokens, 2).

    Raises:
        DataError: When an input is not a text, or its file has changed since the data was read.
    """
    if isinstance(preprocessor, ImagePreprocessor) or isinstance(examples.inputs, Ragged):
        return examples
    return replace(examples, inputs=preprocessor.many([read(examples, i) for i in range(len(examples))]).rows)


def read(examples: Examples, index: int) -> Any:
    """Read one input. A text whose file has changed is refused, because cached features belong to the old content.

    Args:
        examples: Images of any shape, or texts.
        index: The index of the example.

    Returns:
        A Text; for images the path, the array or the bytes.

    Raises:
        DataError: When the file of a text is missing or has changed.
    """
    try:
        item = examples.inputs[index]
    except OSError as error:
        raise DataError(f"Text {index} cannot be read again: {error}.", fix="Load the data again.") from error
    return unchanged(examples, index) if isinstance(item, Text) else item


def padded_to(
    width: int | None, preprocessor: ImagePreprocessor | TextPreprocessor
) -> ImagePreprocessor | TextPreprocessor:
    """Return a preprocessor that pads every batch of texts to one width.

    Args:
        width: The number of tokens, at least that of the longest text; None pads each batch to its own longest text.
        preprocessor: The preprocessor of the model. One of images, whose batches have one shape, is returned unchanged.

    Returns:
        A preprocessor with the same tokens.

    Example:
        >>> import numpy as np, tfft
        >>> ids, *_ = padded_to(32, tfft.load_backbone("toy_text").preprocessor).collate([np.zeros((5, 2), np.int32)])
        >>> ids.shape
        (1, 32)
    """
    return replace(preprocessor, width=width) if isinstance(preprocessor, TextPreprocessor) else preprocessor


def statistics(preprocessor: ImagePreprocessor | TextPreprocessor, examples: Examples) -> dict[str, float] | None:
    """Count the tokens of texts, truncated texts and unknown tokens.

    Args:
        preprocessor: The preprocessor of the model.
        examples: Images of any shape, or texts.

    Returns:
        The result of ``Packed.statistics``; None for images.

    Raises:
        DataError: When an input is not a text.
    """
    if isinstance(preprocessor, ImagePreprocessor):
        return None
    return preprocessor.many(examples.inputs).statistics(int(preprocessor.length))


def advice_on_length(backbone: Backbone, limit: int, longest: int) -> str:
    """Say what to do about texts that lose their end.

    Args:
        backbone: The backbone of the model.
        limit: The number of tokens that are read now.
        longest: The number of tokens of the longest text, more than ``limit``.

    Returns:
        A sentence; it advises a larger ``length=`` only when the backbone can read more tokens than ``limit``.

    Example:
        >>> import tfft
        >>> advice_on_length(tfft.load_backbone("toy_text", length=32), 32, 40)
        'If the end matters, split these texts, or pass length=40 with the name of the backbone.'
        >>> advice_on_length(tfft.load_backbone("toy_text"), 512, 900)
        'The backbone reads no more than 512 tokens. If the end matters, split these texts.'
    """
    most = backbone.most_tokens
    if most is not None and limit >= most:
        return f"The backbone reads no more than {most:,} tokens. If the end matters, split these texts."
    if most is not None and longest > most:
        return f"If the end matters, split these texts, or pass length={most}, the most that the backbone reads."
    return f"If the end matters, split these texts, or pass length={longest} with the name of the backbone."
