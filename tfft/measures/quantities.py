"""Scores and measures of quantities."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.measures.base import Measure, Measures, WeighedMeasure, counted, mean

_MOST_RESIDUALS = 2000


@dataclass(frozen=True, eq=False)
class QuantityScores:
    """The true and the predicted quantities of n examples.

    Attributes:
        labels: The label space, with the standard deviation of each quantity in training.
        targets: Shape (n, quantities), in the unit of the user.
        values: The predicted quantities, float64, of the same shape and unit.

    Example:
        >>> age = LabelSpace(("age",), "real", (40.0,), (10.0,))
        >>> QuantityScores(age, np.array([[30.0]]), np.array([[50.0]])).losses.tolist()
        [4.0]
    """

    labels: LabelSpace
    targets: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def losses(self) -> np.ndarray:
        """The squared error of each example in units of the standard deviation in training, float64, shape (n,)."""
        return np.asarray((((self.values - self.targets) / np.array(self.labels.scale)) ** 2).mean(axis=1))

    def explain(self, index: int) -> dict[str, Any]:
        """Return the true and the predicted quantities of one example by name.

        Args:
            index: The position of the example.
        """
        return {
            key: dict(zip(self.labels.names, map(float, row[index]), strict=True))
            for key, row in (("true", self.targets), ("predicted", self.values))
        }

    def sections(self) -> dict[str, Any]:
        """Return the mean absolute error of each quantity, and the quantities of at most 2,000 evenly spaced examples."""
        errors = np.abs(self.targets - self.values).mean(axis=0)
        some = slice(None, None, -(-len(self) // _MOST_RESIDUALS))
        return {
            "per_class": [
                {"name": name, "mae": float(error)} for name, error in zip(self.labels.names, errors, strict=True)
            ],
            "residuals": {
                "true": self.targets[some].astype(float).tolist(),
                "predicted": self.values[some].astype(float).tolist(),
            },
        }


def _r2(scores: QuantityScores, weights: np.ndarray) -> float:
    drawn = scores.targets[weights > 0]
    if (drawn == drawn[0]).all(axis=0).any():
        return float("nan")  # R2 is undefined when all targets are equal
    from sklearn import metrics as sk  # predicting needs no scikit-learn, which takes half a second to import

    return float(sk.r2_score(scores.targets, scores.values, sample_weight=weights))


def _rmse(sums: np.ndarray) -> float:
    return float(np.sqrt(sums[:-1] / sums[-1]).mean())


MEASURES: Measures = {
    "mae": Measure(
        lambda scores: counted(np.abs(scores.targets - scores.values).mean(axis=1)), mean, higher_is_better=False
    ),
    "rmse": Measure(lambda scores: counted((scores.targets - scores.values) ** 2), _rmse, higher_is_better=False),
    "r2": WeighedMeasure(_r2),
}
"""Name -> measure of ``QuantityScores``."""
