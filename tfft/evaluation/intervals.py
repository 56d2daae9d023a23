"""Compute confidence intervals of metrics: percentile bootstrap over the examples."""

import numpy as np

from tfft.core.errors import DataError
from tfft.evaluation.metrics import METRICS, TOP
from tfft.evaluation.predictions import Predictions

_FEWER_DRAWS = {"roc_auc": 5}
"""Slow metrics, which look at every class and example, use this many times fewer draws."""


def with_intervals(
    predictions: Predictions, kind: str, seed: int, draws: int = 1000, level: float = 0.95
) -> dict[str, dict[str, float]]:
    """Compute every metric with its bootstrap interval.

    Args:
        predictions: The predictions for n examples, with probabilities of shape (n, outputs).
        kind: The kind of the label space.
        seed: The seed of the random draws.
        draws: The number of random draws of n examples with replacement; ROC-AUC uses a fifth of them.
        level: The share of the draws that lies inside the interval.

    Returns:
        ``{"accuracy": {"value": ..., "low": ..., "high": ...}, ...}``. NaN when a metric is undefined, such as R2 of one example.

    Raises:
        DataError: When there are no predictions.

    Example:
        >>> half_right = Predictions(np.zeros(100, np.int64), np.eye(2)[[0, 1] * 50])
        >>> with_intervals(half_right, "single", seed=0)["accuracy"]
        {'value': 0.5, 'low': 0.4, 'high': 0.6}

    Source:
        Percentile bootstrap: Efron and Tibshirani 1993, chapter 13. The counts of a draw of n with replacement are multinomial.
    """
    count = len(predictions.targets)
    if not count:
        raise DataError("There is nothing to evaluate.", "0 examples", "Check the part or the slice.")
    chosen = dict(METRICS[kind])
    if predictions.probabilities.shape[1] <= TOP:
        chosen.pop(f"top_{TOP}_accuracy", None)  # the true class is always among five of five
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in chosen}
    for draw in range(draws):
        weights = random.multinomial(count, np.full(count, 1 / count)).astype(np.float64)
        for name, metric in chosen.items():
            if draw % _FEWER_DRAWS.get(name, 1) == 0:
                found[name].append(metric(predictions, weights))
    edges = (50 * (1 - level), 50 * (1 + level))
    result = {}
    for name, metric in chosen.items():
        drawn = np.array(found[name])
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.percentile(drawn, edges) if len(drawn) else (np.nan, np.nan)
        result[name] = {"value": metric(predictions, np.ones(count)), "low": float(low), "high": float(high)}
    return result
