"""Predictions -> numbers; every metric is a function of them and of how often each row was drawn.

``weights`` count how often each example was drawn, so that a bootstrap copies no arrays. scikit-learn computes what is left to one
pass over the examples; what it would sort or tabulate anew for each of a thousand draws is counted here, and tests compare both.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import metrics as sk

from tfft.evaluation.predictions import Predictions

Metric = Callable[[Predictions, np.ndarray], float]
TOP = 5


def _accuracy(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average(found.chosen == found.targets, weights=weights))


def _balanced_accuracy(found: Predictions, weights: np.ndarray) -> float:
    hits, _, true = _single_counts(found, weights)
    return float((hits[true > 0] / true[true > 0]).mean())


def _macro_f1(found: Predictions, weights: np.ndarray) -> float:
    hits, named, true = _single_counts(found, weights)
    either = named + true
    return float((2 * hits[either > 0] / either[either > 0]).mean())


def _weighted_f1(found: Predictions, weights: np.ndarray) -> float:
    hits, named, true = _single_counts(found, weights)
    return float(np.average(2 * hits / np.where(named + true > 0, named + true, 1), weights=true))


def _single_counts(found: Predictions, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each class was named rightly, was named, and was true, each of shape (classes,)."""
    classes = found.probabilities.shape[1]
    hits = np.bincount(found.targets, weights * (found.chosen == found.targets), classes)
    return hits, np.bincount(found.chosen, weights, classes), np.bincount(found.targets, weights, classes)


def _top_accuracy(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average(found.rank < TOP, weights=weights))


def _roc_auc(found: Predictions, weights: np.ndarray) -> float:
    areas = roc_areas(found, weights)
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")


def _log_loss(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average(found.losses, weights=weights))


def _subset_accuracy(found: Predictions, weights: np.ndarray) -> float:
    return float(np.average((found.named == (found.targets > 0)).all(axis=1), weights=weights))


def _multi_weighted_f1(found: Predictions, weights: np.ndarray) -> float:
    hits, named, true = _multi_counts(found, weights)
    f1 = 2 * hits / np.where(named + true > 0, named + true, 1)
    return float(np.average(f1, weights=true)) if true.any() else float("nan")


def _multi_macro_f1(found: Predictions, weights: np.ndarray) -> float:
    hits, named, true = _multi_counts(found, weights)
    present = named + true > 0  # as for one class an example: a class nobody has or names does not count
    return float((2 * hits[present] / (named + true)[present]).mean()) if present.any() else float("nan")


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
    drawn = found.targets[weights > 0]
    if (drawn == drawn[0]).all(axis=0).any():
        return float("nan")  # R2 compares with the spread of several targets
    return float(sk.r2_score(found.targets, found.probabilities, sample_weight=weights))


METRICS: Mapping[str, Mapping[str, Metric]] = {
    "single": {
        "accuracy": _accuracy,
        f"top_{TOP}_accuracy": _top_accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "macro_f1": _macro_f1,
        "weighted_f1": _weighted_f1,
        "roc_auc": _roc_auc,
        "log_loss": _log_loss,
    },
    "multi": {
        "subset_accuracy": _subset_accuracy,
        "macro_f1": _multi_macro_f1,
        "weighted_f1": _multi_weighted_f1,
        "roc_auc": _roc_auc,
        "log_loss": _log_loss,
    },
    "real": {"mae": _mae, "rmse": _rmse, "r2": _r2},
}
"""By kind of label space; the first of each kind is the one a summary shows."""


def roc_areas(predictions: Predictions, weights: np.ndarray | None = None) -> np.ndarray:
    """For each class the chance that an example of it scores above one of another class; ties count half.

    Not scikit-learn, which sorts all scores anew for every draw of a bootstrap.

    Args:
        predictions: n of them.
        weights: How often each example counts, shape (n,); once when None.

    Returns:
        Float64, shape (classes,); NaN for a class that has all or none of the examples.

    Example:
        >>> roc_areas(Predictions(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.95, 0.05]]))).tolist()
        [0.5, 0.5]

    Source:
        Hanley and McNeil 1982: the area under the ROC curve is the Mann-Whitney statistic.
    """
    drawn = np.ones(len(predictions.targets)) if weights is None else weights
    areas = np.full(predictions.probabilities.shape[1], np.nan)
    for class_id, level in enumerate(predictions.levels):
        has = np.bincount(level, drawn * predictions.truth[:, class_id])
        lacks = np.bincount(level, drawn) - has
        if has.sum() > 0 and lacks.sum() > 0:
            below = np.cumsum(lacks) - lacks / 2
            areas[class_id] = (has * below).sum() / (has.sum() * lacks.sum())
    return areas


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


def per_class(predictions: Predictions, kind: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Precision, recall, F1, support and ROC-AUC of each class, or the mean absolute error of each quantity.

    Args:
        predictions: n of them, probabilities of shape (n, outputs).
        kind: Of the label space.
        names: Of classes or quantities.

    Returns:
        One dict for each name, in id order; for several labels with the threshold as well. A class that was never predicted has
        precision 0; one that no example has, or every one, has no ROC-AUC, and one that nobody has or predicted no F1: the macro
        F1 leaves it out.

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
        hits, predicted, support = _single_counts(predictions, np.ones(len(targets)))
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    areas = roc_areas(predictions)
    cuts = np.broadcast_to(predictions.threshold, len(names))
    return [
        {
            "name": name,
            **({"threshold": float(cuts[i])} if kind == "multi" else {}),
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]) if predicted[i] + support[i] > 0 else None,
            "support": int(support[i]),
            "roc_auc": float(areas[i]) if np.isfinite(areas[i]) else None,
        }
        for i, name in enumerate(names)
    ]
