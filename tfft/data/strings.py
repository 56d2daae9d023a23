"""Texts that are already in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfft.core.errors import DataError
from tfft.core.image_files import is_image
from tfft.core.specs import Text
from tfft.data.walking import SUFFIXES


def are_texts(values: Any) -> bool:
    """Whether values are texts or pairs of them, by the first one.

    Args:
        values: An array, or anything else.

    Returns:
        True for strings that are no paths of pictures, and for tuples, lists or rows of two strings.

    Example:
        >>> are_texts(["a film"]), are_texts([("who?", "me")]), are_texts(np.zeros((2, 8, 8, 3))), are_texts("a film")
        (True, True, False, False)
    """
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__") or not hasattr(values, "__getitem__"):
        return False
    first = _strings(_plain(values)[0]) if len(values) else None
    return first is not None and not first[0].lower().endswith(SUFFIXES)


def as_texts(values: Sequence[Any]) -> list[Text]:
    """Texts, or pairs of them, as examples.

    Args:
        values: n of them, or an array of shape (n,) or (n, 2).

    Returns:
        A Text for each.

    Raises:
        DataError: When one is no text, or only some are pairs.

    Example:
        >>> as_texts(np.array([["who?", "me"]]))
        [Text(first='who?', second='me')]
    """
    plain = _plain(values)
    count, found = len(_strings(plain[0]) or ()), []
    for index, value in enumerate(plain):
        strings = _strings(value)
        if strings is None or len(strings) != count:
            raise DataError(
                f"Input {index} is no text like the first one.",
                repr(value)[:60],
                "Pass one string for each example, or two for each.",
            )
        found.append(Text(*strings))
    return found


def is_encoded_text(content: bytes) -> bool:
    r"""Whether bytes are a text and no picture.

    Args:
        content: Of an example.

    Returns:
        True for UTF-8 that Pillow does not know as a picture.

    Example:
        >>> is_encoded_text("好看".encode()), is_encoded_text(b"\xff\xd8\xff")
        (True, False)
    """
    if is_image(content):
        return False
    try:
        return bool(content.decode().strip())
    except UnicodeDecodeError:
        return False


def _plain(values: Any) -> Any:
    """Values by position; pandas would look integers up in its index."""
    return values.to_numpy(object) if hasattr(values, "to_numpy") else values


def _strings(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (str(value),)
    several = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim == 1)
    if several and len(value) == 2 and all(isinstance(part, str) for part in value):
        return tuple(str(part) for part in value)
    return None
