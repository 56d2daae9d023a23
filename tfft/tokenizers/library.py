"""Calls of Hugging Face's ``tokenizers`` library: in parts, because it keeps much in memory, and with its errors converted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from tfft.core.errors import BackboneError
from tfft.tokenizers.tokenizer_json import FIX

PART = 20_000
"""Characters of a text that are normalized or cut at once."""
_AT_ONCE = 1_000_000  # characters; the library keeps about 400 bytes for each token until a batch is done


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a tokenizer of the library.

    Attributes:
        made: A ``tokenizers.Tokenizer``.
    """

    made: Any

    def token_to_id(self, token: str) -> int | None:
        """Return the id of a token.

        Args:
            token: The text of the token.

        Returns:
            An id, or None when the vocabulary lacks it.
        """
        found = self.made.token_to_id(token)
        return None if found is None else int(found)

    def get_vocabulary(self) -> dict[str, int]:
        """All tokens, added ones included, with their ids."""
        return dict(self.made.get_vocab(with_added_tokens=True))

    def vocabulary_size(self) -> int:
        """The highest id plus one: the number of rows of an embedding, shape (rows, width)."""
        return max(self.get_vocabulary().values()) + 1


def normalized_length(made: Any, text: str, place: str) -> int:
    """Count the characters that the model of a tokenizer receives; Unicode's longest decomposition has 18.

    Args:
        made: A ``tokenizers.Tokenizer``.
        text: The text.
        place: The origin of the tokenizer, for messages.

    Returns:
        The number of characters after normalization.

    Raises:
        BackboneError: When the library fails.
    """
    form = made.normalizer
    if form is None:
        return len(text)
    parts = [text[begin : begin + PART] for begin in range(0, len(text), PART)]
    return sum(len(survived(partial(form.normalize_str, part), place)) for part in parts)


def ids_of(made: Any, parts: Sequence[str], place: str) -> dict[str, list[int]]:
    """Tokenize texts, about a million characters at once.

    Args:
        made: A ``tokenizers.Tokenizer``.
        parts: Texts, all different.
        place: The origin of the tokenizer, for messages.

    Returns:
        Text -> the ids of its tokens, without special tokens around them.

    Raises:
        BackboneError: When the library fails.
    """
    found: dict[str, list[int]] = {}
    for texts in _about_a_million(parts):
        encoded = survived(partial(made.encode_batch_fast, texts, add_special_tokens=False), place)
        found.update(zip(texts, (each.ids for each in encoded), strict=True))
    return found


def places_of(made: Any, parts: Sequence[str], place: str) -> dict[str, tuple[list[int], list[tuple[int, int]]]]:
    """Tokenize texts with the place of each token, about a million characters at once.

    Args:
        made: A ``tokenizers.Tokenizer``.
        parts: Texts, all different.
        place: The origin of the tokenizer, for messages.

    Returns:
        Text -> the ids of its tokens, and begin and end of each token in characters of the text.

    Raises:
        BackboneError: When the library fails.
    """
    found: dict[str, tuple[list[int], list[tuple[int, int]]]] = {}
    for texts in _about_a_million(parts):
        encoded = survived(partial(made.encode_batch, texts, add_special_tokens=False), place)
        found.update(zip(texts, ((each.ids, each.offsets) for each in encoded), strict=True))
    return found


def _about_a_million(parts: Sequence[str]) -> Iterator[list[str]]:
    begins = np.cumsum([0, *map(len, parts)]) // _AT_ONCE
    for _, some in groupby(zip(begins.tolist(), parts, strict=False), key=lambda pair: pair[0]):
        yield [part for _, part in some]


def survived(call: Callable[[], Any], place: str) -> Any:
    """Call the library, and convert its errors; a panic of the library does not derive from ``Exception``.

    Args:
        call: A function without arguments.
        place: The origin of the tokenizer, for messages.

    Returns:
        The result of the call.

    Raises:
        BackboneError: When the library fails.

    Example:
        >>> survived(lambda: [1], "'tokenizer.json'")
        [1]
    """
    try:
        return call()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BackboneError(f"{place} cannot be used: {reason}.", fix=FIX) from None
