"""Compute confidence intervals of measures: percentile bootstrap over the examples."""

import numpy as np

from tfft.core.errors import DataError
from tfft.measures.base import Measure, Measures, Scores, WeighedMeasure


def with_intervals(
    measures: Measures, scores: Scores, seed: int, draws: int = 1000, level: float = 0.95
) -> dict[str, dict[str, float]]:
    """Compute every measure with its bootstrap interval.

    Args:
        measures: The measures of a task.
        scores: The scores of n examples.
        seed: The seed of the random draws.
        draws: The number of random draws of n examples with replacement; slow measures, such as ROC-AUC, use a fifth of them.
        level: The share of the draws that lies inside the interval.

    Returns:
        ``{"accuracy": {"value": ..., "low": ..., "high": ...}, ...}``. NaN when a measure is undefined, such as R2 of one example.

    Raises:
        DataError: When there are no examples.

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> from tfft.measures.classes import ClassScores, measures
        >>> half_right = ClassScores(LabelSpace(("ants", "bees")), np.zeros(100, np.int64), np.eye(2)[[0, 1] * 50])
        >>> with_intervals(measures(2), half_right, seed=0)["accuracy"]
        {'value': 0.5, 'low': 0.4, 'high': 0.6}

    Source:
        Percentile bootstrap: Efron and Tibshirani 1993, chapter 13. The counts of a draw of n with replacement are multinomial.
    """
    count = len(scores)
    if not count:
        raise DataError("There is nothing to evaluate.", "0 examples", "Check the part or the slice.")
    values = {name: measure.of(scores) for name, measure in measures.items()}
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in measures}
    for draw in range(draws):
        weights = random.multinomial(count, np.full(count, 1 / count)).astype(np.float64)
        for name, measure in measures.items():
            if draw % measure.fewer_draws == 0:
                found[name].append(values[name](weights))
    edges = (50 * (1 - level), 50 * (1 + level))
    result = {}
    for name, value in values.items():
        drawn = np.array(found[name])
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.percentile(drawn, edges) if len(drawn) else (np.nan, np.nan)
        result[name] = {"value": value(np.ones(count)), "low": float(low), "high": float(high)}
    return result


def difference(measure: Measure | WeighedMeasure, before: Scores, after: Scores, seed: int) -> dict[str, float]:
    """Compute how much a measure changes from one model to another on the same examples, with its bootstrap interval.

    Each draw takes the same examples for both models. The interval is therefore narrower than that of two unrelated groups of
    examples.

    Args:
        measure: The measure.
        before: The scores of n examples with the first model.
        after: The scores of the same n examples, in the same order, with the second model.
        seed: The seed of the random draws.

    Returns:
        ``{"value": ..., "low": ..., "high": ...}`` of the second value minus the first; NaN when it is undefined.

    Raises:
        DataError: When the two models have not answered the same number of examples, or none.

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> from tfft.measures.classes import ClassScores, measures
        >>> labels, truth = LabelSpace(("ants", "bees")), np.array([0, 1] * 50)
        >>> right, half = ClassScores(labels, truth, np.eye(2)[truth]), ClassScores(labels, truth, np.eye(2)[truth * 0])
        >>> difference(measures(2)["accuracy"], right, half, seed=0)
        {'value': -0.5, 'low': -0.6, 'high': -0.4}

    Source:
        Paired bootstrap: Efron and Tibshirani 1993, chapter 16.
    """
    if len(before) != len(after):
        raise DataError(
            "The two models have answered different examples.",
            f"{len(before)} and {len(after)} examples",
            "Pass the same.",
        )
    first, second = measure.of(before), measure.of(after)
    change = WeighedMeasure(lambda _, weights: second(weights) - first(weights), measure.fewer_draws)
    return with_intervals({"difference": change}, before, seed)["difference"]
