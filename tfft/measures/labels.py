"""Scores and measures of several labels for each example."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.measures import areas, counts
from tfft.measures.base import Measure, Measures, WeighedMeasure, counted, mean

_TINY = 1e-15


@dataclass(frozen=True, eq=False)
class LabelScores:
    """The labels and the probabilities of n examples.

    Attributes:
        labels: The label space.
        targets: Zeros and ones, shape (n, labels).
        probabilities: float64, shape (n, labels).
        thresholds: The probability at which a label is predicted: one number, or one for each label, shape (labels,).

    Example:
        >>> space = LabelSpace(("dog", "indoor"), "multi")
        >>> LabelScores(space, np.array([[1.0, 1.0]]), np.array([[0.9, 0.2]]), 0.5).explain(0)
        {'true': ['dog', 'indoor'], 'predicted': ['dog']}
    """

    labels: LabelSpace
    targets: np.ndarray
    probabilities: np.ndarray
    thresholds: float | np.ndarray = 0.5

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def predicted(self) -> np.ndarray:
        """Which labels are predicted, boolean, shape (n, labels)."""
        return self.probabilities >= self.thresholds

    @cached_property
    def truth(self) -> np.ndarray:
        """Which labels each example has, boolean, shape (n, labels)."""
        return self.targets > 0

    @cached_property
    def counts(self) -> Any:
        """True positives, predicted and actual positives of each example, sparse, shape (n, 3 * labels)."""
        return counts.as_rows(self.predicted & self.truth, self.predicted, self.truth)

    @cached_property
    def losses(self) -> np.ndarray:
        """Negative log-likelihood of each example in nats, the mean over labels, float64, shape (n,)."""
        own = np.where(self.truth, self.probabilities, 1 - self.probabilities)
        return -np.log(np.maximum(own, _TINY)).mean(axis=1)

    def area(self, weights: np.ndarray) -> float:
        """Return the mean ROC-AUC over labels.

        Args:
            weights: How often each example counts, shape (n,).
        """
        return areas.mean_area(self._levels, self.truth, weights)

    def explain(self, index: int) -> dict[str, Any]:
        """Return the true and the predicted labels of one example.

        Args:
            index: The position of the example.
        """
        names = np.array(self.labels.names)
        return {"true": names[self.truth[index]].tolist(), "predicted": names[self.predicted[index]].tolist()}

    def sections(self) -> dict[str, Any]:
        """Return the table of labels, with the threshold of each."""
        ones = np.ones(len(self))
        rows = counts.table(self.labels.names, self.counts.T @ ones, areas.roc_areas(self._levels, self.truth, ones))
        cuts = np.broadcast_to(self.thresholds, len(rows)).tolist()
        table = [{"name": row.pop("name"), "threshold": cut, **row} for row, cut in zip(rows, cuts, strict=True)]
        return {"per_class": table}

    @cached_property
    def _levels(self) -> list[np.ndarray]:
        return areas.levels(self.probabilities)


MEASURES: Measures = {
    "subset_accuracy": Measure(lambda scores: counted((scores.predicted == scores.truth).all(axis=1)), mean),
    "macro_f1": counts.MACRO_F1,
    "weighted_f1": counts.WEIGHTED_F1,
    "roc_auc": WeighedMeasure(lambda scores, weights: scores.area(weights), fewer_draws=5),
    "log_loss": Measure(lambda scores: counted(scores.losses), mean, higher_is_better=False),
}
"""Name -> measure of ``LabelScores``."""
