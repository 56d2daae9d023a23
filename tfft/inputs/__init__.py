"""Preprocessors: raw inputs (images, texts) become the inputs of a network, in training, evaluation and prediction alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.inputs.base import Preprocessor
from tfft.inputs.image import ImagePreprocessor
from tfft.inputs.text import TextPreprocessor

__all__ = ["Preprocessor", "from_dict", "is_stored"]


def from_dict(values: Mapping[str, Any], folder: Path) -> Preprocessor:
    """Undo ``Preprocessor.to_dict`` and ``Preprocessor.save``.

    Args:
        values: The result of ``to_dict``, possibly after a JSON round trip.
        folder: The folder of ``save``.

    Returns:
        A preprocessor that gives the same rows, such as pixels of shape (height, width, 3), or tokens of shape (tokens, 2).

    Raises:
        BundleError: When the files of a tokenizer are missing, or are not those that were saved.
        DataError: When a value is out of range.
        KeyError: When a value is missing.

    Example:
        >>> from_dict({"height": 4, "width": 6, "fit": "crop"}, Path("unused")).size
        '4x6 pixels'
    """
    return TextPreprocessor.from_dict(values, folder) if "tokenizer" in values else ImagePreprocessor.from_dict(values)


def is_stored(preprocessor: Preprocessor) -> bool:
    """Return whether ``from_dict`` can read a preprocessor again.

    Args:
        preprocessor: A preprocessor, perhaps of several inputs, each of shape (batch, ...).

    Example:
        >>> is_stored(ImagePreprocessor(4, 6))
        True
    """
    return isinstance(preprocessor, (ImagePreprocessor, TextPreprocessor))
