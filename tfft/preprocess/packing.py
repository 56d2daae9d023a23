"""Token ids of texts and pairs of texts -> rows with special tokens around and between, cut to a length."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfft.core.ragged import Ragged

Parts = tuple[np.ndarray, np.ndarray]


class Packed(NamedTuple):
    """Texts as token ids.

    Attributes:
        rows: int32, shape (tokens, 2) each: ids, and of a pair 0 for the first text and 1 for the second.
        whole: Tokens of each text before it was cut, special ones included, shape (n,).
        unknown: Tokens of each text that the vocabulary does not have, shape (n,).
    """

    rows: Ragged
    whole: np.ndarray
    unknown: np.ndarray

    def statistics(self, limit: int) -> dict[str, float]:
        """How long the texts are, and what of them is lost.

        Args:
            limit: Most tokens of a row.

        Returns:
            ``median``, ``p95``, ``longest`` and ``limit`` in tokens; ``truncated``, the share of texts that were cut, and
            ``unknown``, the share of their tokens that the vocabulary does not have.
        """
        return {
            "median": float(np.median(self.whole)),
            "p95": float(np.percentile(self.whole, 95)),
            "longest": int(self.whole.max()),
            "limit": int(limit),
            "truncated": float((self.whole > limit).mean()),
            "unknown": float(self.unknown.sum() / self.whole.sum()),
        }


def packed(columns: Sequence[Parts], length: int, made: Any, separators: int) -> Packed:
    """Rows of ``[start] first [end]`` or ``[start] first [end] second [end]``.

    Args:
        columns: Of the first texts, and of pairs of the second ones: ids end to end, shape (tokens,), and their number for each
            text, shape (n,).
        length: Most tokens of a row; of longer texts the end is cut, of pairs that of the longer one first.
        made: Has ``start_token_id``, ``end_token_id`` and ``unk_token_id``.
        separators: How many end tokens stand between the texts of a pair.

    Returns:
        Packed, a row for each.

    Source:
        Devlin et al. 2019, section 3, https://arxiv.org/abs/1810.04805: ``[CLS] first [SEP] second [SEP]``.

    Example:
        >>> from types import SimpleNamespace
        >>> made = SimpleNamespace(start_token_id=1, end_token_id=2, unk_token_id=-1)
        >>> how, far = (np.array([7, 8, 9]), np.array([3])), (np.array([5]), np.array([1]))
        >>> packed([how, far], 16, made, 1).rows[0].tolist()
        [[1, 0], [7, 0], [8, 0], [9, 0], [2, 0], [5, 1], [2, 1]]
    """
    special = 2 + separators * (len(columns) - 1)
    counts = [count for _, count in columns]
    kept = _kept(counts, length - special)
    lengths = np.sum(kept, axis=0) + special
    begins = np.cumsum(lengths) - lengths
    flat = np.zeros((int(lengths.sum()), 2), np.int32)
    flat[:, 0] = made.end_token_id
    flat[begins, 0] = made.start_token_id
    at = begins + 1
    for number, ((ids, count), some) in enumerate(zip(columns, kept, strict=True)):
        if number:
            at = at + separators
            flat[_places(at, begins + lengths - at), 1] = number
        flat[_places(at, some), 0] = ids[_places(np.cumsum(count) - count, some)]
        at = at + some
    unknown = np.sum([_occurrences(*column, made.unk_token_id) for column in columns], axis=0)
    return Packed(Ragged(flat, lengths), np.sum(counts, axis=0) + special, unknown)


def _kept(counts: Sequence[np.ndarray], room: int) -> list[np.ndarray]:
    """How many tokens of each text stay: of a pair half the room is for each, and what one leaves is for the other."""
    if len(counts) == 1:
        return [np.minimum(counts[0], room)]
    first = np.minimum(counts[0], np.maximum(room - room // 2, room - counts[1]))
    return [first, np.minimum(counts[1], room - first)]


def _places(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """``begin, begin + 1, ...`` for each, ``count`` numbers, end to end."""
    before = np.cumsum(counts) - counts
    return np.repeat(begins - before, counts) + np.arange(int(counts.sum()))


def _occurrences(ids: np.ndarray, counts: np.ndarray, wanted: int) -> np.ndarray:
    """How often an id is among those of each text."""
    sums = np.concatenate([[0], np.cumsum(ids == wanted)])
    ends = np.cumsum(counts)
    return np.asarray(sums[ends] - sums[ends - counts])
