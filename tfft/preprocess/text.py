"""Texts -> token ids of a backbone's own tokenizer, cut to a length and padded to the longest of their batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core.errors import DataError, kind_of
from tfft.core.ragged import padded
from tfft.core.specs import Text
from tfft.tokenizers.tokenizer import Packed, Tokenizer

_LEAST = 8


@dataclass(frozen=True)
class TextPreprocessor:
    """How texts become the inputs of a backbone.

    Attributes:
        tokenizer: Of the backbone.
        length: Most tokens of an example, special ones included; longer ones are cut.
        segments: Whether the backbone takes a number for each token that tells the first text of a pair from the second.

    Raises:
        DataError: When the length is no whole number of at least 8.
    """

    tokenizer: Tokenizer
    length: int = 512
    segments: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.length, bool) or not isinstance(self.length, Integral) or self.length < _LEAST:
            raise DataError(
                f"length={self.length!r} must be a whole number of at least {_LEAST}.", fix="128 is common."
            )

    @property
    def inputs(self) -> tuple[tuple[str, tuple[int | None, ...], str], ...]:
        """Name, shape without the batch axis and dtype of what the net takes, by KerasHub's names."""
        names = ("token_ids", *(("segment_ids",) if self.segments else ()), "padding_mask")
        return tuple((name, (None,), "int32") for name in names)

    def __call__(self, item: Any) -> np.ndarray:
        """Tokens of one example.

        Args:
            item: A ``Text``, a string, a pair of strings, or what this returned before.

        Returns:
            int32, shape (tokens, 2): ids and segments.

        Raises:
            DataError: When it is none of these.
        """
        if isinstance(item, np.ndarray):
            return item
        return np.asarray(self.many([item]).rows[0])

    def many(self, items: Sequence[Any], first: int = 0) -> Packed:
        """Tokens of many examples at once, which takes a hundredth of the time.

        Args:
            items: As for a single one, all of them pairs or none.
            first: Number of the first one, for messages.

        Returns:
            Packed, a row of shape (tokens, 2) for each.

        Raises:
            DataError: When one is no text, or only some are pairs.
        """
        texts = [_strings(items[number], first + number) for number in range(len(items))]
        counts = {len(text) for text in texts}
        if len(counts) > 1:
            raise DataError("Some examples are pairs of texts and some are not.", fix="Pass one or two texts for each.")
        return self.tokenizer.pack(texts, int(self.length))

    def collate(self, rows: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Rows of one batch -> inputs of the net, padded to the longest row, rounded up to a multiple of 4.

        Args:
            rows: int32, shape (tokens, 2) each.

        Returns:
            Token ids, segments where the backbone takes them, and the mask, 1 for tokens and 0 for padding; int32 of shape
            (batch, tokens).
        """
        width = padded(max(map(len, rows), default=0))
        ids = np.full((len(rows), width), self.tokenizer.made.pad_token_id, np.int32)
        segments, mask = np.zeros_like(ids), np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)], segments[number, : len(row)] = row[:, 0], row[:, 1]
            mask[number, : len(row)] = 1
        return (ids, segments, mask) if self.segments else (ids, mask)

    def named(self, arrays: Sequence[Any]) -> dict[str, Any]:
        """What ``collate`` returned, as the net takes it; a tuple Keras would silently take in the order of the names.

        Args:
            arrays: Of shape (batch, tokens), in the order of ``inputs``.

        Returns:
            By name.
        """
        return {name: array for (name, _, _), array in zip(self.inputs, arrays, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """Tokenizer and length as plain JSON values."""
        return {"tokenizer": self.tokenizer.to_dict(), "length": int(self.length), "segments": self.segments}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], folder: Path) -> "TextPreprocessor":
        """Undo ``to_dict``.

        Args:
            values: What ``to_dict`` returned.
            folder: Where the tokenizer was saved.

        Returns:
            A TextPreprocessor that gives the same tokens.

        Raises:
            BundleError: When the tokenizer's files are missing or others.
            KeyError: When a value is missing.
        """
        return cls(Tokenizer.read(folder, values["tokenizer"]), int(values["length"]), bool(values["segments"]))


def _strings(item: Any, number: int) -> tuple[str, ...]:
    found = _parts(item, number)
    try:
        for part in found:
            part.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"Input {number} holds half of a character, which UTF-8 cannot write.", ascii(item)[:60], "Remove it."
        ) from None
    return found


def _parts(item: Any, number: int) -> tuple[str, ...]:
    if isinstance(item, Text):
        return (item.first,) if item.second is None else (item.first, item.second)
    if isinstance(item, str):
        return (item,)
    if isinstance(item, (tuple, list)) and len(item) == 2 and all(isinstance(part, str) for part in item):
        return tuple(item)
    raise DataError(f"Input {number} is no text.", kind_of(item), "Pass a string, or a pair of strings.")
