"""A tokenizer that runs the pipeline of a ``tokenizer.json`` with Hugging Face's ``tokenizers`` library."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import limits, regular_files
from tfft.core.errors import BackboneError, DataError, shortlist
from tfft.tokenizers.library import PART, Vocabulary, ids_of, normalized_length, places_of, survived
from tfft.tokenizers.tokenizer_json import FIX, checked, parsed

FILE = "tokenizer.json"
_GROWTH = (
    4  # the largest factor by which normalization may lengthen a text; Chinese characters get a space on both sides
)
_MANY = 32
_WORD = re.compile(" ?[^ ]+")
JOINER = "\u200d"
_CUT = re.compile(r"(?<=[A-Za-z]) (?=[A-Za-z])")


class JsonTokenizer:
    r"""Converts texts to token ids, int32 of shape (tokens,), equal to those of the ``tokenizers`` library.

    Special tokens in the text itself, such as ``[SEP]``, become the special token, as in the library.

    Args:
        values: The values of ``tokenizer.json``; None until ``load_assets``.
        tokens: The text of the special tokens ``start``, ``end``, ``pad`` and ``mask``; ``mask`` is optional.
        separators: The number of end tokens between two texts.
        place: The origin of the tokenizer, for messages.

    Attributes:
        start_token_id, end_token_id, pad_token_id: Ids of the tokens around texts and of the padding.
        mask_token_id: Id of the mask token, or None.
        unk_token_id: Id of the unknown token; -1 when every text has tokens, byte by byte.
        token_to_id, get_vocabulary, vocabulary_size: The functions of its ``Vocabulary``, under the names of KerasHub's tokenizers.

    Raises:
        BackboneError: When a part of the values is unknown or damaged, or a special token is missing.

    Example:
        >>> from tfft.tokenizers.pipelines import word_pieces
        >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far"]
        >>> made = JsonTokenizer(*word_pieces(words, lowercase=True))
        >>> made.encode(["How\u3000far", "so"])[0].tolist()
        [5, 6, 1]
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        tokens: Mapping[str, str] | None = None,
        separators: int = 1,
        place: str = FILE,
    ) -> None:
        self.tokens, self.separators = dict(tokens or {}), int(separators)
        if values is not None:
            self._open(checked(values, place), place)

    def _open(self, values: Mapping[str, Any], place: str) -> None:
        from tokenizers import Tokenizer

        self.values = values
        made = survived(lambda: Tokenizer.from_str(json.dumps(values)), place)
        missing = [f"{name}={self.tokens.get(name)!r}" for name in ("start", "end", "pad") if name not in self.tokens]
        ids = {name: made.token_to_id(token) for name, token in self.tokens.items()}
        missing += [f"{name}={self.tokens[name]!r}" for name, found in ids.items() if found is None and name != "mask"]
        if missing:
            raise BackboneError(f"{place} lacks special tokens.", ", ".join(missing), FIX)
        self.start_token_id, self.end_token_id, self.pad_token_id = (ids[name] for name in ("start", "end", "pad"))
        self.mask_token_id = ids.get("mask")
        model = values["model"]
        unknown = model["unk_id"] if model["type"] == "Unigram" else made.token_to_id(model["unk_token"] or "")
        self.unk_token_id = -1 if unknown is None or model["type"] == "BPE" else int(unknown)
        self._made, self._place = made, place
        vocabulary = Vocabulary(made)
        self.token_to_id, self.get_vocabulary = vocabulary.token_to_id, vocabulary.get_vocabulary
        self.vocabulary_size = vocabulary.vocabulary_size
        grown = [sign for sign in map(chr, range(128)) if normalized_length(made, sign, place) > _GROWTH]
        if grown:
            raise BackboneError(f"{place}: the normalizer lengthens texts.", shortlist(grown), FIX)
        self._separable = not any(" " in token["content"] or token["rstrip"] for token in values["added_tokens"])

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Tokenize texts, without the special tokens around them.

        Args:
            texts: n strings.

        Returns:
            The ids of all texts end to end, int32 of shape (tokens,), and the number of ids for each text, int64 of shape (n,).

        Raises:
            DataError: When a text is longer than allowed.
        """
        self._check(texts)
        often = self._separable and len(texts) >= _MANY
        parts = [_words(text) if often else _pieces(text) for text in texts]
        found = ids_of(self._made, list(dict.fromkeys(chain.from_iterable(parts))), self._place)
        rows = [list(chain.from_iterable(map(found.__getitem__, some))) for some in parts]
        lengths = np.array(list(map(len, rows)), np.int64)
        return np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum())), lengths

    def encode_with_places(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        r"""Tokenize texts as ``encode`` does, with the place of each token in its text.

        Args:
            texts: n strings, all different.

        Returns:
            The ids and their counts as from ``encode``, and begin and end of each token in characters, without spaces around it and
            with the accents after it, int32 of shape (tokens, 2). They are equal for a token that stands for spaces alone.

        Raises:
            DataError: When a text is longer than allowed.

        Example:
            >>> from tfft.tokenizers.pipelines import word_pieces
            >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far"]
            >>> made = JsonTokenizer(*word_pieces(words, lowercase=True))
            >>> made.encode_with_places(["How  far"])[2].tolist()
            [[0, 3], [5, 8]]
        """
        self._check(texts)
        removed = [self._removed(text) for text in texts]
        parts = [_pieces(text[count:]) for text, count in zip(texts, removed, strict=True)]
        found = places_of(self._made, list(dict.fromkeys(chain.from_iterable(parts))), self._place)
        ids, counts, bounds = list[int](), list[int](), list[tuple[int, int]]()
        for some, start in zip(parts, removed, strict=True):
            before = len(ids)
            for part in some:
                own, places = found[part]
                ids += own
                ends = [*(begin for begin, _ in places[1:]), len(part)][: len(places)]
                bounds += [_trimmed(part, start, *place, before) for place, before in zip(places, ends, strict=True)]
                start += len(part)
            counts.append(len(ids) - before)
        return np.array(ids, np.int32), np.array(counts, np.int64), np.array(bounds, np.int32).reshape(-1, 2)

    def _removed(self, text: str) -> int:
        """The number of first characters that the normalizer removes.

        The library (tokenizers 0.23) forgets them when a "Precompiled" normalizer removes them, and moves all places.
        """
        count = 0
        if self.values["model"]["type"] == "Unigram":
            while count < len(text) and not normalized_length(self._made, text[count], self._place):
                count += 1
        return count

    def _check(self, texts: Sequence[str]) -> None:
        longest = max(range(len(texts)), key=lambda number: len(texts[number]), default=None)
        if longest is not None:
            limits.check("text_characters", len(texts[longest]), f"Text {longest}", DataError)
        for number, text in enumerate(texts):
            if len(text) > PART and not text.isascii():
                grown = normalized_length(self._made, text, self._place)
                limits.check("text_characters", grown // _GROWTH, f"Text {number}", DataError)

    def get_config(self) -> dict[str, Any]:
        """The special tokens and separators; all other values are in the file."""
        return {"tokens": self.tokens, "separators": self.separators}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "JsonTokenizer":
        """Make a tokenizer without values; ``load_assets`` reads them."""
        return cls(None, config["tokens"], config["separators"])

    def save_assets(self, folder: str) -> None:
        """Write ``tokenizer.json``.

        Args:
            folder: A folder that exists.

        Raises:
            OSError: When the file cannot be written.
        """
        written = json.dumps(self.values, ensure_ascii=False, separators=(",", ":"))
        (Path(folder) / FILE).write_bytes(written.encode("utf-8"))

    def load_assets(self, folder: str) -> None:
        """Read ``tokenizer.json``.

        Args:
            folder: The folder that ``save_assets`` wrote to.

        Raises:
            OSError: When the file cannot be read.
            BackboneError: When a part of it is unknown or damaged.
        """
        path = Path(folder) / FILE
        place = repr(str(path))
        content = regular_files.read(path, "tokenizer_bytes", place, BackboneError)
        self._open(checked(parsed(content, place), place), place)


def _trimmed(part: str, start: int, begin: int, end: int, before: int) -> tuple[int, int]:
    """The place of a token in a text whose part begins at ``start``; the next token begins at ``before``.

    Byte pairs and SentencePiece count the space before a token. Some normalizers remove accents, vowel signs and joiners, which
    belong to the letter before them.
    """
    while begin < end and part[begin].isspace():
        begin += 1
    while begin < end and part[end - 1].isspace():
        end -= 1
    while begin < end < before and (part[end] == JOINER or unicodedata.category(part[end])[0] == "M"):
        end += 1
    return start + begin, start + end


def _words(text: str) -> list[str]:
    """Split texts into words whose tokens do not depend on their place, so that each is tokenized once for thousands of texts.

    In each supported pipeline this is true for ASCII between single spaces. A word keeps the space before it, which matters only to
    byte pairs. All other texts stay whole.
    """
    plain = text.isascii() and text.isprintable() and "  " not in text and text == text.strip(" ")
    return _WORD.findall(text) if plain else _pieces(text)


def _pieces(text: str) -> list[str]:
    """Cut a long text between words into parts with the same tokens, because the memory grows with the longest part.

    In each supported pipeline a word after a space begins a new token. Each part after the first begins with its space, which
    matters only to byte pairs.
    """
    if len(text) <= 2 * PART:
        return [text]
    ends, start = [], 0
    while len(text) - start > 2 * PART:
        found = _CUT.search(text, start + PART)
        if found is None:
            break
        start = found.start()
        ends.append(start)
    return [text[begin:end] for begin, end in zip([0, *ends], [*ends, len(text)], strict=True)]
