"""Pack token ids of texts and text pairs into rows with special tokens, cut to a length."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfft.core.ragged import Ragged

Parts = tuple[np.ndarray, np.ndarray]


class Packed(NamedTuple):
    """Texts as token ids.

    Attributes:
        rows: One int32 array of shape (tokens, 2) per text: the ids, and 0 for the first text or 1 for the second text of a pair.
        whole: The number of tokens in each text before it was cut, with special tokens, shape (n,).
        unknown: The number of tokens in each text that are not in the vocabulary, shape (n,).
        owner: The text of each row, int64, shape (rows,), when a long text has several; None when each text has one row.
        cut_words: With ``owner``, the number of words that lose their end, because a word has more tokens than a row.
        cut_questions: With ``owner``, whether each question loses its end, because it takes more than half of a row, shape (n,);
            None when there are no questions.
    """

    rows: Ragged
    whole: np.ndarray
    unknown: np.ndarray
    owner: np.ndarray | None = None
    cut_words: int = 0
    cut_questions: np.ndarray | None = None

    def statistics(self, limit: int) -> dict[str, float]:
        """Summarise how long the texts are, and how much of them is lost; with ``owner`` also the number of ``rows``.

        Args:
            limit: The maximum number of tokens in a row.

        Returns:
            ``median``, ``p95``, ``longest`` and ``limit`` in tokens; ``truncated``, the share of texts that were cut; and
            ``unknown``, the share of their tokens that are not in the vocabulary. ``cut_words`` and ``cut_questions`` when some
            lose their end.
        """
        cut_questions = 0 if self.cut_questions is None else int(self.cut_questions.sum())
        return {
            "median": float(np.median(self.whole)),
            "p95": float(np.percentile(self.whole, 95)),
            "longest": int(self.whole.max()),
            "limit": int(limit),
            "truncated": float((self.whole > limit).mean()) if self.owner is None else 0.0,
            "unknown": float(self.unknown.sum() / self.whole.sum()),
            **({} if self.owner is None else {"rows": len(self.rows)}),
            **({"cut_words": self.cut_words} if self.cut_words else {}),
            **({"cut_questions": cut_questions} if cut_questions else {}),
        }


def packed(columns: Sequence[Parts], length: int, made: Any, separators: int) -> Packed:
    """Make rows of ``[start] first [end]`` or ``[start] first [end] second [end]``.

    Args:
        columns: The first texts, and for pairs also the second texts: ids end to end, shape (tokens,), and the number of ids for
            each text, shape (n,).
        length: The maximum number of tokens in a row. The end of a longer text is cut; in a pair, the longer text is cut first.
        made: A tokenizer with ``start_token_id``, ``end_token_id`` and ``unk_token_id``.
        separators: The number of end tokens between the texts of a pair.

    Returns:
        A Packed with one row for each text or pair.

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
    """The number of tokens to keep of each text: half of the room for each text of a pair, plus the room that the other leaves."""
    if len(counts) == 1:
        return [np.minimum(counts[0], room)]
    first = np.minimum(counts[0], np.maximum(room - room // 2, room - counts[1]))
    return [first, np.minimum(counts[1], room - first)]


def _places(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """``begin, begin + 1, ...`` with ``count`` numbers for each text, end to end."""
    before = np.cumsum(counts) - counts
    return np.repeat(begins - before, counts) + np.arange(int(counts.sum()))


def _occurrences(ids: np.ndarray, counts: np.ndarray, wanted: int) -> np.ndarray:
    """The number of times that an id occurs in each text."""
    sums = np.concatenate([[0], np.cumsum(ids == wanted)])
    ends = np.cumsum(counts)
    return np.asarray(sums[ends] - sums[ends - counts])
