"""Pack texts that are split into words, in overlapping windows where a text is too long, so that each word has one answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfft.core.ragged import Ragged
from tfft.tokenizers.packing import Packed, Parts

NONE = -1
"""The word of tokens that answer for no word: special tokens, later pieces of a word, and words that another window answers."""


def windows(pieces: np.ndarray, room: int, stride: int) -> list[tuple[int, int]]:
    """Divide the words of a text into windows; neighbours share words of about ``stride`` tokens.

    Args:
        pieces: The number of tokens of each word, each at most ``room``, shape (words,).
        room: The largest number of tokens in a window.
        stride: The number of tokens that two neighbours should share, in [0, room).

    Returns:
        First word and the word after the last one for each window, in order; at least one window.

    Example:
        >>> windows(np.ones(10, int), room=6, stride=2)
        [(0, 6), (4, 10)]
        >>> windows(np.array([3, 3]), room=6, stride=2), windows(np.ones(0, int), room=6, stride=2)
        ([(0, 2)], [(0, 0)])
    """
    ends = np.concatenate([[0], np.cumsum(pieces)])
    found, begin = [], 0
    while True:
        end = int(np.searchsorted(ends, ends[begin] + room, side="right")) - 1
        found.append((begin, end))
        if end >= len(pieces):
            return found
        # at least one word further than this window, so that the loop ends
        begin = max(begin + 1, int(np.searchsorted(ends, ends[end] - stride, side="left")))


def packed_words(words: Parts, lengths: Sequence[int], length: int, made: Any, stride: int) -> Packed:
    """Make rows of ``[start] words [end]``; the third column names the word that a token answers for.

    The first piece of a word answers for it, as in BERT. A word in two windows is answered by that in which it is farther from
    the border.

    Args:
        words: The ids of all words of all texts end to end, shape (tokens,), and the number of ids for each word.
        lengths: The number of words in each text.
        length: The maximum number of tokens in a row.
        made: A tokenizer with ``start_token_id``, ``end_token_id`` and ``unk_token_id``.
        stride: As for ``windows``; more than half of a row counts as half, so that the number of rows stays small.

    Returns:
        A Packed with one or several rows for each text, int32 of shape (tokens, 3): ids, zeros, and the word or ``NONE``.

    Source:
        First pieces: Devlin et al. 2019, section 5.3. Windows: section 4.2 of Google's BERT repository ("doc stride").

    Example:
        >>> from types import SimpleNamespace
        >>> made = SimpleNamespace(start_token_id=1, end_token_id=2, unk_token_id=0)
        >>> found = packed_words((np.array([7, 8, 9]), np.array([2, 1])), [2], 16, made, 4)
        >>> found.rows[0].tolist()
        [[1, 0, -1], [7, 0, 0], [8, 0, -1], [9, 0, 1], [2, 0, -1]]
    """
    ids, counts = _with_a_token(*words, made)
    room = length - 2
    begins = np.cumsum(counts) - counts
    kept = np.minimum(counts, room)
    rows, owner, whole, unknown = [], [], [], []
    first = done = 0
    for text, number in enumerate(lengths):
        own = slice(first, first + number)
        found = windows(kept[own], room, min(stride, room // 2))
        for place, (begin, end) in enumerate(found):
            answers = _answered(found, place)
            rows.append(_row(ids, begins[own][begin:end], kept[own][begin:end], begin, answers, made))
            owner.append(text)
        tokens = int(counts[own].sum())
        whole.append(tokens + 2)
        unknown.append(int((ids[done : done + tokens] == made.unk_token_id).sum()))
        first, done = first + number, done + tokens
    empty = np.zeros((0, 3), np.int32)
    counted = [np.array(each, np.int64) for each in (whole, unknown, owner)]
    return Packed(Ragged.of(rows, like=empty), counted[0], counted[1], counted[2], int((counts > room).sum()))


def _with_a_token(ids: np.ndarray, counts: np.ndarray, made: Any) -> tuple[np.ndarray, np.ndarray]:
    """Give words without tokens, such as control characters, the unknown token, or the end token, so that they have an answer."""
    empty = counts == 0
    if not empty.any():
        return ids, counts
    stands_in = made.unk_token_id if made.unk_token_id >= 0 else made.end_token_id
    return np.insert(ids, (np.cumsum(counts) - counts)[empty], stands_in), np.where(empty, 1, counts)


def _answered(found: Sequence[tuple[int, int]], place: int) -> tuple[int, int]:
    """The words for which a window answers: up to the middle of what it shares with its neighbours."""
    begin, end = found[place]
    if place:
        begin = (begin + found[place - 1][1] + 1) // 2
    if place + 1 < len(found):
        end = (found[place + 1][0] + end + 1) // 2
    return begin, end


def _row(
    ids: np.ndarray, begins: np.ndarray, counts: np.ndarray, first: int, answers: tuple[int, int], made: Any
) -> np.ndarray:
    row = np.zeros((int(counts.sum()) + 2, 3), np.int32)
    row[:, 2] = NONE
    row[0, 0], row[-1, 0] = made.start_token_id, made.end_token_id
    places = np.cumsum(counts) - counts
    row[1:-1, 0] = ids[np.repeat(begins - places, counts) + np.arange(int(counts.sum()))]
    numbers = first + np.arange(len(counts))
    own = (numbers >= answers[0]) & (numbers < answers[1])
    row[1 + places[own], 2] = numbers[own]
    return row
