"""Texts for ``predict``: split its argument into single texts, and convert them to tokens batch by batch."""

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfft.bundles.reading import Named, Read, refuse_labelled
from tfft.core.errors import DataError, DataWarning, kind_of, quantity, shortlist
from tfft.core.specs import Text
from tfft.data.files.file_listing import SUFFIXES
from tfft.data.strings import text_of
from tfft.data.tables.table_files import ENDINGS
from tfft.inputs.text import TextPreprocessor, called

_FILES = (*ENDINGS, *SUFFIXES, ".txt", ".json", ".gz", ".zip", ".xls", ".xlsx", ".pdf", ".docx")
_LONGEST_PATH = 1_000
_LONG = "The question of input {} takes more than half of a row of tokens, and loses its end. Shorten it."


def split(inputs: Any, value_range: tuple[float, float] | None = None) -> Iterator[tuple[str, Any]]:
    """Split what was passed into texts or pairs of texts.

    Args:
        inputs: A text, a pair of texts as a tuple, or a sequence, pandas Series or array of them, shape (n,) or (n, 2).
        value_range: Not used.

    Yields:
        (name, Text) of each; other objects are returned unchanged, and the preprocessor refuses them.

    Raises:
        DataError: For images and paths, also paths of folders as text, for datasets that include labels, and for tensors.

    Warns:
        DataWarning: When texts are names of files that exist, when all look like paths of files, and for the name of a folder
            alone.
    """
    refuse_labelled(inputs)
    if hasattr(inputs, "to_numpy"):
        inputs = inputs.to_numpy(object)
    single = isinstance(inputs, (str, bytes, bytearray, Text, tuple)) or not isinstance(inputs, (Sequence, np.ndarray))
    inputs = [inputs] if single else inputs
    _refuse_folders(inputs)
    _warn_files(inputs, single)
    for index, item in enumerate(inputs):
        if isinstance(item, (bytes, bytearray, Path, Image.Image)) or getattr(item, "ndim", 1) > 1:
            raise DataError(
                f"The model reads texts, and input {index} is {'a path' if isinstance(item, Path) else 'an image'}.",
                kind_of(item),
                "Pass texts, such as Path(name).read_text().splitlines(). Images need a model that was trained on images.",
            )
        text = text_of(item)
        yield f"input {index}" if text is None else text.called(), item if text is None else text


def reads_questions(predictor: Any) -> bool:
    """Return whether a model reads a question and a context.

    Args:
        predictor: The model.
    """
    return getattr(predictor.preprocessor, "answers", None) == "places"


def empty_text(parts: Sequence[str], questions: bool) -> int | None:
    """Find the empty text that makes an input useless.

    Args:
        parts: One text, or the two of a pair.
        questions: Whether these are a question and its context, which both must have words; of other pairs one is enough.

    Returns:
        The position of an empty text; None when the input has words.

    Example:
        >>> empty_text([" "], False), empty_text(["", "a film"], False), empty_text(["Who?", ""], True)
        (0, None, 1)
    """
    empty = [index for index, part in enumerate(parts) if not part.strip()]
    return empty[0] if len(empty) >= (1 if questions else len(parts)) else None


def check(items: Sequence[Named]) -> None:
    """Check nothing: a text needs no file.

    Args:
        items: Not used.
    """


def read_batches(
    preprocessor: TextPreprocessor, items: Sequence[Named], batch_size: int
) -> Iterator[tuple[Sequence[Named], list[Read]]]:
    """Convert the texts of one batch after the other to tokens.

    Args:
        preprocessor: The preprocessor of the model: text -> int32 tokens of shape (tokens, 2).
        items: Name and text of each input.
        batch_size: The number of inputs in a batch.

    Yields:
        The items of a batch, and a Read for each of them.

    Raises:
        DataError: When some texts of a batch are pairs, and others are single texts.
    """
    for start in range(0, len(items), batch_size):
        chosen = items[start : start + batch_size]
        yield chosen, _read_texts(preprocessor, [item for _, item in chosen], start)


