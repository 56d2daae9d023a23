"""Make text from files safe for a terminal: it cannot move the cursor, change colours, or reverse letters."""

import unicodedata

# joiners belong to Persian letters and emoji; the others are visible signs of Arabic and Syriac
_SEEN = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def plain(text: object, lines: bool = False) -> str:
    r"""Return text without the characters that control a terminal.

    Control characters, direction marks (U+202E shows ``gpj.exe`` as ``exe.jpg``), invisible characters, and halves of surrogate
    pairs are escaped as in JSON, so that a JSON document keeps its meaning.

    Args:
        text: Any object; its ``str`` is used.
        lines: Whether to keep line breaks and tabs. Use it for text of several lines, not for names.

    Returns:
        One line of text; with ``lines``, as many lines as before.

    Example:
        >>> plain("bees\x1b[31m\n"), plain("a\nb", lines=True)
        ('bees\\u001b[31m\\u000a', 'a\nb')
    """
    found = str(text)
    if found.isprintable():
        return found
    kept = _SEEN | {"\n", "\t"} if lines else _SEEN
    return "".join(letter if letter in kept or _is_seen(letter) else _written(letter) for letter in found)


def _is_seen(letter: str) -> bool:
    return letter.isprintable() or unicodedata.category(letter) not in _HIDDEN


def _written(letter: str) -> str:
    code = ord(letter)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
