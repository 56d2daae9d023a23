"""Extractive question answering: the part of a context that answers a question."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from tfft.core.errors import DataError, TaskError, quantity
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace, Text
from tfft.core.values import Arrays, RowLogits
from tfft.data.targets.answers import NO_ANSWER, answer_space
from tfft.heads.tokens import TokenHead
from tfft.measures import answers as measured_answers
from tfft.measures.answers import NOWHERE
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task, require_kind

BEST = 20
SHOWN = 5
_OUT = -1
_START, _END, _ELSEWHERE = 1, 2, 4
_COUNTED = 8
"""What each window that counts in ``exact`` adds to the code of the first token of these windows."""
# less than any logit that counts, and finite, so that a row without tokens that count has a finite loss
_LOW = -1e9


def question_answering(
    labels: LabelSpace | None = None, dropout: float = 0.1, stride: int = 128, answer_tokens: int = 30
) -> Task:
    """Make a task that answers a question with a part of a context: softmax cross-entropy over the tokens, for begin and end.

    A context that is longer than the backbone reads is read in overlapping windows. A window without the answer, and a question
    without an answer, have the first token as their target, before the question. A question whose answer fits into no window is
    left out of the loss, and a warning counts it.

    Args:
        labels: ``data.labels`` of kind ``"span"``, which say whether questions may have no answer; None when all have one.
        dropout: The dropout rate before the Dense layer, in [0, 1).
        stride: The number of tokens that two windows of a long context share, at least 0; more than half of a window
            counts as half.
        answer_tokens: The largest number of tokens in an answer, at least 1.

    Returns:
        A Task whose logits have shape (batch, tokens, 2): begin and end of the answer.

    Raises:
        TaskError: When the labels are of another kind, or an option is out of range.

    Example:
        >>> task = question_answering()
        >>> task.outputs, task.labels.names, list(task.measures)
        (2, ('answer',), ['f1', 'exact_match'])

    Source:
        Devlin et al. 2019, sections 4.2 and 4.3. The best 20 places, at most 30 tokens, and windows that share 128 tokens are the
        defaults of Hugging Face's ``run_qa.py``. Unlike there, padding and the question cannot be chosen, and have no probability.
    """
    space = answer_space() if labels is None else labels
    require_kind(space, "span", "question_answering")
    if space not in (answer_space(), answer_space(unanswerable=True)):
        raise TaskError(
            f"The label space of questions has other names: {space.names!r}.", fix="Pass data.labels, or None."
        )
    for name, value, least in (("stride", stride, 0), ("answer_tokens", answer_tokens, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise TaskError(
                f"{name}={value!r} must be a whole number of at least {least}.", fix="The default is common."
            )
    without = NO_ANSWER in space.names

    def merge(found: RowLogits) -> list[np.ndarray]:
        return _merged(found, answer_tokens, without)

    return Task(
        name="question_answering",
        labels=space,
        head=TokenHead(dropout),
        outputs=2,
        loss=_loss,
        metrics=_metrics,
        encode=_encoded,
        probabilities=lambda found: [_normalized(rows) for rows in found],
        decode=_decoded,
        measures=measured_answers.measures(space),
        score=lambda examples, found: measured_answers.AnswerScores(space, examples.inputs, examples.targets, found),
        options={"dropout": dropout, "stride": stride, "answer_tokens": answer_tokens},
        watched="exact",
        axes=1,
        mixable=False,
        prepare=lambda preprocessor: preprocessor.answering("places", stride),
        align=_aligned,
        doubts=lambda targets, owner: _doubts(targets, owner, answer_tokens),
        merge=merge,
    )


def _aligned(targets: Ragged, rows: Sequence[np.ndarray], owner: np.ndarray) -> Ragged:
    """For each token 0, plus 1 at the begin and 2 at the end of the answer; ``_OUT`` for tokens that cannot be chosen.

    The target of a question is its first accepted answer that fits into a window. The first token stands for "no answer in this
    window", plus ``_ELSEWHERE`` when another window has the answer. Otherwise ``_COUNTED`` times the number of such windows of the
    question is added, so that each question has the same weight in ``exact``.
    """
    found, examples = [], owner.tolist()
    met = np.zeros(len(targets), bool)
    for example, own in groupby(range(len(rows)), key=examples.__getitem__):
        windows = list(own)
        places = [
            [_tokens_of(answer, rows[index], index == windows[0], index == windows[-1]) for index in windows]
            for answer in targets[example]
        ]
        met[example] = not places or any(place is not None for answer in places for place in answer)
        chosen = next((answer for answer in places if any(answer)), [None] * len(windows))
        counted = _COUNTED * sum(place is not None or not places for place in chosen)
        for number, index in enumerate(windows):
            codes = np.where(rows[index][:, 2] != NOWHERE, 0, _OUT).astype(np.int32)
            codes[0] = 0
            first, last = chosen[number] or (0, 0)
            codes[first] += _START
            codes[last] += _END
            codes[0] += _ELSEWHERE if places and chosen[number] is None else counted
            found.append(codes)
    for row, example in zip(found, examples, strict=True):
        if not met[example]:
            row[:] = _OUT
    return Ragged.of(found, like=np.zeros(0, np.int32))


def _tokens_of(answer: np.ndarray, row: np.ndarray, begins: bool, ends: bool) -> tuple[int, int] | None:
    """The first and the last token of an answer in a window; None when the window does not hold all of it.

    An answer may begin or end with characters that are in no token, such as zero-width spaces. Nothing of it is lost when the
    window has a token on that side, or begins or ends the context there.
    """
    inside = np.flatnonzero(row[:, 2] != NOWHERE)
    own = inside[(row[inside, 2] < answer[1]) & (row[inside, 3] > answer[0])]
    if not len(own):
        return None
    first, last = int(own[0]), int(own[-1])
    whole_begin = row[first, 2] <= answer[0] or first != inside[0] or begins
    whole_end = row[last, 3] >= answer[1] or last != inside[-1] or ends
    return (first, last) if whole_begin and whole_end else None


def _doubts(targets: Ragged, owner: np.ndarray, answer_tokens: int) -> Iterator[str]:
    """Say how many questions have no loss, or an answer that is too long to be given."""
    count = int(owner.max(initial=-1)) + 1
    met, long = np.zeros(count, bool), np.zeros(count, bool)
    for codes, example in zip(targets, owner.tolist(), strict=True):
        met[example] |= bool((codes != _OUT).any())
        first, last = (int(np.argmax((codes > 0) & (codes & bit > 0))) for bit in (_START, _END))
        long[example] |= last - first >= answer_tokens
    of_all = f"of {quantity(count, 'question')}"
    if count and not met.any():
        raise DataError(
            "No answer fits into a row of tokens.",
            quantity(count, "question"),
            "Pass a larger length= with the name of the backbone.",
        )
    if not met.all():
        yield (
            f"The answers of {(~met).sum()} {of_all} fit into no row of tokens, and these questions have no loss. "
            "Pass a larger length= with the name of the backbone, or a larger stride= to the task."
        )
    if long.any():
        yield (
            f"The answers of {long.sum()} {of_all} have more than {answer_tokens} tokens, and cannot be given in full. "
            "Pass a larger answer_tokens= to the task."
        )


def _encoded(targets: Ragged, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Pad the codes of a batch to the width of its inputs, int32 of shape (batch, tokens); whether each row has a loss."""
    width = next(iter(inputs.values())).shape[1]
    codes = np.full((len(targets), width), _OUT, np.int32)
    for number, row in enumerate(targets):
        codes[number, : len(row)] = row
    return codes, (codes != _OUT).any(axis=1).astype(np.float32)


