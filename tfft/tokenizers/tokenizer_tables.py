"""Check the tables of a ``tokenizer.json``: vocabulary, merges, scores, added tokens, and SentencePiece's character table.

Each function takes ``refuse``, a function that raises an error from a sentence and the invalid value.
"""

import base64
import math
import struct
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import numpy as np

from tfft.core import limits
from tfft.core.errors import shortlist

Refuse = Callable[[str, Any], NoReturn]
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
_BYTES = 256
_LONGEST_WORD = 1000
_LONGEST_CHARACTER = 32  # Unicode's longest decomposition has 18 characters
_MOST_ADDED = 10_000


def is_text(value: Any, empty: bool = False) -> bool:
    """Return whether a value is a string that UTF-8 can encode.

    Args:
        value: Any value.
        empty: Whether it may be empty.

    Returns:
        False for a lone surrogate, which is half of a character.
    """
    try:
        return isinstance(value, str) and (empty or value != "") and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def vocabulary(model: Mapping[str, Any], kind: str, refuse: Refuse) -> dict[str, int]:
    """Check tokens and their ids.

    Args:
        model: The model of ``tokenizer.json``.
        kind: ``"WordPiece"``, ``"BPE"`` or ``"Unigram"``.
        refuse: The function that raises the error.

    Returns:
        Token -> id, with at least one token and no id twice.
    """
    vocabulary = model.get("vocab")
    if kind == "Unigram":
        if not isinstance(vocabulary, list):
            refuse("'vocab' must be a list of tokens and scores", vocabulary)
        for row in vocabulary:
            number = isinstance(row, (list, tuple)) and len(row) == 2 and _is_number(row[1])
            if not number or not is_text(row[0]):
                refuse("'vocab' must be a list of tokens and scores", row)
        tokens = {row[0]: index for index, row in enumerate(vocabulary)}
        if len(tokens) != len(vocabulary):
            refuse("'vocab' holds tokens twice", f"{len(vocabulary) - len(tokens):,} of {len(vocabulary):,}")
    else:
        if not isinstance(vocabulary, dict):
            refuse("'vocab' must be an object of tokens and ids", vocabulary)
        tokens = dict(vocabulary)
        wrong = next((item for item in tokens.items() if not is_text(item[0], empty=True) or not _is_id(item[1])), None)
        if wrong is not None:
            refuse("'vocab' must be an object of tokens and ids", wrong)
        if len(set(tokens.values())) != len(tokens):
            refuse("'vocab' gives one id to several tokens", f"{len(tokens):,} tokens")
    _check_lengths(tokens, "piece_characters" if kind == "Unigram" else "token_characters", refuse)
    if not tokens or max(tokens.values()) >= limits.highest("vocabulary_tokens"):
        refuse(f"ids must be below {limits.highest('vocabulary_tokens'):,}, of at least one token", len(tokens))
    return tokens


def _check_lengths(tokens: Iterable[str], limit: str, refuse: Refuse) -> None:
    longest, most = max(tokens, key=len, default=""), limits.highest(limit)
    if len(longest) > most:
        raised = f"set the environment variable TFFT_MAX_{limit.upper()}={len(longest)} to allow it"
        refuse(f"a token has {len(longest):,} characters, limit {most:,}; {raised}", longest[:50])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check_words(model: Mapping[str, Any], tokens: Mapping[str, int], refuse: Refuse) -> None:
    if not is_text(model.get("unk_token")) or model["unk_token"] not in tokens:
        refuse("'unk_token' must be in the vocabulary", model.get("unk_token"))
    most: Any = model.get("max_input_chars_per_word")
    if not _is_id(most) or not 0 < most <= _LONGEST_WORD:
        refuse(f"'max_input_chars_per_word' must be a whole number from 1 to {_LONGEST_WORD}", most)


def _check_merges(model: Mapping[str, Any], tokens: Mapping[str, int], refuse: Refuse) -> None:
    merges = model.get("merges")
    if not isinstance(merges, list):
        refuse("'merges' must be a list", type(merges))
    for merge in merges:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(half, str) for half in pair):
            refuse("each of 'merges' must be a pair of tokens", merge)
        if not {pair[0], pair[1], pair[0] + pair[1]} <= tokens.keys():
            refuse("'merges' holds a pair that the vocabulary lacks", merge)
    lacking = [sign for sign in byte_signs() if sign not in tokens]
    if lacking:
        refuse(f"the vocabulary lacks {len(lacking)} of the {_BYTES} bytes", shortlist(lacking))
    if model.get("unk_token") is not None and (not is_text(model["unk_token"]) or model["unk_token"] not in tokens):
        refuse("'unk_token' must be in the vocabulary, or null", model["unk_token"])