def _read_texts(preprocessor: TextPreprocessor, items: Sequence[Any], first: int) -> list[Read]:
    """Tokenize a batch at once, which takes a hundredth of the time; only when that fails, one text after the other."""
    try:
        return _reads(preprocessor, items, first)
    except DataError:
        found = [_read_text(preprocessor, item, number) for number, item in enumerate(items, first)]
        if all(each.error is None for each in found):
            raise  # each text can be read, but some are pairs and others are not
        return found


def _reads(preprocessor: TextPreprocessor, items: Sequence[Any], first: int) -> list[Read]:
    taken = (
        [preprocessor.split(item, first + number) for number, item in enumerate(items)]
        if preprocessor.answers
        else items
    )
    packed = preprocessor.many(taken, first)
    owner = np.arange(len(taken)) if packed.owner is None else packed.owner
    ends = np.cumsum(np.bincount(owner, minlength=len(taken))).tolist()
    cut = np.zeros(len(taken), bool) if packed.cut_questions is None else packed.cut_questions
    return [
        Read(packed.rows[begin:end], item, _warning(preprocessor, item, first + number, bool(cut[number])))
        for number, (begin, end, item) in enumerate(zip([0, *ends], ends, taken, strict=False))
    ]


def _warning(preprocessor: TextPreprocessor, item: Any, number: int, cut: bool) -> str:
    """What is doubtful about a question and its context; an empty text for other inputs."""
    if cut:
        return _LONG.format(called(item, number))
    if preprocessor.answers == "places" and isinstance(item, Text) and len(item.second or "") < len(item.first):
        return f"The context of input {called(item, number)} is shorter than its question. Pass (question, context) in this order."
    return ""


def _read_text(preprocessor: TextPreprocessor, item: Any, number: int) -> Read:
    try:
        return _reads(preprocessor, [item], number)[0]
    except DataError as error:
        return Read(None, error=error)


def _refuse_folders(inputs: Sequence[Any]) -> None:
    """Raise for a path of an existing folder; a word that is also the name of a folder may be a text."""
    for index, text in enumerate(inputs):
        if isinstance(text, str) and os.sep in text and _stands(text) and os.path.isdir(text):
            raise DataError(
                f"The model reads texts, and input {index} is the path of a folder.",
                repr(text),
                f'Pass the texts in it: [file.read_text() for file in Path({text!r}).rglob("*.txt")].',
            )


def _warn_files(inputs: Sequence[Any], single: bool) -> None:
    """Warn when texts are names of files or folders, because the model classifies the names and not what is in the files."""
    files, one, several = _names_among([text for text in inputs if isinstance(text, str)], single)
    if files:
        warnings.warn(
            f"{quantity(len(files), f'text is the name of {one}', f'texts are names of {several}')}: {shortlist(files)}. "
            "The model reads only the names, not the files. "
            "Pass the texts, such as Path(name).read_text().splitlines() or frame[column] of a table.",
            DataWarning,
            stacklevel=4,  # the line that calls predict, which calls texts, which calls _warn_files
        )


def _names_among(given: Sequence[str], single: bool) -> tuple[list[str], str, str]:
    """The texts that are names of files or folders, and what they name, in the singular and in the plural."""
    named = [text for text in given if text.lower().endswith(_FILES)]
    files = [text for text in named if _stands(text) and os.path.isfile(text)]
    if files:
        return files, "a file", "files"
    if single and given and _stands(given[0]) and os.path.isdir(given[0]):  # among others it may be an ordinary word
        return list(given), "a folder", "folders"
    missing = len(named) == len(given) and all(os.sep in text and " " not in text for text in named)
    return (named if missing else []), "a file that does not exist", "files that do not exist"


def _stands(text: str) -> bool:
    return len(text) <= _LONGEST_PATH and "\0" not in text and os.path.exists(text)
