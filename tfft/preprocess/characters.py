"""What the ``tokenizers`` library takes each character of Unicode for: asked of it, so that a graph has the same tables."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x110000
# a sign that no normalizer changes and that parts no words
_BETWEEN = "\u2603"
_AT_ONCE = 4096


class Cleaning(NamedTuple):
    """Tables of characters.

    Attributes:
        spaces, letters, numbers: The characters of each class.
        becomes: Of a normalizer and a pre-tokenizer of BERT: what a character becomes, where that is not itself.
    """

    spaces: str
    letters: str
    numbers: str
    becomes: dict[str, str]


def cleaning(normalizer: Mapping[str, Any] | None = None, before: Mapping[str, Any] | None = None) -> Cleaning:
    r"""Ask the library.

    Args:
        normalizer: ``BertNormalizer`` of a ``tokenizer.json``, or None.
        before: ``BertPreTokenizer``, or None for no table of what characters become.

    Returns:
        A Cleaning.

    Example:
        >>> found = cleaning()
        >>> "\u3000" in found.spaces, "好" in found.letters, "½" in found.numbers
        (True, True, True)
    """
    return _asked(json.dumps(normalizer), json.dumps(before))


@cache
def _asked(normalizer: str, before: str) -> Cleaning:
    from tokenizers import Regex, normalizers

    signs = "".join(chr(code) for code in range(_LAST) if code not in _SURROGATES)
    classes = []
    for pattern in (r"\s", r"\p{L}", r"\p{N}"):
        # in the place of each character of the class a NUL, which is in none of them
        marked = normalizers.Replace(Regex(pattern), "\0").normalize_str(signs)
        classes.append("".join(sign for sign, mark in zip(signs, marked, strict=True) if mark == "\0" != sign))
    becomes = {} if json.loads(before) is None else _becomes(signs, json.loads(normalizer), json.loads(before))
    spaces, letters, numbers = classes
    return Cleaning(spaces, letters, numbers, becomes)


def _becomes(signs: str, normalizer: Any, before: Any) -> dict[str, str]:
    """A character as words: itself in most cases, nothing, a space, or what stands by itself with spaces around."""
    from tokenizers import Tokenizer, models

    empty = {"version": "1.0", "added_tokens": [], "normalizer": normalizer, "pre_tokenizer": before}
    model = json.loads(Tokenizer(models.WordLevel({}, "")).to_str())["model"]
    made = Tokenizer.from_str(json.dumps({**empty, "model": model}))
    found: dict[str, str] = {}
    for start in range(0, len(signs), _AT_ONCE):
        found.update(_changed(signs[start : start + _AT_ONCE].replace(_BETWEEN, ""), made))
    return found


def _changed(signs: str, made: Any) -> dict[str, str]:
    text = " ".join(_BETWEEN + sign + _BETWEEN for sign in signs)
    if made.normalizer is not None:
        text = made.normalizer.normalize_str(text)
    text = " ".join(word for word, _ in made.pre_tokenizer.pre_tokenize_str(text))
    inside = text[1:-1].split(f"{_BETWEEN} {_BETWEEN}")
    return {sign: after for sign, after in zip(signs, inside, strict=True) if sign != after}


def ranges(signs: Iterable[str]) -> str:
    r"""The inside of a class of characters in a regular expression of RE2.

    Args:
        signs: Characters.

    Returns:
        Ranges of their codes.

    Example:
        >>> ranges("abcx")
        '\\x{61}-\\x{63}\\x{78}'
    """
    codes = sorted(map(ord, signs))
    found: list[list[int]] = []
    for code in codes:
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\x{{{a:x}}}" if a == b else f"\\x{{{a:x}}}-\\x{{{b:x}}}" for a, b in found)
