"""Define Scores, the answers and targets of an evaluation, and the two kinds of measures that are computed from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Weighted = Callable[[np.ndarray], float]
"""Weight of each example, float64, shape (n,) -> value of a measure."""


class Scores(Protocol):
    """The targets and the answers of a model to n examples. Each kind of target has its own class."""

    def __len__(self) -> int:
        """The number of examples."""

    @property
    def losses(self) -> np.ndarray:
        """The loss of each example, float64, shape (n,)."""

    def explain(self, index: int) -> dict[str, Any]:
        """Say what is true of one example and what was predicted, as JSON values.

        Args:
            index: The position of the example.
        """

    def sections(self) -> dict[str, Any]:
        """Return what a report shows besides the measures, as JSON values by name, such as ``per_class``."""


@dataclass(frozen=True)
class Measure:
    """A metric that is a function of sums over examples, such as accuracy, F1, or the mean of an error.

    Attributes:
        rows: Scores -> statistics of each example, shape (n, k); an array or a sparse array.
        value: Sums of the statistics, float64, shape (k,) -> the metric.
        higher_is_better: Whether a better model has a higher value.

    Example:
        >>> mean = Measure(lambda scores: np.stack([scores.losses, np.ones(len(scores))], axis=1), lambda sums: sums[0] / sums[1])
    """

    rows: Callable[[Any], Any]
    value: Callable[[np.ndarray], float]
    higher_is_better: bool = True

    def of(self, scores: Scores) -> Weighted:
        """Compute the statistics once, and return a function of the weights of the examples.

        Args:
            scores: The scores of n examples.

        Returns:
            A function: weights, shape (n,) -> value.
        """
        statistics = self.rows(scores).T
        return lambda weights: float(self.value(statistics @ weights))

    @property
    def fewer_draws(self) -> int:
        """Every draw of a bootstrap computes this measure."""
        return 1


@dataclass(frozen=True)
class WeighedMeasure:
    """A metric that cannot be computed from sums over examples, such as the area under the ROC curve.

    Attributes:
        value: Scores and the weight of each example, float64, shape (n,) -> the metric.
        fewer_draws: A bootstrap computes it in one of so many draws.
        higher_is_better: Whether a better model has a higher value.
    """

    value: Callable[[Any, np.ndarray], float]
    fewer_draws: int = 1
    higher_is_better: bool = True

    def of(self, scores: Scores) -> Weighted:
        """Return a function of the weights of the examples.

        Args:
            scores: The scores of n examples.

        Returns:
            A function: weights, shape (n,) -> value.
        """
        return lambda weights: float(self.value(scores, weights))


Measures = Mapping[str, Measure | WeighedMeasure]
"""Name -> measure. Summaries show the first one."""


def measured(measures: Measures, scores: Scores) -> dict[str, float]:
    """Compute every measure with equal weights.

    Args:
        measures: The measures.
        scores: The scores of n examples.

    Returns:
        Name -> value; NaN where a measure is not defined.
    """
    ones = np.ones(len(scores))
    return {name: measure.of(scores)(ones) for name, measure in measures.items()}


def counted(values: np.ndarray) -> np.ndarray:
    """Append a column of ones to statistics, whose sum is the sum of the weights.

    Args:
        values: Shape (n,) or (n, k).

    Returns:
        float64, shape (n, k + 1).

    Example:
        >>> counted(np.array([3.0, 4.0])).tolist()
        [[3.0, 1.0], [4.0, 1.0]]
    """
    columns = np.asarray(values, np.float64).reshape(len(values), -1)
    return np.concatenate([columns, np.ones((len(values), 1))], axis=1)


def mean(sums: np.ndarray) -> float:
    """Divide the first sum by the last, which is that of the weights.

    Args:
        sums: Sums of ``counted`` statistics, shape (2,).

    Example:
        >>> mean(np.array([3.0, 4.0]))
        0.75
    """
    return float(sums[0] / sums[-1])
