"""Convert texts to token ids with the backbone's tokenizer, cut to a length and padded to the longest text of their batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tfft.core import limits
from tfft.core.errors import DataError, TaskError, kind_of
from tfft.core.ragged import padded
from tfft.core.specs import Text
from tfft.data.strings import text_of
from tfft.data.words import has_no_space, split_words
from tfft.inputs.base import AnswerUnit, TextUnit
from tfft.tokenizers.tokenizer import Packed, Tokenizer

_LEAST = 8


def called(item: Any, number: int) -> str:
    """Return what an input is called in messages.

    Args:
        item: An input.
        number: Its position.

    Returns:
        Its name, such as the id of a question, in quotation marks; or its position when it has no name.

    Example:
        >>> called(Text("Who?", "Ann.", name="q1"), 3), called("a film", 3)
        ("'q1'", '3')
    """
    return repr(item.name) if isinstance(item, Text) and item.name is not None else str(number)


@dataclass(frozen=True)
class TextPreprocessor:
    """Converts texts to the inputs of a backbone: token ids, segment ids and a mask, int32 of shape (batch, tokens).

    Attributes:
        tokenizer: The tokenizer of the backbone.
        length: The maximum number of tokens in an example, with special tokens; longer texts are cut.
        segments: Whether the backbone has an input of segment ids, which tell the first text of a pair from the second.
        answers: The parts of a text that have answers of their own: ``"words"``, or ``"places"`` in the second text of a pair. Long
            texts then have several rows. None when a whole text has one answer.
        stride: With ``answers``, the number of tokens that two rows of a long text share.
        width: The number of tokens to which every batch is padded, at least that of each text; None pads to the longest text of
            the batch. It is not saved, because it does not change the tokens.

    Raises:
        DataError: When the length is not a whole number of at least 8.
    """

    tokenizer: Tokenizer
    length: int = 512
    segments: bool = True
    answers: TextUnit | None = None
    stride: int = 64
    width: int | None = None
    noun: ClassVar[str] = "text"
    alignment: ClassVar[None] = None
    unit: ClassVar[str] = "tokens"

    def __post_init__(self) -> None:
        if isinstance(self.length, bool) or not isinstance(self.length, Integral) or self.length < _LEAST:
            raise DataError(
                f"length={self.length!r} must be a whole number of at least {_LEAST}.", fix="128 is common."
            )

    @property
    def size(self) -> str:
        """The largest number of tokens as text, such as ``"128 tokens"``."""
        return f"{self.length} tokens"

    @property
    def inputs(self) -> tuple[tuple[str, tuple[int | None, ...], str], ...]:
        """KerasHub's name, shape without the batch axis and dtype of each input of the network."""
        names = ("token_ids", *(("segment_ids",) if self.segments else ()), "padding_mask")
        return tuple((name, (self.width,), "int32") for name in names)

    def __call__(self, item: Any) -> np.ndarray:
        """Tokenize one example.

        Args:
            item: A ``Text``, a string, a pair of strings, or the result of an earlier call, which is returned unchanged.

        Returns:
            int32, shape (tokens, 2): token ids and segment ids.

        Raises:
            DataError: When the item has another type.
        """
        if isinstance(item, np.ndarray):
            return item
        return np.asarray(self.many([item]).rows[0])

    def many(self, items: Sequence[Any], first: int = 0) -> Packed:
        """Tokenize many examples together, in about a hundredth of the time that one by one takes.

        Args:
            items: Items as for a single example: either all are pairs or none is.
            first: Number of the first item, for messages.

        Returns:
            A Packed with a row of shape (tokens, 2) for each example. For words, rows have the shape (tokens, 3), and the third
            column is the word that a token answers for, or -1. For places, rows have the shape (tokens, 4), and the last columns
            are begin and end of a token in the second text, or -1.

        Raises:
            DataError: When an item is not a text, or only some items are pairs.
        """
        if self.answers is not None:
            split = [self.split(items[number], first + number) for number in range(len(items))]
            if self.answers == "words":
                return self.tokenizer.pack_words([_words(text) for text in split], int(self.length), self.stride)
            pairs = [(text.first, text.second or "") for text in split]
            return self.tokenizer.pack_places(pairs, int(self.length), self.stride)
        texts = [_strings(items[number], first + number) for number in range(len(items))]
        counts = {len(text) for text in texts}
        if len(counts) > 1:
            raise DataError("Some examples are pairs of texts and some are not.", fix="Pass one or two texts for each.")
        return self.tokenizer.pack(texts, int(self.length))

    def split(self, item: Any, number: int = 0) -> Text:
        """Convert an item to a text whose parts can have answers; a text is split into words unless the data has words.

        Args:
            item: A ``Text``, a string or a pair of strings.
            number: The number of the item, for messages.

        Returns:
            The text, for ``answers="words"`` with the places of its words.

        Raises:
            DataError: When the item is not a single text, or for ``"places"`` not a pair, or is longer than allowed.
        """
        text, *second = _strings(item, number)
        name = called(item, number)
        limits.check("text_characters", max(map(len, (text, *second))), f"Text {name}", DataError)
        if self.answers == "places":
            if not second:
                raise DataError(
                    f"Input {name} is a single text.", repr(text[:60]), "Pass (question, context) for this task."
                )
            empty = "question" if not text.strip() else "context" if not second[0].strip() else ""
            if empty:
                raise DataError(f"The {empty} of input {name} is empty.", fix="Pass (question, context) for this task.")
            return Text(text, second[0], name=item.name if isinstance(item, Text) else None)
        if second:
            raise DataError(f"Input {name} is a pair of texts.", fix="Pass single texts for this task.")
        if isinstance(item, Text) and item.words is not None:
            return item
        return Text(text, words=split_words(text), name=item.name if isinstance(item, Text) else None)

    def collate(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Make the inputs of the network for one batch, padded to ``width``, or the longest row rounded up to a multiple of 4.

        Args:
            rows: The examples, each int32 of shape (tokens, 2).

        Returns:
            Token ids, segment ids if the backbone has this input, and the mask (1 for tokens, 0 for padding); each int32 of shape
            (batch, tokens).
        """
        width = self.width or padded(max(map(len, rows), default=0))
        ids = np.full((len(rows), width), self.tokenizer.made.pad_token_id, np.int32)
        segments, mask = np.zeros_like(ids), np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)], segments[number, : len(row)] = row[:, 0], row[:, 1]
            mask[number, : len(row)] = 1
        arrays = (ids, segments, mask) if self.segments else (ids, mask)
        return {name: array for (name, _, _), array in zip(self.inputs, arrays, strict=True)}

    def padded_to(self, width: int | None) -> "TextPreprocessor":
        """Return a preprocessor with the same tokens that pads every batch to one width.

        Args:
            width: The number of tokens, at least that of the longest text; None pads each batch to its own longest text.

        Returns:
            A TextPreprocessor whose arrays have the shape (batch, width).
        """
        return replace(self, width=width)

    def answering(self, unit: AnswerUnit, stride: int = 0) -> "TextPreprocessor":
        """Return a preprocessor for answers about parts of a text.

        Args:
            unit: ``"words"`` of a text, or ``"places"`` in the second text of a pair.
            stride: The number of tokens that two rows of a long text share.

        Returns:
            A TextPreprocessor whose rows have the shape (tokens, 3) for words, and (tokens, 4) for places.

        Raises:
            TaskError: For pixels.
        """
        if unit == "pixels":
            raise TaskError(
                "This task answers pixel by pixel, and needs a backbone for images.",
                "a backbone for texts",
                'Choose a convolutional net, such as "mobilenet_v2".',
            )
        return replace(self, answers=unit, stride=stride)

    def loaded_by(self, around: Callable[[Callable[[], Any]], Callable[[], Any]]) -> "TextPreprocessor":
        """Return a preprocessor whose tokenizer is loaded by another function.

        Args:
            around: A function: the function that loads the tokenizer -> the function to call in its place.

        Returns:
            A TextPreprocessor with the same tokens.
        """
        return replace(self, tokenizer=replace(self.tokenizer, make=around(self.tokenizer.make)))

    def save(self, folder: Path) -> None:
        """Write the files of the tokenizer.

        Args:
            folder: The folder of the files; it is made.

        Raises:
            OSError: When the files cannot be written.
        """
        folder.mkdir()
        self.tokenizer.save(folder)

    def to_dict(self) -> dict[str, Any]:
        """Tokenizer and length as plain JSON values."""
        found = {"tokenizer": self.tokenizer.to_dict(), "length": int(self.length), "segments": self.segments}
        return found | ({} if self.answers is None else {"answers": self.answers, "stride": self.stride})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], folder: Path) -> "TextPreprocessor":
        """Undo ``to_dict``.

        Args:
            values: The result of ``to_dict``.
            folder: The folder that the tokenizer was saved in.

        Returns:
            A TextPreprocessor that gives the same tokens.

        Raises:
            BundleError: When the tokenizer's files are missing, or are not those that were saved.
            KeyError: When a value is missing.
        """
        parts = {name: values[name] for name in ("answers", "stride") if name in values}
        return cls(
            Tokenizer.read(folder, values["tokenizer"]), int(values["length"]), bool(values["segments"]), **parts
        )


def _words(text: Text) -> list[str]:
    found = [text.first[begin:end] for begin, end in text.words or ()]
    return [word if has_no_space(word) else f" {word}" for word in found]


def _strings(item: Any, number: int) -> tuple[str, ...]:
    # an array is not accepted as a pair of texts
    text = None if isinstance(item, np.ndarray) else text_of(item)
    if text is None:
        raise DataError(f"Input {number} is not a text.", kind_of(item), "Pass a string, or a pair of strings.")
    found = (text.first,) if text.second is None else (text.first, text.second)
    try:
        for part in found:
            part.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"Input {called(item, number)} holds half of a character, which UTF-8 cannot write.",
            ascii(part)[:60],
            "Remove it.",
        ) from None
    return found
