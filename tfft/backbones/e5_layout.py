"""The sizes at the beginning of the file of multilingual-e5-small, and a reader that never passes the end of a file."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import limits, regular_files
from tfft.core.errors import WeightsError

_START, _SIZES = "4sI", "7i"
BLOCK = 32
"""Numbers that share one scale."""
HEAD_BYTES = 64
"""The sizes are within this many bytes."""
_AGAIN = "Install the package again, with pip install --force-reinstall --no-deps."


@dataclass(frozen=True)
class Sizes:
    """The sizes of the net in a file.

    Attributes:
        width: The number of features of a token; the net gives features of shape (batch, tokens, width).
        layers: The number of transformer layers.
        heads: The number of attention heads in a layer.
        inner: The width inside a layer.
        rows: The number of token vectors.
        positions: The number of position vectors, which is the maximum number of tokens in a text.
        types: The number of token types.
        epsilon: The epsilon of the layer norms.
    """

    width: int
    layers: int
    heads: int
    inner: int
    rows: int
    positions: int
    types: int
    epsilon: float

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each tensor by name; matrices are (outputs, inputs)."""
        width, inner = self.width, self.inner
        norm = {"w": (width,), "b": (width,)}
        found: dict[str, tuple[int, ...]] = {
            "emb.word": (self.rows, width),
            "emb.pos": (self.positions, width),
            "emb.type": (self.types, width),
            **{f"emb.ln.{end}": shape for end, shape in norm.items()},
        }
        sides = {"q": (width, width), "k": (width, width), "v": (width, width), "ao": (width, width)}
        sides |= {"fi": (inner, width), "fo": (width, inner)}
        for layer in range(self.layers):
            for part, (outputs, inputs) in sides.items():
                found |= {f"l{layer}.{part}.w": (outputs, inputs), f"l{layer}.{part}.b": (outputs,)}
            found |= {f"l{layer}.{part}.{end}": shape for part in ("aln", "oln") for end, shape in norm.items()}
        return found


class Cursor:
    """Reads values from bytes one after the other, and never past the end.

    Args:
        content: The bytes of a file, or of a part of it.
        shown: The name of the file in messages.

    Attributes:
        at: The position of the next byte.
    """

    def __init__(self, content: bytes, shown: str) -> None:
        self.content, self.shown, self.at = content, shown, 0

    def take(self, size: int) -> bytes:
        """Read bytes.

        Args:
            size: How many.

        Returns:
            As many bytes.

        Raises:
            WeightsError: When there are fewer.
        """
        if not 0 <= size <= len(self.content) - self.at:
            raise damaged(self.shown, f"{size:,} bytes wanted at {self.at:,} of {len(self.content):,}")
        self.at += size
        return self.content[self.at - size : self.at]

    def values(self, layout: str) -> tuple[Any, ...]:
        """Read numbers.

        Args:
            layout: As for ``struct``; little-endian.

        Returns:
            The numbers.

        Raises:
            WeightsError: When the file ends before.
        """
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))

    def array(self, dtype: str, count: int) -> np.ndarray:
        """Read numbers of one type.

        Args:
            dtype: Such as ``"<f4"``.
            count: How many.

        Returns:
            An array of shape (count,).

        Raises:
            WeightsError: When the file ends before.
        """
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype)


def content_of(path: str | Path, most: int | None = None) -> bytes:
    """Read a file.

    Args:
        path: The path of the file.
        most: How many bytes to read at most; None for all.

    Returns:
        Its bytes.

    Raises:
        WeightsError: When it cannot be read, or is larger than the limit ``model_file_bytes``.
    """
    try:
        size = regular_files.check(path, "model_file_bytes", error=WeightsError)
        with open(path, "rb") as file:
            return file.read(size if most is None else most)
    except OSError as error:
        raise WeightsError(f"{str(path)!r} cannot be read: {error.strerror or error}.", fix=_AGAIN) from None


def sizes_in(cursor: Cursor) -> Sizes:
    """Read and check the sizes of the net.

    Args:
        cursor: At the beginning of the file.

    Returns:
        Sizes; the net has features of shape (batch, tokens, width).

    Raises:
        WeightsError: When it is not such a file, or a size is impossible or above a limit.
    """
    magic, version = cursor.values(_START)
    if magic != b"E5S1" or version != 1:
        raise damaged(cursor.shown, f"it begins with {magic!r} and version {version}, not b'E5S1' and 1")
    numbers = cursor.values(_SIZES)
    epsilon, block = cursor.values("fi")
    found = Sizes(*(*numbers, epsilon))
    if min(numbers) < 1 or block != BLOCK or not 0 < epsilon < 1:
        raise damaged(cursor.shown, f"sizes {numbers}, epsilon {epsilon}, blocks of {block}")
    if found.width % BLOCK or found.inner % BLOCK or found.width % found.heads:
        raise damaged(cursor.shown, f"width {found.width}, inner width {found.inner}, {found.heads} heads")
    for name, number in (
        ("backbone_layers", found.layers),
        ("vocabulary_tokens", found.rows),
        ("text_tokens", found.positions),
    ):
        limits.check(name, number, cursor.shown, WeightsError)
    largest = max(found.rows, found.positions, found.types, found.inner, found.width) * found.width
    limits.check("backbone_values", largest, cursor.shown, WeightsError)
    return found


def damaged(shown: str, got: str) -> WeightsError:
    """Make the error of a damaged file.

    Args:
        shown: The name of the file.
        got: What is wrong.

    Returns:
        The error, to be raised.
    """
    return WeightsError(f"{shown} is damaged, or of another version of its package.", got, _AGAIN)
