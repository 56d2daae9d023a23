"""Answers: for each question the places of its accepted answers in the context."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfft.core.errors import DataError, shortlist
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace
from tfft.data.targets.names import check_same_labels

ANSWER, NO_ANSWER = "answer", "no answer"


def answer_space(unanswerable: bool = False) -> LabelSpace:
    """Return the label space of questions.

    Args:
        unanswerable: Whether some questions have no answer in their context.

    Example:
        >>> answer_space(unanswerable=True).names
        ('answer', 'no answer')
    """
    return LabelSpace((ANSWER, NO_ANSWER) if unanswerable else (ANSWER,), "span")


@dataclass(frozen=True)
class Answers:
    """Targets with the places of the accepted answers of each question, in characters of its context.

    Attributes:
        labels: The label space, of kind ``"span"``. It has the name ``"no answer"`` when questions may have no answer.

    Example:
        >>> answers = Answers(answer_space(unanswerable=True))
        >>> values = answers.read([[(0, 4)], [], [(7, 9), (7, 12)]], "train")
        >>> values[2].tolist(), answers.counts(values)
        ([[7, 9], [7, 12]], {'answer': 2, 'no answer': 1})
    """

    labels: LabelSpace
    nouns: ClassVar[tuple[str, str]] = ("kind of answer", "kinds of answers")
    every_class: ClassVar[bool] = False
    listed: ClassVar[bool] = False

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> Any:
        """Convert the places of the answers to arrays. See ``Target.read``.

        Args:
            raw: For each question a sequence of (begin, end) pairs; empty when it has no answer.
            part: The name of the part, for messages.
            by_position: Not used.

        Returns:
            A Ragged with one row of int32, shape (answers, 2), for each question.

        Raises:
            DataError: When questions have no answer, and all questions of training have one.
        """
        rows = [np.array(list(places), np.int32).reshape(-1, 2) for places in raw]
        without = [number for number, row in enumerate(rows) if not len(row)]
        if without and NO_ANSWER not in self.labels.names:
            raise DataError(
                f"The {part} part has questions without an answer, and each training question has an answer.",
                f"{len(without)} of {len(rows)} questions: {shortlist(without)}",
                "Add training questions without an answer, or remove these.",
            )
        return Ragged.of(rows, like=np.zeros((0, 2), np.int32))

    def counts(self, values: Any) -> dict[str, int]:
        """Count the questions with an answer, and those without one.

        Args:
            values: A Ragged of places, one row of shape (answers, 2) for each question.

        Example:
            >>> answers = Answers(answer_space(unanswerable=True))
            >>> answers.counts(answers.read([[], [(0, 4)]], "train"))
            {'answer': 1, 'no answer': 1}
        """
        totals = self.members(values).sum(axis=0)
        return {name: int(total) for name, total in zip(self.labels.names, totals, strict=True)}

    def strata(self, values: Any) -> np.ndarray:
        """Return 0 for questions with an answer, and 1 for those without one; int64, shape (n,).

        Args:
            values: A Ragged of places, one row of shape (answers, 2) for each question.
        """
        return np.asarray(values.lengths == 0, np.int64)

    def members(self, values: Any) -> np.ndarray:
        """Return ones in the column of the kind of each question, float64, shape (n, names).

        Args:
            values: A Ragged of places, one row of shape (answers, 2) for each question.
        """
        return np.eye(2)[self.strata(values)][:, : len(self.labels)]

    def adopt(self, values: Any, given: LabelSpace) -> Any:
        """Return the places unchanged. See ``Target.adopt``.

        Args:
            values: A Ragged of places, one row of shape (answers, 2) for each question.
            given: Their label space.

        Raises:
            DataError: When they have another kind, or questions without an answer that the model does not know.
        """
        check_same_labels(self.labels, given)
        return values

    def fitted(self, values: Any) -> LabelSpace:
        """Return the label space unchanged.

        Args:
            values: A Ragged of places, one row of shape (answers, 2) for each question.
        """
        return self.labels

    def doubts(self, values: Any) -> Iterator[str]:
        """Say when no question of the training part has an answer.

        Args:
            values: A Ragged of places, one row of shape (answers, 2) for each question.
        """
        if not values.lengths.any():
            yield "No question of the training part has an answer, so a model can only learn to say that there is no answer."
