"""Read an input and hash its content, so that rows of an older version of a file are never used for the new one."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfft.core import regular_files
from tfft.core.errors import DataError
from tfft.core.fingerprint import combined, digest
from tfft.core.specs import Text
from tfft.data.examples import Examples


def opened(item: Any) -> tuple[Any, str]:
    """Read one input and hash its content.

    Args:
        item: A path, encoded bytes, an array of shape (height, width[, channels]), or a text; or a dict of several such inputs.

    Returns:
        The bytes of a file, or any other input unchanged. Then the hash of the bytes, of the array's dtype, shape and values,
        or of the text. For a dict, a dict of the inputs, and a hash of all names and contents.

    Raises:
        OSError: When a file cannot be read.
        DataError: When the file is larger than the limit ``input_bytes``.
        UnicodeEncodeError: When a text holds a lone surrogate, which is half a character.

    Example:
        >>> opened(b"some bytes")[0], opened(Text("a"))[1] == opened(Text("a", "b"))[1]
        (b'some bytes', False)
    """
    if isinstance(item, Mapping):
        found = {name: opened(item[name]) for name in sorted(item)}
        contents = {name: content for name, (content, _) in found.items()}
        return contents, combined({name: content_hash for name, (_, content_hash) in found.items()})
    if isinstance(item, Text):
        parts: list[Any] = [item.first, item.second]
        return item, digest(
            json.dumps(parts if item.words is None else [*parts, item.words], ensure_ascii=False).encode()
        )
    if isinstance(item, np.ndarray):
        return item, digest(item)
    content = regular_files.read(item) if isinstance(item, str) else bytes(item)
    return content, digest(content)


def unchanged(examples: Examples, index: int) -> Any:
    """Read one input, and check that its content has not changed since its hash was computed.

    Args:
        examples: Examples with the hashes that were computed when the data was read.
        index: The position of the example, in [0, n).

    Returns:
        The bytes of a file; an array of shape (height, width[, channels]) or a text, unchanged; or the path of a file that
        cannot be read.

    Raises:
        DataError: When the content has changed.
    """
    item = examples.inputs[index]
    try:
        content, found = opened(item)
    except OSError:
        return item  # the decoder raises an error that says what is wrong
    if found != examples.digests[index]:
        raise DataError(
            f"{examples.name(index)} has changed since the data was read.",
            fix="Read the data again, and build and train with that.",
        )
    return content
