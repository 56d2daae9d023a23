"""Scores and measures of answers to questions: places in a context."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfft.core.specs import LabelSpace, Text
from tfft.measures import answer_texts
from tfft.measures.base import Measure, Measures
from tfft.plots.text_marks import around

NOWHERE = -1
"""Begin and end of the candidate that says that there is no answer."""


@dataclass(frozen=True, eq=False)
class AnswerScores:
    """The candidates for the answers of n questions.

    Attributes:
        labels: The label space, of kind ``"span"``.
        inputs: n pairs of question and context.
        targets: For each question begin and end of each accepted answer, integers of shape (answers, 2).
        candidates: For each question begin, end and probability of each candidate, float64 of shape (candidates, 3), from the most
            probable one on. The begin of the candidate "no answer" is ``NOWHERE``.

    Example:
        >>> text = Text("Who sleeps?", "Ann sleeps.")
        >>> said = np.array([[0, 3, 0.75], [0, 10, 0.25]])
        >>> scores = AnswerScores(LabelSpace(("answer",), "span"), [text], [np.array([[0, 3]])], [said])
        >>> scores.predicted, scores.exact.tolist(), scores.explain(0)["predicted"]
        (['Ann'], [1.0], 'Ann')
    """

    labels: LabelSpace
    inputs: Sequence[Any]
    targets: Sequence[np.ndarray]
    candidates: Sequence[np.ndarray]

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def predicted(self) -> list[str]:
        """The text of each answer; an empty text when the model gives none."""
        return [_text(self._context(index), self._best(index)) for index in range(len(self))]

    @cached_property
    def exact(self) -> np.ndarray:
        """Whether each answer equals an accepted one, float64, shape (n,)."""
        return self._compared(answer_texts.exact)

    @cached_property
    def f1(self) -> np.ndarray:
        """The F1 of each answer, float64, shape (n,)."""
        return self._compared(answer_texts.f1)

    @cached_property
    def answerable(self) -> np.ndarray:
        """1.0 for questions with an answer and 0.0 for those without one, float64, shape (n,)."""
        return np.array([float(len(places) > 0) for places in self.targets])

    @property
    def losses(self) -> np.ndarray:
        """One minus the F1 that is expected from the probabilities of the candidates, float64, shape (n,), each in [0, 1]."""
        found = np.zeros(len(self))
        for index in range(len(self)):
            context, accepted = self._context(index), self._accepted(index)
            characters = answer_texts.by_character(context)
            for begin, end, sure in self.candidates[index].tolist():
                found[index] += sure * answer_texts.f1(_text(context, (int(begin), int(end))), accepted, characters)
        return 1 - found

    def explain(self, index: int) -> dict[str, Any]:
        """Return the accepted and the given answers of one question, and under ``marked`` the question with their places.

        Args:
            index: The position of the question.
        """
        context, best = self._context(index), self._best(index)
        true = self._accepted(index)
        closest = max(
            ((int(begin), int(end)) for begin, end in self.targets[index]),
            key=lambda place: min(place[1], best[1]) - max(place[0], best[0]),
            default=None,
        )
        given = None if best[0] == NOWHERE else best
        return {
            "true": true or ["no answer"],
            "predicted": self.predicted[index] or "no answer",
            "marked": around(self.inputs[index].first, context, closest, given),
        }

    def sections(self) -> dict[str, Any]:
        """Return the number of questions of each kind of result."""
        counts = dict.fromkeys(("exact", "overlapping", "elsewhere", "missed"), 0)
        if len(self.labels) > 1:
            counts |= {"no answer, as it should be": 0, "invented": 0}
        for index, right in enumerate(self.exact):
            given = self._best(index)[0] != NOWHERE
            if not self.answerable[index]:
                kind = "invented" if given else "no answer, as it should be"
            elif not given:
                kind = "missed"
            else:
                kind = "exact" if right else "overlapping" if self.f1[index] else "elsewhere"
            counts[kind] = counts.get(kind, 0) + 1
        return {"details": {"answers": counts}}

    def _context(self, index: int) -> str:
        item = self.inputs[index]
        return (item.second or "") if isinstance(item, Text) else ""

    def _best(self, index: int) -> tuple[int, int]:
        rows = self.candidates[index]
        return (int(rows[0, 0]), int(rows[0, 1])) if len(rows) else (NOWHERE, NOWHERE)

    def _accepted(self, index: int) -> list[str]:
        context = self._context(index)
        return list(dict.fromkeys(_text(context, (int(begin), int(end))) for begin, end in self.targets[index]))

    def _compared(self, compare: Any) -> np.ndarray:
        return np.array(
            [
                compare(answer, self._accepted(index), answer_texts.by_character(self._context(index)))
                for index, answer in enumerate(self.predicted)
            ],
            np.float64,
        )


def _text(context: str, place: tuple[int, int]) -> str:
    return context[place[0] : place[1]] if place[0] != NOWHERE else ""


def _share(sums: np.ndarray) -> float:
    return float(sums[0] / sums[1]) if sums[1] else float("nan")


def _mean(name: str, where: Any = None) -> Measure:
    """The mean of a value over the questions; ``where`` says how much each of them counts."""

    def rows(scores: AnswerScores) -> np.ndarray:
        counted = np.ones(len(scores)) if where is None else where(scores)
        return np.stack([getattr(scores, name) * counted, counted], axis=1)

    return Measure(rows, _share)


_ALL: Measures = {"f1": _mean("f1"), "exact_match": _mean("exact")}
_SOME: Measures = {
    "f1_answerable": _mean("f1", lambda scores: scores.answerable),
    "exact_match_answerable": _mean("exact", lambda scores: scores.answerable),
    "no_answer_accuracy": _mean("exact", lambda scores: 1 - scores.answerable),
}


def measures(labels: LabelSpace) -> Measures:
    """Return the measures of ``AnswerScores``; F1 is the mean over the questions, as in SQuAD.

    Args:
        labels: The label space; with questions without an answer, both kinds of questions are measured alone as well.

    Returns:
        Name -> measure.

    Example:
        >>> list(measures(LabelSpace(("answer",), "span")))
        ['f1', 'exact_match']
    """
    return {**_ALL, **(_SOME if len(labels) > 1 else {})}
