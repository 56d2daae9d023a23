"""Texts of a part are turned into tokens once, for all epochs, phases and features; and what is lost on the way is counted."""

from dataclasses import replace
from typing import Any

from tfft.core.errors import DataError
from tfft.core.ragged import Ragged
from tfft.core.specs import Text
from tfft.data.contents import unchanged
from tfft.data.examples import Examples
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.text import TextPreprocessor


def tokenized(preprocessor: ImagePreprocessor | TextPreprocessor, examples: Examples) -> Examples:
    """The same examples, texts among them as token ids.

    Args:
        preprocessor: Of the model.
        examples: Of pictures of any shape, which stay as they are, or of texts.

    Returns:
        Examples whose inputs are int32 of shape (tokens, 2) each, where they were texts.

    Raises:
        DataError: When an input is no text, or has changed since it was looked at.
    """
    if isinstance(preprocessor, ImagePreprocessor) or isinstance(examples.inputs, Ragged):
        return examples
    return replace(examples, inputs=preprocessor.many([read(examples, i) for i in range(len(examples))]).rows)


def read(examples: Examples, index: int) -> Any:
    """One input; features are found again by what its file held when it was looked at, so another content of a text is refused.

    Args:
        examples: Of pictures of any shape, or of texts.
        index: Of the example.

    Returns:
        A Text, the path of a picture, or what else the input is.

    Raises:
        DataError: When a file of a text is gone or has changed.
    """
    try:
        item = examples.inputs[index]
    except OSError as error:
        raise DataError(f"Text {index} cannot be read any more: {error}.", fix="Read the data again.") from error
    return unchanged(examples, index) if isinstance(item, Text) else item


def statistics(preprocessor: ImagePreprocessor | TextPreprocessor, examples: Examples) -> dict[str, float] | None:
    """How long texts are in tokens, and what of them is lost.

    Args:
        preprocessor: Of the model.
        examples: Of pictures of any shape, or of texts.

    Returns:
        As of ``Packed.statistics``; None for pictures.

    Raises:
        DataError: When an input is no text.
    """
    if isinstance(preprocessor, ImagePreprocessor):
        return None
    return preprocessor.many(examples.inputs).statistics(int(preprocessor.length))
