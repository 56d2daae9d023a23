"""Pack questions with their contexts, in overlapping windows where a context is too long, with the place of each token."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfft.core.ragged import Ragged
from tfft.tokenizers.packing import Packed, Parts
from tfft.tokenizers.word_windows import windows

NOWHERE = -1
"""Begin and end of tokens outside of the context: special tokens and the question."""


class Contexts(NamedTuple):
    """Contexts as token ids.

    Attributes:
        ids: The ids of all contexts end to end, int32, shape (tokens,).
        counts: The number of ids for each context, shape (contexts,).
        places: Begin and end of each token in characters of its context, int32, shape (tokens, 2).
    """

    ids: np.ndarray
    counts: np.ndarray
    places: np.ndarray


def packed_pairs(
    questions: Parts, contexts: Contexts, chosen: Sequence[int], length: int, made: Any, stride: int
) -> Packed:
    """Make rows of ``[start] question [end] part of the context [end]``.

    Args:
        questions: The ids of all questions end to end, shape (tokens,), and the number of ids for each of the n questions.
        contexts: The contexts, each of them once.
        chosen: The position of the context of each question, n numbers.
        length: The maximum number of tokens in a row. A question loses what exceeds half of a row.
        made: A tokenizer with ``start_token_id``, ``end_token_id``, ``unk_token_id`` and ``separators``.
        stride: The number of tokens that two windows of a context share; more than half of a window counts as half.

    Returns:
        A Packed with one or several rows for each question, int32 of shape (tokens, 4): ids, 1 for the context and 0 before it, and
        begin and end in characters of the context, or ``NOWHERE``.

    Source:
        Devlin et al. 2019, section 4.2; windows as in ``run_squad.py`` of Google's BERT repository ("doc stride").

    Example:
        >>> from types import SimpleNamespace
        >>> made = SimpleNamespace(start_token_id=1, end_token_id=2, unk_token_id=0, separators=1)
        >>> contexts = Contexts(np.array([5, 6]), np.array([2]), np.array([[0, 3], [4, 7]]))
        >>> packed_pairs((np.array([8]), np.array([1])), contexts, [0], 16, made, 4).rows[0].tolist()
        [[1, 0, -1, -1], [8, 0, -1, -1], [2, 0, -1, -1], [5, 1, 0, 3], [6, 1, 4, 7], [2, 1, -1, -1]]
    """
    room = length - 2 - made.separators
    asked = np.minimum(questions[1], room // 2)
    first_of_question, first_of_context = (np.cumsum(counts) - counts for counts in (questions[1], contexts.counts))
    rows, owner, unknown = [], [], []
    for number, which in enumerate(chosen):
        own = slice(first_of_question[number], first_of_question[number] + asked[number])
        begin, count = int(first_of_context[which]), int(contexts.counts[which])
        left = room - int(asked[number])
        for first, last in windows(np.ones(count, np.int64), left, min(stride, left // 2)):
            part = slice(begin + first, begin + last)
            rows.append(_row(questions[0][own], contexts.ids[part], contexts.places[part], made))
            owner.append(number)
        unknown.append(
            sum(
                int((ids == made.unk_token_id).sum())
                for ids in (questions[0][own], contexts.ids[begin : begin + count])
            )
        )
    whole = questions[1] + contexts.counts[np.asarray(chosen, np.int64)] + 2 + made.separators
    return Packed(
        Ragged.of(rows, like=np.zeros((0, 4), np.int32)),
        whole,
        np.array(unknown, np.int64),
        np.array(owner, np.int64),
        cut_questions=questions[1] > asked,
    )


def _row(question: np.ndarray, ids: np.ndarray, places: np.ndarray, made: Any) -> np.ndarray:
    begin = 1 + len(question) + made.separators
    row = np.zeros((begin + len(ids) + 1, 4), np.int32)
    row[:, 0], row[0, 0] = made.end_token_id, made.start_token_id
    row[1 : 1 + len(question), 0], row[begin:-1, 0] = question, ids
    row[begin:, 1] = 1
    row[:, 2:] = NOWHERE
    row[begin:-1, 2:] = np.where((places[:, 1] > places[:, 0])[:, None], places, NOWHERE)
    return row
