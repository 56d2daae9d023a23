"""Text for a terminal: what comes from elsewhere cannot move the cursor, change colours, or turn letters around."""

import unicodedata

# joiners are letters of Persian and parts of emoji; the others are signs of Arabic and Syriac that are seen
_SEEN = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def plain(text: object, lines: bool = False) -> str:
    r"""Text without characters that a terminal obeys.

    Control characters, marks of direction (of which U+202E shows ``gpj.exe`` as ``exe.jpg``), invisible characters, and halves of
    surrogate pairs are written as JSON writes them, so that a JSON document stays the same document.

    Args:
        text: Anything; its ``str`` is taken.
        lines: Whether new lines and tabs stay, which is for text of several lines, not for a name.

    Returns:
        The text on one line, or on as many as it had.

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
