"""JSON from elsewhere, read within limits: every bad document ends in one error of ours, never in a foreign one.

::

    strict_json.read(line, "Line 3 of 'photos.jsonl'")
    strict_json.read_file(folder / "manifest.json", "'flowers.tfft', manifest.json", BundleError)
"""

import json
import math
import re
import stat
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from tfft.core import limits
from tfft.core.errors import DataError, TfftError

# possessive, and to the end of the text where the quotation mark is missing: never more than one pass
_STRING = re.compile(r'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_SHOWN = 80


def read(
    content: str | bytes, what: str, error: type[TfftError] = DataError, fix: str = "Repair it.", nan: bool = False
) -> Any:
    """The values of one JSON document.

    Stricter than ``json.loads``: bytes, depth and number of values are limited (``json_...`` of ``core.limits``), and a key that
    stands twice, ``NaN``, ``Infinity``, a number beyond float64 and half of a surrogate pair are errors.

    Args:
        content: Text, or its bytes in UTF-8.
        what: The file or line, for the message.
        error: The class of the error to raise.
        fix: One sentence: what to do about a document that is no JSON.
        nan: Whether ``NaN``, ``Infinity`` and ``-Infinity`` are allowed, which Python writes for metrics without a value.

    Returns:
        Dictionaries, lists, text, numbers, truth values and None.

    Raises:
        TfftError: An instance of ``error``.

    Example:
        >>> read('{"label": "bees"}', "Line 1 of 'a.jsonl'")
        {'label': 'bees'}
        >>> read('{"label": "bees", "label": "ants"}', "Line 1 of 'a.jsonl'")
        Traceback (most recent call last):
        tfft.core.errors.DataError: Line 1 of 'a.jsonl' is not valid JSON: the key 'label' stands twice. Got: '{"label": "bees", \
"label": "ants"}'. Repair it.
    """
    limits.check("json_bytes", len(content), what, error)
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        limits.check("json_values", _count(text), what, error)
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
    """The values of a JSON file, whose size is checked before it is read.

    Args:
        path: A regular file in UTF-8.
        what: The file, for the message.
        error: The class of the error to raise.
        fix: One sentence: what to do about a file that is no JSON.
        nan: As for ``read``.

    Returns:
        As ``read``.

    Raises:
        TfftError: An instance of ``error``; also when there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a.json").write_text('{"format": 1}')
        ...     read_file(Path(folder) / "a.json", "'a.json'")
        {'format': 1}
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise error(f"{what} is not a file.", fix=fix)
        limits.check("json_bytes", about.st_size, what, error)
        content = path.read_bytes()
    except OSError as found:
        raise error(f"{what} cannot be read: {found.strerror or found}.", fix=fix) from found
    return read(content, what, error, fix, nan)


def depth(text: str) -> int:
    """How many lists and objects stand inside each other, without parsing, which takes the stack of C.

    Args:
        text: A JSON document, whole or damaged.

    Returns:
        0 for a number or a text.

    Example:
        >>> depth('{"a": [[1], "[[[["]}')
        3
    """
    opened = text.count("[") + text.count("{")
    if opened < 2:
        return opened
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    return max(accumulate((1 if bracket in "[{" else -1 for bracket in brackets), initial=0))


def _count(text: str) -> int:
    """At most how many values there are: three characters of JSON may take 64 bytes of memory."""
    found = 0
    for counted in (lambda: text, lambda: _STRING.sub("", text)):
        found = sum(counted().count(mark) for mark in ",[{")
        if found <= limits.highest("json_values"):
            break
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key in values if counts[key] > 1)
        raise ValueError(f"the key {twice[:_SHOWN]!r} stands twice")
    return values


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:_SHOWN]} is too large")
    return number


def _whole(digits: str) -> int:
    if len(digits) > 300:  # such as no float64 holds; Python itself refuses 4,300 digits, in words of its own
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _refuse_halves(values: Any) -> None:
    for text in _texts(values):
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError(f"the text {text[:_SHOWN]!r} holds half of a surrogate pair, such as half an emoji")


def _texts(values: Any) -> Iterator[str]:
    """Each text and key; the depth is known to be small."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value)
    elif isinstance(values, dict):
        yield from values
        for value in values.values():
            yield from _texts(value)
