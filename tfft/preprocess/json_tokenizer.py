"""A tokenizer as Hugging Face's ``tokenizers`` library runs it, from the values of a ``tokenizer.json``."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import limits
from tfft.core.errors import BackboneError, DataError
from tfft.preprocess.tokenizer_json import FIX, checked, parsed

FILE = "tokenizer.json"
_AT_ONCE = 1_000_000  # characters; the library keeps about 400 bytes for each token until a batch is done
_PART = 20_000
_CUT = re.compile(r"(?<=[A-Za-z]) (?=[A-Za-z])")


class JsonTokenizer:
    r"""Texts -> token ids, equal to those of the ``tokenizers`` library.

    Special tokens that are typed in a text, such as ``[SEP]``, become the special token, as they do there.

    Args:
        values: Of ``tokenizer.json``; None until ``load_assets``.
        tokens: The text of the special tokens ``start``, ``end``, ``pad`` and ``mask``; ``mask`` may be missing.
        separators: How many end tokens stand between two texts.
        place: Where it comes from, for messages.

    Attributes:
        start_token_id, end_token_id, pad_token_id: Ids around texts and of padding.
        mask_token_id: Of the token that stands for a hidden one, or None.
        unk_token_id: Of the token that stands for an unknown one; -1 where every text has tokens, byte by byte.

    Raises:
        BackboneError: When a part of it is unknown or damaged, or a special token is missing.

    Example:
        >>> from tfft.preprocess.pipelines import word_pieces
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
        made = _survived(lambda: Tokenizer.from_str(json.dumps(values)), place)
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

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Tokens of texts, without those around them.

        Args:
            texts: n strings.

        Returns:
            Ids of all texts end to end, int32 of shape (tokens,), and how many each text has, int64 of shape (n,).

        Raises:
            DataError: When a text is longer than allowed.
        """
        flat: list[np.ndarray] = []
        lengths = np.zeros(len(texts), np.int64)
        waiting: list[tuple[int, str]] = []
        size = 0
        for number, text in enumerate(texts):
            limits.check("text_characters", len(text), f"Text {number}", DataError)
            for part in _pieces(text):
                waiting.append((number, part))
                size += len(part)
                if size >= _AT_ONCE:
                    self._some(waiting, flat, lengths)
                    waiting, size = [], 0
        self._some(waiting, flat, lengths)
        return np.concatenate(flat) if flat else np.zeros(0, np.int32), lengths

    def _some(self, parts: Sequence[tuple[int, str]], flat: list[np.ndarray], lengths: np.ndarray) -> None:
        if parts:
            texts = [text for _, text in parts]
            found = _survived(lambda: self._made.encode_batch_fast(texts, add_special_tokens=False), self._place)
            ids = [encoding.ids for encoding in found]
            np.add.at(lengths, [number for number, _ in parts], [len(each) for each in ids])
            flat.append(np.fromiter((each for row in ids for each in row), np.int32, sum(map(len, ids))))

    def token_to_id(self, token: str) -> int | None:
        """The id of a token.

        Args:
            token: Its text.

        Returns:
            An id, or None when the vocabulary lacks it.
        """
        found = self._made.token_to_id(token)
        return None if found is None else int(found)

    def get_vocabulary(self) -> dict[str, int]:
        """All tokens, added ones included, with their ids."""
        return dict(self._made.get_vocab(with_added_tokens=True))

    def vocabulary_size(self) -> int:
        """One more than the highest id, so the number of embeddings that are needed."""
        return max(self.get_vocabulary().values()) + 1

    def get_config(self) -> dict[str, Any]:
        """The special tokens and separators; everything else stands in its file."""
        return {"tokens": self.tokens, "separators": self.separators}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "JsonTokenizer":
        """One without a file yet; ``load_assets`` brings it."""
        return cls(None, config["tokens"], config["separators"])

    def save_assets(self, folder: str) -> None:
        """Write ``tokenizer.json``.

        Args:
            folder: Must exist.

        Raises:
            OSError: When it cannot be written.
        """
        written = json.dumps(self.values, ensure_ascii=False, separators=(",", ":"))
        (Path(folder) / FILE).write_bytes(written.encode("utf-8"))

    def load_assets(self, folder: str) -> None:
        """Read it again.

        Args:
            folder: Where ``save_assets`` wrote.

        Raises:
            OSError: When it cannot be read.
            BackboneError: When a part of it is unknown or damaged.
        """
        place = repr(str(Path(folder) / FILE))
        self._open(checked(parsed((Path(folder) / FILE).read_bytes(), place), place), place)


def _pieces(text: str) -> list[str]:
    """A long text in parts that have the same tokens, as memory grows with the longest part: cut between two words.

    In each supported pipeline a word between spaces begins a new token whatever stands before it. A part after the first begins
    with its space, which matters to byte pairs alone.
    """
    if len(text) <= 2 * _PART:
        return [text]
    ends, start = [], 0
    while len(text) - start > 2 * _PART:
        found = _CUT.search(text, start + _PART)
        if found is None:
            break
        start = found.start()
        ends.append(start)
    return [text[begin:end] for begin, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _survived(call: Callable[[], Any], place: str) -> Any:
    """The result of a call into the library, whose panics are no ``Exception``."""
    try:
        return call()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BackboneError(f"{place} cannot be used: {str(error).splitlines()[:1]}.", fix=FIX) from None
