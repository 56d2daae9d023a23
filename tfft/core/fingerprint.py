"""Stable hashes of values, arrays and weights. They identify what a run, a bundle or a cache was made from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core.errors import TfftError

_DIGEST_BYTES = 16
_PIECE_BYTES = 2**20


def digest(content: bytes | np.ndarray) -> str:
    """Hash raw bytes, or the dtype, shape and values of an array.

    Args:
        content: Bytes, or an array of any shape and dtype.

    Returns:
        32 hexadecimal digits (BLAKE2b, 16 bytes).

    Example:
        >>> digest(np.zeros(2)) == digest(np.zeros(2)), digest(np.zeros(2)) == digest(np.zeros((2, 1)))
        (True, False)
    """
    state = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    if isinstance(content, np.ndarray):
        state.update(f"{content.dtype.str}{content.shape}".encode())
        # view as bytes: memoryview does not support bfloat16, and -0.0 must differ from 0.0
        state.update(np.ascontiguousarray(content).reshape(-1).view(np.uint8).data)
    else:
        state.update(content)
    return state.hexdigest()


def digest_of_file(path: str | Path) -> str:
    """Hash the bytes of a file, which is read in pieces.

    Args:
        path: The path of the file.

    Returns:
        The same as ``digest`` of its bytes.

    Raises:
        OSError: When the file cannot be read.
    """
    state = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with open(path, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            state.update(piece)
    return state.hexdigest()


def fingerprint(value: Any) -> str:
    """Hash a JSON value, independent of the order of dict keys.

    Args:
        value: None, a bool, int, float or str, or lists, tuples and dicts of them.

    Returns:
        32 hexadecimal digits.

    Raises:
        TfftError: When the value contains something that is not a JSON value.

    Example:
        >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        True
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TfftError(
            f"This value cannot be hashed: {error}.", repr(value)[:200], "Use plain JSON values."
        ) from error
    return digest(text.encode())


def weight_digests(variables: Iterable[Any]) -> list[str]:
    """Hash each variable, one at a time, so that a large net is never copied as a whole.

    Args:
        variables: Keras variables of any shape and dtype, or other objects with a method ``numpy``.

    Returns:
        One hash for each variable, in the given order.

    Example:
        >>> import keras
        >>> kernel = keras.Variable(np.ones((2, 3)))
        >>> before = weight_digests([kernel])
        >>> _ = kernel.assign(np.nextafter(np.ones((2, 3), "float32"), 2))  # the smallest step in float32
        >>> weight_digests([kernel]) == before
        False
    """
    return [digest(np.asarray(variable.numpy())) for variable in variables]


def combined(digests: Iterable[str] | Mapping[str, str]) -> str:
    """Combine many hashes into one.

    Args:
        digests: Hashes in a meaningful order, or by name.

    Returns:
        32 hexadecimal digits.

    Example:
        >>> combined(["a1", "b2"]) == combined(["b2", "a1"])
        False
        >>> combined({"train": "a1", "test": "b2"}) == combined({"test": "b2", "train": "a1"})
        True
    """
    return fingerprint(dict(digests) if isinstance(digests, Mapping) else list(digests))
