"""Predictions -> numbers; every metric is a function of them and of how often each row was drawn.

scikit-learn computes them; ``weights`` count how often each example was drawn, so that a bootstrap copies no arrays.
"""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn import metrics as sk

from tfft.core.errors import DataError
from tfft.evaluation.predictions import Predictions

Metric = Callable[[Predictions, np.ndarray], float]


def _accuracy(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average(found.chosen == found.targets, weights=weights))


def _balanced_accuracy(found: Predictions, weights: np.ndarray) -> float:
    hits = confusion(found, weights)
    present = hits.sum(axis=1) > 0
    return float((np.diag(hits)[present] / hits.sum(axis=1)[present]).mean())


def _macro_f1(found: Predictions, weights: np.ndarray) -> float:
    hits = confusion(found, weights)
    either = hits.sum(axis=0) + hits.sum(axis=1)
    return float((2 * np.diag(hits)[either > 0] / either[either > 0]).mean())


def _log_loss(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average(found.losses, weights=weights))


def _subset_accuracy(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average((found.named == (found.targets > 0)).all(axis=1), weights=weights))


def _multi_macro_f1(found: Predictions, weights: np.ndarray) -> float:
    hits, named, true = _multi_counts(found, weights)
    present = named + true > 0  # as for one class an example: a class nobody has or names does not count
    return float((2 * hits[present] / (named + true)[present]).mean()) if present.any() else 0.0


def _multi_counts(found: Predictions, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each class was named rightly, was named, and was true, each of shape (classes,).

    Not scikit-learn: it reads a single column as two classes.
    """
    named, true = found.named, found.targets > 0
    return weights @ (named & true), weights @ named, weights @ true


def _mae(found: Predictions, weights: np.ndarray) -> float:
    return float(sk.mean_absolute_error(found.targets, found.probabilities, sample_weight=weights))


def _rmse(found: Predictions, weights: np.ndarray) -> float:
    return float(sk.root_mean_squared_error(found.targets, found.probabilities, sample_weight=weights))


def _r2(found: Predictions, weights: np.ndarray) -> float:
    if np.count_nonzero(weights) < 2:
        return float("nan")  # R2 compares with the mean of several targets
    return float(sk.r2_score(found.targets, found.probabilities, sample_weight=weights))


METRICS: Mapping[str, Mapping[str, Metric]] = {
    "single": {
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "macro_f1": _macro_f1,
        "log_loss": _log_loss,
    },
    "multi": {"subset_accuracy": _subset_accuracy, "macro_f1": _multi_macro_f1, "log_loss": _log_loss},
    "real": {"mae": _mae, "rmse": _rmse, "r2": _r2},
}
"""By kind of label space; the first of each kind is the one a summary shows."""


def confusion(predictions: Predictions, weights: np.ndarray | None = None) -> np.ndarray:
    """Counts of (true class, most probable class).

    Args:
        predictions: n of them, one class an example.
        weights: How often each example counts, shape (n,); once when None.

    Returns:
        Shape (classes, classes), rows true, columns predicted; int64, or float64 with weights.

    Example:
        >>> confusion(Predictions(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))).tolist()
        [[1, 0], [1, 1]]
    """
    classes = predictions.probabilities.shape[1]
    cells = predictions.targets * classes + predictions.chosen
    return np.bincount(cells, weights, minlength=classes * classes).reshape(classes, classes)


def with_intervals(
    predictions: Predictions, kind: str, seed: int, draws: int = 1000, level: float = 0.95
) -> dict[str, dict[str, float]]:
    """Every metric with its bootstrap interval.

    Args:
        predictions: n of them, probabilities of shape (n, outputs).
        kind: Of the label space.
        seed: Of the draws.
        draws: How often n examples are drawn again with replacement.
        level: Share of the draws inside the interval.

    Returns:
        ``{"accuracy": {"value": ..., "low": ..., "high": ...}, ...}``; NaN where a metric is not defined, as R2 of one example.

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
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in METRICS[kind]}
    for _ in range(draws):
        weights = random.multinomial(count, np.full(count, 1 / count)).astype(np.float64)
        for name, metric in METRICS[kind].items():
            found[name].append(metric(predictions, weights))
    edges = (50 * (1 - level), 50 * (1 + level))
    result = {}
    for name, metric in METRICS[kind].items():
        drawn = np.array(found[name])
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.percentile(drawn, edges) if len(drawn) else (np.nan, np.nan)
        result[name] = {"value": metric(predictions, np.ones(count)), "low": float(low), "high": float(high)}
    return result


def per_class(predictions: Predictions, kind: str, names: tuple[str, ...]) -> list[dict[str, float | str]]:
    """Precision, recall, F1 and support of each class, or the mean absolute error of each quantity.

    Args:
        predictions: n of them, probabilities of shape (n, outputs).
        kind: Of the label space.
        names: Of classes or quantities.

    Returns:
        One dict for each name, in id order. A class that was never predicted has precision 0.

    Example:
        >>> predictions = Predictions(np.array([0, 0, 1]), np.eye(2)[[0, 1, 1]])
        >>> [(row["name"], row["precision"], row["recall"]) for row in per_class(predictions, "single", ("ants", "bees"))]
        [('ants', 1.0, 0.5), ('bees', 0.5, 1.0)]
    """
    targets, probabilities = predictions.targets, predictions.probabilities
    if kind == "real":
        errors = np.abs(targets - probabilities).mean(axis=0)
        return [{"name": name, "mae": float(error)} for name, error in zip(names, errors, strict=True)]
    if kind == "multi":
        hits, predicted, support = _multi_counts(predictions, np.ones(len(targets)))
    else:
        table = confusion(predictions)
        hits, predicted, support = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    return [
        {
            "name": name,
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(support[i]),
        }
        for i, name in enumerate(names)
    ]
