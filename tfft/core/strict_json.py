"""Read JSON from other people within limits. Every invalid document raises an error of tfft, never one of a library.

::

    strict_json.read(line, "Line 3 of 'photos.jsonl'")
    strict_json.read_file(folder / "manifest.json", "'flowers.tfft', manifest.json", BundleError)
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from tfft.core import limits, regular_files
from tfft.core.errors import DataError, TfftError

# possessive, and up to the end of the text when the closing quotation mark is missing, so that it needs only one pass
_STRING = re.compile(r'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_SHOWN = 80


def read(
    content: str | bytes, what: str, error: type[TfftError] = DataError, fix: str = "Repair it.", nan: bool = False
) -> Any:
    """Read one JSON document.

    Stricter than ``json.loads``: the number of bytes, levels and values is limited (``json_...`` of ``core.limits``). Duplicate
    keys, ``NaN``, ``Infinity``, numbers beyond float64 and lone surrogates are errors.

    Args:
        content: A string, or UTF-8 bytes.
        what: The name of the file or line in messages.
        error: The exception class to raise.
        fix: One sentence that says what to do about invalid JSON.
        nan: Whether to allow ``NaN``, ``Infinity`` and ``-Infinity``, which Python writes for undefined metrics.

    Returns:
        Dictionaries, lists, strings, numbers, booleans and None.

    Raises:
        TfftError: An instance of ``error``, when the document is invalid or exceeds a limit.

    Example:
        >>> read('{"label": "bees"}', "Line 1 of 'a.jsonl'")
        {'label': 'bees'}
        >>> read('{"label": "bees", "label": "ants"}', "Line 1 of 'a.jsonl'")
        Traceback (most recent call last):
        tfft.core.errors.DataError: Line 1 of 'a.jsonl' is not valid JSON: the key 'label' appears twice. Got: '{"label": "bees", \
"label": "ants"}'. Repair it.
    """
    limits.check("json_bytes", len(content), what, error)
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        limits.check("json_values", count(text), what, error)
        limits.check("json_depth", depth(text), what, error)
        values = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=float if nan else _no_number,
            parse_float=float if nan else _finite,
            parse_int=_whole,
        )
        if _HALF.search(text):
            _refuse_halves(values)
    except (ValueError, RecursionError) as found:
        if isinstance(found, TfftError):
            raise
        reason = "it is not UTF-8" if isinstance(found, UnicodeDecodeError) else str(found).partition(": line ")[0]
        raise error(f"{what} is not valid JSON: {reason}.", repr(content[:_SHOWN].strip()), fix) from None
    return values


def read_file(
    path: Path, what: str, error: type[TfftError] = DataError, fix: str = "Repair it.", nan: bool = False
) -> Any:
    """Read a JSON file after checking its size.

    Args:
        path: The path of a regular file in UTF-8.
        what: The name of the file in messages.
        error: The exception class to raise.
        fix: One sentence that says what to do about invalid JSON.
        nan: Whether to allow ``NaN`` and ``Infinity``, as in ``read``.

    Returns:
        The same as ``read``.

    Raises:
        TfftError: An instance of ``error``, when the file does not exist, is invalid or exceeds a limit.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a.json").write_text('{"format": 1}')
        ...     read_file(Path(folder) / "a.json", "'a.json'")
        {'format': 1}
    """
    try:
        content = regular_files.read(path, "json_bytes", what, error)
    except OSError as found:
        raise error(f"{what} cannot be read: {found.strerror or found}.", fix=fix) from found
    return read(content, what, error, fix, nan)


def depth(text: str) -> int:
    """Count how deep lists and objects are nested. The text is not parsed, because parsing deep nesting can overflow the C stack.

    Args:
        text: A JSON document; it may be damaged.

    Returns:
        The depth; 0 for a number or a string.

    Example:
        >>> depth('{"a": [[1], "[[[["]}')
        3
    """
    opened = text.count("[") + text.count("{")
    if opened < 2:
        return opened
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    return max(accumulate((1 if bracket in "[{" else -1 for bracket in brackets), initial=0))


def count(text: str, most: int | None = None) -> int:
    """Count the values in a JSON document before it is parsed, because three characters of JSON can take 64 bytes of memory.

    Args:
        text: The document.
        most: The number that is allowed; up to it, a fast count will do. None for the limit ``json_values``.

    Returns:
        An upper bound for the number of values; above ``most``, commas in strings are not counted.

    Example:
        >>> count('{"a": [1, 2]}'), count('["a, b, c"]')
        (3, 3)
    """
    found = 0
    for counted in (lambda: text, lambda: _STRING.sub("", text)):
        found = sum(counted().count(mark) for mark in ",[{")
        if found <= (limits.highest("json_values") if most is None else most):
            break
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key in values if counts[key] > 1)
        raise ValueError(f"the key {twice[:_SHOWN]!r} appears twice")
    return values


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a valid JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:_SHOWN]} is too large")
    return number


def _whole(digits: str) -> int:
    if len(digits) > 300:  # more digits than any float64 has; Python refuses only from 4,300 digits on
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _refuse_halves(values: Any) -> None:
    for text in _texts(values):
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError(f"the text {text[:_SHOWN]!r} contains half of a surrogate pair, such as half an emoji")


def _texts(values: Any) -> Iterator[str]:
    """Yield each string and key; the depth is already known to be small."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value)
    elif isinstance(values, dict):
        yield from values
        for value in values.values():
            yield from _texts(value)
