"""Scores and measures of one class for each example."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.measures import areas, counts
from tfft.measures.base import Measure, Measures, WeighedMeasure, counted, mean

TOP = 5
_TINY = 1e-15
_MOST_IN_TABLE = 1000


@dataclass(frozen=True, eq=False)
class ClassScores:
    """The classes and the probabilities of n examples.

    Attributes:
        labels: The label space.
        targets: The class id of each example, int64, shape (n,).
        probabilities: float64, shape (n, classes).

    Example:
        >>> scores = ClassScores(LabelSpace(("ants", "bees")), np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
        >>> scores.explain(1)["predicted"], scores.confusion().tolist()
        ('ants', [[1, 0], [1, 0]])
    """

    labels: LabelSpace
    targets: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def chosen(self) -> np.ndarray:
        """The most probable class of each example, int64, shape (n,)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def counts(self) -> Any:
        """True positives, predicted and actual positives of each example, sparse, shape (n, 3 * classes)."""
        hit = self.chosen == self.targets
        one_hot = [self._one_hot(self.targets, hit), self._one_hot(self.chosen), self._one_hot(self.targets)]
        return counts.as_rows(*one_hot)

    @cached_property
    def rank(self) -> np.ndarray:
        """The rank of the true class, int64, shape (n,), from 0. Of equal probabilities the lower id comes first."""
        own = self.probabilities[np.arange(len(self)), self.targets][:, None]
        lower = np.arange(self.probabilities.shape[1]) < self.targets[:, None]
        return ((self.probabilities > own) | ((self.probabilities == own) & lower)).sum(axis=1)

    @cached_property
    def losses(self) -> np.ndarray:
        """Negative log-likelihood of each example in nats, float64, shape (n,)."""
        return -np.log(np.maximum(self.probabilities[np.arange(len(self)), self.targets], _TINY))

    def area(self, weights: np.ndarray) -> float:
        """Return the mean ROC-AUC over classes.

        Args:
            weights: How often each example counts, shape (n,).
        """
        return areas.mean_area(*self._ranked, weights)

    def explain(self, index: int) -> dict[str, Any]:
        """Return the true and the predicted class of one example, and their probabilities.

        Args:
            index: The position of the example.
        """
        target, chosen, row = int(self.targets[index]), int(self.chosen[index]), self.probabilities[index]
        return {
            "true": self.labels.names[target],
            "predicted": self.labels.names[chosen],
            "true_probability": float(row[target]),
            "predicted_probability": float(row[chosen]),
        }

    def confusion(self) -> np.ndarray:
        """Return the confusion matrix, int64, shape (classes, classes), rows true, columns predicted."""
        classes = self.probabilities.shape[1]
        cells = self.targets * classes + self.chosen
        return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)

    def sections(self) -> dict[str, Any]:
        """Return the table of classes, and the confusion matrix of up to 1,000 classes."""
        ones = np.ones(len(self))
        tabled = len(self.labels) <= _MOST_IN_TABLE
        return {
            "per_class": counts.table(self.labels.names, self.counts.T @ ones, areas.roc_areas(*self._ranked, ones)),
            "confusion": self.confusion().tolist() if tabled else None,
        }

    @cached_property
    def _ranked(self) -> tuple[list[np.ndarray], np.ndarray]:
        truth = self.targets[:, None] == np.arange(self.probabilities.shape[1])
        return areas.levels(self.probabilities), truth

    def _one_hot(self, ids: np.ndarray, there: np.ndarray | None = None) -> Any:
        from scipy import sparse

        ones = np.ones(len(self)) if there is None else there.astype(np.float64)
        shape = (len(self), self.probabilities.shape[1])
        return sparse.coo_array((ones, (np.arange(len(self)), ids)), shape=shape)


def measures(classes: int) -> Measures:
    """Return the measures of a classification.

    Args:
        classes: The number of classes.

    Returns:
        Name -> measure of ``ClassScores``. Top-5 accuracy only where there are more than five classes.
    """
    top = {f"top_{TOP}_accuracy": Measure(lambda scores: counted(scores.rank < TOP), mean)}
    return {
        "accuracy": Measure(lambda scores: counted(scores.chosen == scores.targets), mean),
        **(top if classes > TOP else {}),
        "balanced_accuracy": counts.BALANCED_ACCURACY,
        "macro_f1": counts.MACRO_F1,
        "weighted_f1": counts.WEIGHTED_F1,
        "roc_auc": WeighedMeasure(lambda scores, weights: scores.area(weights), fewer_draws=5),
        "log_loss": Measure(lambda scores: counted(scores.losses), mean, higher_is_better=False),
    }
