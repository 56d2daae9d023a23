"""What an input holds: its bytes and their hash, so that nothing is kept under the name of what was there before."""

import json
from typing import Any

import numpy as np

from tfft.core import regular_files
from tfft.core.errors import DataError
from tfft.core.fingerprint import digest
from tfft.core.specs import Text
from tfft.data.examples import Examples


def opened(item: Any) -> tuple[Any, str]:
    """Read one input.

    Args:
        item: A path, encoded bytes, an array of shape (height, width[, channels]), or a text.

    Returns:
        The bytes of a file, anything else as it is; and a hash: of bytes, of an array's dtype, shape and values, or of a text.

    Raises:
        OSError: When a file cannot be read.
        DataError: When the file is larger than the limit ``input_bytes``.
        UnicodeEncodeError: When a text holds half a character.

    Example:
        >>> opened(b"some bytes")[0], opened(Text("a"))[1] == opened(Text("a", "b"))[1]
        (b'some bytes', False)
    """
    if isinstance(item, Text):
        return item, digest(json.dumps([item.first, item.second], ensure_ascii=False).encode())
    if isinstance(item, np.ndarray):
        return item, digest(item)
    content = regular_files.read(item) if isinstance(item, str) else bytes(item)
    return content, digest(content)


def unchanged(examples: Examples, index: int) -> Any:
    """One input, to be computed from; what is kept of it is found again by the content that it had when it was looked at.

    Args:
        examples: Whose hashes were taken when they were made.
        index: In [0, n).

    Returns:
        The bytes of a file, an array of shape (height, width[, channels]) or a text as it is; a path where there is no file.

    Raises:
        DataError: When it has changed since.
    """
    item = examples.inputs[index]
    try:
        content, found = opened(item)
    except OSError:
        return item  # whoever decodes it says what is wrong
    if found != examples.digests[index]:
        raise DataError(
            f"{examples.name(index)} has changed since the data was read.",
            fix="Read the data again, and build and train with that.",
        )
    return content
