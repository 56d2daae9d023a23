"""Compute metrics from predictions and from weights that say how often the bootstrap drew each example.

With weights, the bootstrap copies no arrays. scikit-learn computes simple metrics. Others are computed here from counts, because
scikit-learn would sort or tabulate the scores again for each of a thousand draws; tests compare both.
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
    """True positives, predicted positives and actual positives of each class, each of shape (classes,)."""
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
    present = named + true > 0  # leave out classes that never occur and are never predicted
    return float((2 * hits[present] / (named + true)[present]).mean()) if present.any() else float("nan")


def _multi_counts(found: Predictions, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True positives, predicted positives and actual positives of each class, each of shape (classes,).

    scikit-learn is not used here, because it treats a single column as two classes.
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
        return float("nan")  # R2 is undefined when all targets are equal
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
"""The metrics for each kind of label space; summaries show the first one."""


def roc_areas(predictions: Predictions, weights: np.ndarray | None = None) -> np.ndarray:
    """Compute the ROC-AUC of each class: the probability that an example of the class scores higher than another; ties count half.

    scikit-learn is not used here, because it would sort all scores again for each draw of the bootstrap.

    Args:
        predictions: The predictions for n examples.
        weights: How often each example counts, shape (n,); once when None.

    Returns:
        float64, shape (classes,); NaN for a class that all examples have, or none.

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
    """Compute the confusion matrix.

    Args:
        predictions: The predictions for n examples with one class each.
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
    """Compute precision, recall, F1, support and ROC-AUC of each class, or the mean absolute error of each quantity.

    Args:
        predictions: The predictions, with probabilities of shape (n, outputs).
        kind: The kind of the label space.
        names: The names of classes or quantities.

    Returns:
        A dict for each name, in the order of ids, with the threshold for several labels. The precision of a class that is never
        predicted is 0. ROC-AUC is None for a class that all examples have, or none. F1 is None for a class without actual and
        predicted positives, and the macro F1 leaves it out.

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
