"""Split a text into words with their places, for tasks that answer word by word."""

import re
import unicodedata
from collections.abc import Iterable

# Han and kana have no spaces between words, so that each character is a word of its own, as in the Chinese corpora of entities
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CHUNK = re.compile(rf"[{ALONE}]|[^\s{ALONE}]+")
_CHARACTER = re.compile(f"[{ALONE}]")
KEPT = "@#$"  # before a letter or digit, these belong to the word
APOSTROPHES, GENITIVE = "'\u2019", "sS"  # corpora of entities divide "Ann's" into "Ann" and "'s"

Bounds = tuple[tuple[int, int], ...]


def has_no_space(word: str) -> bool:
    """Return whether a word is one Han or kana character, before which a text has no space.

    Args:
        word: A word.

    Example:
        >>> has_no_space("京"), has_no_space("Paris"), has_no_space("京都")
        (True, False, False)
    """
    return len(word) == 1 and _CHARACTER.fullmatch(word) is not None


def split_words(text: str) -> Bounds:
    """Find the words of a text. Each sign around a word is a word; signs inside stay, and a final 's is a word of its own.

    Args:
        text: Any text.

    Returns:
        Begin and end of each word, in characters of the text, in order.

    Example:
        >>> text = "Ask @ann (U.S.), don't wait!"
        >>> [text[begin:end] for begin, end in split_words(text)]
        ['Ask', '@ann', '(', 'U.S', '.', ')', ',', "don't", 'wait', '!']
        >>> split_words("去北京"), split_words("Ann's")
        (((0, 1), (1, 2), (2, 3)), ((0, 3), (3, 5)))
    """
    found: list[tuple[int, int]] = []
    for chunk in _CHUNK.finditer(text):
        begin, end = chunk.span()
        first, last = begin, end
        while (
            first < last
            and _is_sign(text[first])
            and not (text[first] in KEPT and text[first + 1 : first + 2].isalnum())
        ):
            first += 1
        while last > first and _is_sign(text[last - 1]):
            last -= 1
        found += [(sign, sign + 1) for sign in range(begin, first)]
        middle = last - 2 if _has_genitive(text, first, last) else last
        found += [(first, middle)] if first < middle else []
        found += [(middle, last)] if middle < last else []
        found += [(sign, sign + 1) for sign in range(last, end)]
    return tuple(found)


def joined_words(words: Iterable[str]) -> tuple[str, Bounds]:
    """Join words to a text: with spaces, or without where all of them are Han or kana characters or single signs.

    Args:
        words: The words of a sentence, in order; none is empty.

    Returns:
        The text, and begin and end of each word in it.

    Example:
        >>> joined_words(["in", "Paris", "."]), joined_words(["去", "北", "京"])[0]
        (('in Paris .', ((0, 2), (3, 8), (9, 10))), '去北京')
    """
    given = list(words)
    spaced = not (any(map(has_no_space, given)) and all(len(word) == 1 for word in given))
    bounds: list[tuple[int, int]] = []
    end = 0
    for word in given:
        begin = end + (1 if spaced and bounds else 0)
        end = begin + len(word)
        bounds.append((begin, end))
    return (" " if spaced else "").join(given), tuple(bounds)


def _has_genitive(text: str, first: int, last: int) -> bool:
    """Whether a word ends with an apostrophe and an s, and has other characters before them."""
    return last - first > 2 and text[last - 1] in GENITIVE and text[last - 2] in APOSTROPHES


def _is_sign(character: str) -> bool:
    """Whether a character is punctuation or a symbol; combining marks and vowel signs belong to their word."""
    return unicodedata.category(character)[0] in "PS"