def _check_pieces(model: Mapping[str, Any], tokens: Mapping[str, int], refuse: Refuse) -> None:
    unknown = model.get("unk_id")
    if not _is_id(unknown) or int(unknown or 0) >= len(tokens):
        refuse("'unk_id' must be a position in 'vocab'", model.get("unk_id"))


def byte_signs() -> list[str]:
    """Return the character for each byte in a byte-level vocabulary, as in GPT-2: the byte itself when it is visible.

    Returns:
        256 characters.

    Example:
        >>> byte_signs()[ord("a")], byte_signs()[ord(" ")]
        ('a', 'Ġ')
    """
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = iter(range(_BYTES, 2 * _BYTES))
    return [chr(byte if byte in visible else next(hidden)) for byte in range(_BYTES)]


def added_tokens(rows: Any, tokens: Mapping[str, int], refuse: Refuse) -> list[dict[str, Any]]:
    """Check added tokens by id. Those that are not in the vocabulary must have the ids after its end, as the library assigns them.

    Args:
        rows: The added tokens of ``tokenizer.json``.
        tokens: The vocabulary.
        refuse: The function that raises the error.

    Returns:
        The same rows, sorted.
    """
    if not isinstance(rows, list):
        refuse("'added_tokens' must be a list", rows)
    if len(rows) > _MOST_ADDED:
        refuse(f"'added_tokens' must hold at most {_MOST_ADDED:,} tokens", len(rows))
    for row in rows:
        flags = isinstance(row, dict) and all(isinstance(row.get(flag), bool) for flag in FLAGS)
        if not flags or not _is_id(row.get("id")) or not is_text(row.get("content")):
            refuse(f"each of 'added_tokens' must have an id, content, and {shortlist(FLAGS)}", row)
    _check_lengths([row["content"] for row in rows], "token_characters", refuse)
    rows = sorted(rows, key=lambda row: row["id"])
    number = len(tokens)
    for row in rows:
        expected = tokens.get(row["content"])
        if expected is None:
            expected, number = number, number + 1
        if row["id"] != expected:
            refuse(f"the added token {row['content']!r} must have the id {expected:,}", row["id"])
    if len({row["content"] for row in rows}) != len(rows):
        refuse("'added_tokens' holds a token twice", f"{len(rows)} tokens")
    return [{key: row[key] for key in ("id", "content", *FLAGS)} for row in rows]


def is_sound(charsmap: Any) -> bool:
    """Return whether every step through SentencePiece's character table, a double array of 32-bit units, stays inside the table.

    A replacement must also be short, because each character of a text may become one.

    Args:
        charsmap: The table in base 64.

    Returns:
        True when no text can make a reader of the table fail or run out of memory.

    Source:
        https://github.com/google/sentencepiece/blob/v0.2.0/src/normalizer.cc (layout), and darts-clone (units).
    """
    try:
        table = base64.b64decode(charsmap, validate=True)
        size = struct.unpack_from("<I", table)[0]
        units = np.frombuffer(table, "<u4", size // 4, 4).astype(np.int64)
        texts = table[4 + size :]
        longest = max(len(unicodedata.normalize("NFKD", text)) for text in texts.decode("utf-8").split("\0"))
    except (TypeError, ValueError, struct.error):
        return False
    if size % 1024 or not size or not texts.endswith(b"\0") or longest > _LONGEST_CHARACTER:
        return False
    places, leaf = np.arange(len(units)), units >> 31 == 1
    steps = (places ^ ((units >> 10) << ((units & 512) >> 6))) | (_BYTES - 1)
    return bool((steps[~leaf] < len(units)).all() and ((units[leaf] & 0x7FFFFFFF) < len(texts)).all())


CHECKS = {"WordPiece": _check_words, "BPE": _check_merges, "Unigram": _check_pieces}
