"""Ask the ``tokenizers`` library how it treats each Unicode character, so that a TensorFlow graph can use the same tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x110000
# a character that no normalizer changes and that splits no words
_BETWEEN = "\u2603"
_AT_ONCE = 4096


class Cleaning(NamedTuple):
    """Classes of characters, and the replacements that BERT makes before it splits words.

    Attributes:
        spaces, letters, numbers: The characters of each class.
        becomes: Character -> its replacement by BERT's normalizer and pre-tokenizer; unchanged characters are left out.
    """

    spaces: str
    letters: str
    numbers: str
    becomes: dict[str, str]


def cleaning(normalizer: Mapping[str, Any] | None = None, before: Mapping[str, Any] | None = None) -> Cleaning:
    r"""Make the tables by applying the ``tokenizers`` library to every character.

    Args:
        normalizer: The ``BertNormalizer`` of a ``tokenizer.json``, or None.
        before: The ``BertPreTokenizer``, or None to leave the table of replacements empty.

    Returns:
        A Cleaning.

    Example:
        >>> found = cleaning()
        >>> "\u3000" in found.spaces, "好" in found.letters, "½" in found.numbers
        (True, True, True)
    """
    return _asked(json.dumps(normalizer), json.dumps(before))


def replacements(normalizers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Apply normalizers to every character alone.

    Args:
        normalizers: Normalizers of a ``tokenizer.json`` that neither remove nor join spaces.

    Returns:
        Character -> the text in its place; unchanged characters are left out.

    Example:
        >>> found = replacements([{"type": "Lowercase"}])
        >>> found["A"], "a" in found
        ('a', False)
    """
    return dict(_replaced(json.dumps({"type": "Sequence", "normalizers": list(normalizers)})))


@cache
def _replaced(normalizer: str) -> dict[str, str]:
    from tokenizers import Tokenizer, models

    values = json.loads(Tokenizer(models.WordLevel({}, "")).to_str())
    made = Tokenizer.from_str(json.dumps({**values, "normalizer": json.loads(normalizer)}))
    found: dict[str, str] = {}
    signs = "".join(chr(code) for code in range(_LAST) if code not in _SURROGATES).replace(_BETWEEN, "")
    for start in range(0, len(signs), _AT_ONCE):
        some = signs[start : start + _AT_ONCE]
        text = made.normalizer.normalize_str(" ".join(_BETWEEN + sign + _BETWEEN for sign in some))
        inside = text[1:-1].split(f"{_BETWEEN} {_BETWEEN}")
        found.update({sign: after for sign, after in zip(some, inside, strict=True) if sign != after})
    return found


@cache
def _asked(normalizer: str, before: str) -> Cleaning:
    from tokenizers import Regex, normalizers

    signs = "".join(chr(code) for code in range(_LAST) if code not in _SURROGATES)
    classes = []
    for pattern in (r"\s", r"\p{L}", r"\p{N}"):
        # let the library replace each character of the class by a NUL, which is in no class, and see which ones changed
        marked = normalizers.Replace(Regex(pattern), "\0").normalize_str(signs)
        classes.append("".join(sign for sign, mark in zip(signs, marked, strict=True) if mark == "\0" != sign))
    becomes = {} if json.loads(before) is None else _becomes(signs, json.loads(normalizer), json.loads(before))
    spaces, letters, numbers = classes
    return Cleaning(spaces, letters, numbers, becomes)


def _becomes(signs: str, normalizer: Any, before: Any) -> dict[str, str]:
    """A character after splitting into words: mostly unchanged, or removed, a space, or a separate word with spaces around it."""
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
    r"""Write characters as the content of an RE2 character class.

    Args:
        signs: The characters.

    Returns:
        Ranges of their code points.

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