def _allowed(codes: Any, logits: Any) -> Any:
    """Logits of begin and end, float32 of shape (batch, tokens, 2), very low for tokens that cannot be chosen."""
    from keras import ops

    return ops.where(ops.expand_dims(codes, -1) >= 0, ops.cast(logits, "float32"), _LOW)


def _loss() -> Any:
    import keras
    from keras import ops

    class BeginAndEnd(keras.losses.Loss):
        """Mean of the cross-entropies of begin and end, in nats, shape (batch,)."""

        def call(self, y_true: Any, y_pred: Any) -> Any:
            logs = ops.log_softmax(_allowed(y_true, y_pred), axis=1)
            both = ops.stack([_has(y_true, _START), _has(y_true, _END)], axis=-1)
            return -ops.sum(ops.where(both, logs, 0.0), axis=(1, 2)) / 2

    return BeginAndEnd(name="begin_and_end")


def _has(codes: Any, bit: int) -> Any:
    """Whether codes have a bit, booleans of the shape of the codes."""
    from keras import ops

    whole = ops.cast(codes, "int32")
    return ops.logical_and(whole >= 0, (whole // bit) % 2 == 1)


def _metrics() -> list[Any]:
    import keras
    from keras import ops

    def exact(y_true: Any, y_pred: Any) -> Any:
        """Whether begin and end are both right, float32 of shape (batch,)."""
        codes = ops.cast(y_true, "int32")
        said = ops.argmax(_allowed(codes, y_pred), axis=1)
        begin, end = (ops.take_along_axis(codes, said[:, place : place + 1], axis=1)[:, 0] for place in (0, 1))
        return ops.cast(ops.logical_and(_has(begin, _START), _has(end, _END)), "float32")

    class Exact(keras.metrics.MeanMetricWrapper):
        """The share of questions whose begin and end are right, as the mean over those windows that hold the answer.

        Without an answer, these are all windows of a question.
        """

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            windows = ops.cast(y_true[:, 0], "int32") // _COUNTED
            own = ops.where(windows > 0, 1 / ops.maximum(ops.cast(windows, "float32"), 1), 0.0)
            return super().update_state(y_true, y_pred, own if sample_weight is None else own * sample_weight)

    return [Exact(exact, name="exact")]


def _merged(found: RowLogits, answer_tokens: int, without: bool) -> list[np.ndarray]:
    """The best candidates of each question from all of its windows: begin, end and logit, float64 of shape (candidates, 3).

    The logit of "no answer" is the lowest one of all windows, as in ``run_qa.py``: each window must say so.
    """
    windows: list[list[np.ndarray]] = [[] for _ in range(found.examples)]
    nothing = np.full(found.examples, np.inf)
    for logits, row, example in zip(found.logits, found.rows, found.owner.tolist(), strict=True):
        windows[example].append(_candidates(np.asarray(logits, np.float64), row, answer_tokens))
        nothing[example] = min(nothing[example], float(logits[0].sum()))
    merged = []
    for some, none in zip(windows, nothing, strict=True):
        rows = np.concatenate([np.zeros((0, 3)), *some])
        rows = rows[np.argsort(-rows[:, 2], kind="stable")]
        # a place in two windows counts once, with its higher logit
        _, first = np.unique(rows[:, :2], axis=0, return_index=True)
        rows = rows[np.sort(first)][:BEST]
        if without:
            rows = np.concatenate([rows, [[NOWHERE, NOWHERE, none]]])
        merged.append(rows[np.argsort(-rows[:, 2], kind="stable")])
    return merged


def _candidates(logits: np.ndarray, row: np.ndarray, answer_tokens: int) -> np.ndarray:
    """The best places in one window, with the sum of the logits of begin and end."""
    inside = np.flatnonzero(row[:, 2] != NOWHERE)
    if not len(inside):
        return np.zeros((0, 3))
    longest = min(answer_tokens, len(inside))
    ends = np.concatenate([logits[inside, 1], np.full(longest - 1, -np.inf)])
    sums = logits[inside, 0][:, None] + np.lib.stride_tricks.sliding_window_view(ends, longest)
    best = np.argsort(-sums, axis=None, kind="stable")[:BEST]
    first, more = np.unravel_index(best[np.isfinite(sums.ravel()[best])], sums.shape)
    return np.stack([row[inside[first], 2], row[inside[first + more], 3], sums[first, more]], axis=1)


def _normalized(rows: np.ndarray) -> np.ndarray:
    """Replace logits by probabilities over the candidates, as ``run_qa.py`` does."""
    found = rows.copy()
    if len(rows):
        shifted = np.exp(rows[:, 2] - rows[:, 2].max())
        found[:, 2] = shifted / shifted.sum()
    return found


def _decoded(rows: np.ndarray, item: Any = None) -> Answer:
    """The most probable candidate; ``scores`` has the first five different texts; "no answer" in a context is quoted there."""
    context = (item.second or "") if isinstance(item, Text) else ""
    scores: dict[str, float] = {}
    for begin, end, sure in rows.tolist():
        text = context[int(begin) : int(end)]
        name = NO_ANSWER if begin == NOWHERE else f'"{text}"' if text == NO_ANSWER else text
        scores.setdefault(name, sure)  # the same text at several places has its highest probability
        if len(scores) == SHOWN:
            break
    if not len(rows):
        return Answer(None, None, {}, place=None)
    begin, end, sure = rows[0].tolist()
    if begin == NOWHERE:
        return Answer(None, sure, scores)
    return Answer(context[int(begin) : int(end)], sure, scores, place=(int(begin), int(end)))
