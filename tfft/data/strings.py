"""Recognise texts in memory, and convert them to ``Text``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfft.core.errors import DataError, kind_of, quantity
from tfft.core.specs import Text
from tfft.data.files.file_listing import SUFFIXES
from tfft.images.image_files import is_image

_SHOWN = 60
_ENOUGH, _MANY, _FEW = 10, 0.8, 0.25
"""From this many examples on, labels and texts are swapped if most labels differ, and few texts do (shares of all examples)."""


def text_of(value: Any) -> Text | None:
    """Convert a string, or a pair of strings, to ``Text``.

    Args:
        value: Any value; a pair is a tuple, a list, or an array of shape (2,).

    Returns:
        The ``Text``; None when the value is neither a ``Text``, nor a string, nor a pair of strings.

    Example:
        >>> text_of("a film"), text_of(["who?", "me"]), text_of(["who?", 1])
        (Text(first='a film', second=None), Text(first='who?', second='me'), None)
    """
    if isinstance(value, Text):
        return value
    if isinstance(value, str):
        return Text(str(value))
    several = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim == 1)
    if several and len(value) == 2 and all(isinstance(part, str) for part in value):
        return Text(str(value[0]), str(value[1]))
    return None


def are_texts(values: Any) -> bool:
    """Return whether values are texts or pairs of texts; raise when only some values are.

    Args:
        values: An array of any shape, or any other value.

    Returns:
        True for strings, and for tuples, lists or rows of two strings.

    Raises:
        DataError: When some values are texts and others are not, or when most of them are image paths.

    Example:
        >>> are_texts(["a film"]), are_texts([("who?", "me")]), are_texts(np.zeros((2, 8, 8, 3))), are_texts("a film")
        (True, True, False, False)
    """
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__") or not hasattr(values, "__getitem__"):
        return False
    plain = _plain(values)
    # other sequences may hold images that are read one by one; a text among them is found when it is read
    whole = isinstance(plain, (list, tuple)) or (isinstance(plain, np.ndarray) and plain.dtype.kind in "OUS")
    if not len(values) or not (whole or _plain_text(plain[0])):
        return False
    found = {row: text for row, value in enumerate(plain) if (text := _plain_text(value)) is not None}
    if not found:
        return False
    if len(found) < len(plain):
        other, first = next(row for row in range(len(plain)) if row not in found), min(found)
        raise DataError(
            f"Inputs must all be texts, or all be images; input {first} is a text, and input {other} is not.",
            f"{found[first].first[:_SHOWN]!r} and {kind_of(plain[other])}",
            "Pass one string for each example, or two for each; or one array for each.",
        )
    refuse_paths([text.first for text in found.values()])
    return True


def refuse_paths(
    texts: Sequence[str], fix: str = "For paths use from_folder, or from_dataframe with a column of paths."
) -> None:
    """Raise when most texts end like names of image files; a few may, such as "see logo.png".

    Args:
        texts: The texts.
        fix: The advice of the error.

    Raises:
        DataError: When more than half of the texts are such names.

    Example:
        >>> refuse_paths(["a film", "see logo.png"])
    """
    paths = [row for row, text in enumerate(texts) if text.lower().endswith(SUFFIXES)]
    if 2 * len(paths) > len(texts):
        other = next((row for row in range(len(texts)) if row not in set(paths)), None)
        raise DataError(
            f"{len(paths)} of {len(texts)} inputs are paths of images, which are neither images nor texts."
            + ("" if other is None else f" Input {paths[0]} is one, and input {other} is not."),
            f"{texts[paths[0]][:_SHOWN]!r}" + ("" if other is None else f" and {texts[other][:_SHOWN]!r}"),
            fix,
        )


def refuse_swapped(inputs: Sequence[Any], targets: Any) -> None:
    """Raise when labels stand in place of texts, and texts in place of labels.

    Almost every label differs and the few different texts are shorter. No class could be learned from such data.

    Args:
        inputs: Raw inputs, length n; only lists of ``Text`` are checked.
        targets: Raw targets, shape (n,); only strings are checked.

    Raises:
        DataError: When they are swapped.

    Example:
        >>> films = [f"This is film number {number}." for number in range(10)]
        >>> refuse_swapped([Text(film) for film in films], ["good", "bad"] * 5)
        >>> refuse_swapped([Text("good"), Text("bad")] * 5, films)
        Traceback (most recent call last):
        tfft.core.errors.DataError: Texts and labels seem to be swapped. Got: 10 different labels and 2 different texts in 10 ...
    """
    labels = _plain(targets)
    if not isinstance(inputs, list) or len(inputs) < _ENOUGH or len(labels) != len(inputs):
        return
    if not all(isinstance(text, Text) and text.second is None for text in inputs):
        return
    if not all(isinstance(label, str) for label in labels):
        return
    named, written = {str(label) for label in labels}, {text.first for text in inputs}
    few, many = _FEW * len(inputs), _MANY * len(inputs)
    if len(named) >= many and len(written) <= few and _mean_length(named) > _mean_length(written):
        raise DataError(
            "Texts and labels seem to be swapped.",
            f"{len(named)} different labels and {quantity(len(written), 'different text')} in {len(inputs)} examples; "
            f"the first label is {str(labels[0])[:_SHOWN]!r}, and the first text is {inputs[0].first[:_SHOWN]!r}",
            "Exchange the two columns, text_column= and label_column=, or the two arguments of from_arrays.",
        )


def _mean_length(texts: set[str]) -> float:
    return sum(map(len, texts)) / len(texts)


def as_texts(values: Sequence[Any]) -> list[Text]:
    """Convert strings, or pairs of strings, to ``Text``.

    Args:
        values: n strings or pairs, or an array of shape (n,) or (n, 2).

    Returns:
        A Text for each of them.

    Raises:
        DataError: When a value is not a text, or only some values are pairs.

    Example:
        >>> as_texts(np.array([["who?", "me"]]))
        [Text(first='who?', second='me')]
    """
    plain = _plain(values)
    first, found = _plain_text(plain[0]), []
    for index, value in enumerate(plain):
        text = _plain_text(value)
        if text is None or first is None or (text.second is None) != (first.second is None):
            raise DataError(
                f"Input {index} is not like the first input: all inputs must be texts, or all must be pairs of texts.",
                repr(value)[:60],
                "Pass one string for each example, or two for each.",
            )
        found.append(text)
    return found


def is_encoded_text(content: bytes) -> bool:
    r"""Return whether bytes are a text and not an image.

    Args:
        content: The bytes of an example.

    Returns:
        True for UTF-8 that is not blank and that Pillow does not recognise as an image.

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
    """Values that are accessed by position; a pandas object would look integers up in its index."""
    return values.to_numpy(object) if hasattr(values, "to_numpy") else values


def _plain_text(value: Any) -> Text | None:
    """The ``Text`` of a string or a pair; arguments of ``from_arrays`` are not ``Text`` themselves."""
    return None if isinstance(value, Text) else text_of(value)
