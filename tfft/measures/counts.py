"""Precision, recall and F1 from counts: true positives, predicted positives and actual positives of each class."""

from typing import Any

import numpy as np

from tfft.measures.base import Measure


def as_rows(hits: Any, predicted: Any, true: Any) -> Any:
    """Join the three counts of each example and class.

    Args:
        hits: Which classes were predicted and are true, shape (n, classes), an array or a sparse array.
        predicted: Which classes were predicted, of the same shape.
        true: Which classes are true, of the same shape.

    Returns:
        A sparse array, float64, shape (n, 3 * classes). Sparse, because of thousands of classes an example has few.

    Example:
        >>> as_rows(np.array([[1, 0]]), np.array([[1, 0]]), np.array([[1, 1]])).toarray().tolist()
        [[1.0, 0.0, 1.0, 0.0, 1.0, 1.0]]
    """
    from scipy import sparse

    return sparse.csc_array(
        sparse.hstack([sparse.csc_array(part) for part in (hits, predicted, true)]), dtype=np.float64
    )


def split(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split sums of ``as_rows`` into true positives, predicted positives and actual positives, each of shape (classes,).

    Args:
        sums: float64, shape (3 * classes,).

    Example:
        >>> [part.tolist() for part in split(np.arange(6.0))]
        [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    """
    hits, predicted, true = sums.reshape(3, -1)
    return hits, predicted, true


def balanced_accuracy(sums: np.ndarray) -> float:
    """Return the mean recall of the classes that occur.

    Args:
        sums: Sums of ``as_rows``, float64, shape (3 * classes,).

    Example:
        >>> balanced_accuracy(np.array([1.0, 4.0, 2.0, 6.0, 2.0, 4.0]))
        0.75
    """
    hits, _, true = split(sums)
    return float((hits[true > 0] / true[true > 0]).mean())


def macro_f1(sums: np.ndarray) -> float:
    """Return the mean F1 of the classes that occur or are predicted; NaN without any such class.

    Args:
        sums: Sums of ``as_rows``, float64, shape (3 * classes,).

    Example:
        >>> macro_f1(np.array([1.0, 4.0, 2.0, 4.0, 2.0, 4.0]))
        0.75
    """
    hits, predicted, true = split(sums)
    either = predicted + true
    return float((2 * hits[either > 0] / either[either > 0]).mean()) if either.any() else float("nan")


def weighted_f1(sums: np.ndarray) -> float:
    """Return the mean F1, with a weight for each class that is the number of its examples; NaN without examples.

    Args:
        sums: Sums of ``as_rows``, float64, shape (3 * classes,).

    Example:
        >>> round(weighted_f1(np.array([1.0, 4.0, 2.0, 4.0, 2.0, 4.0])), 4)
        0.8333
    """
    hits, predicted, true = split(sums)
    f1 = 2 * hits / np.where(predicted + true > 0, predicted + true, 1)
    return float(np.average(f1, weights=true)) if true.any() else float("nan")


def _counts(scores: Any) -> Any:
    return scores.counts


BALANCED_ACCURACY = Measure(_counts, balanced_accuracy)
MACRO_F1, WEIGHTED_F1 = Measure(_counts, macro_f1), Measure(_counts, weighted_f1)


def table(names: tuple[str, ...], sums: np.ndarray, areas: np.ndarray) -> list[dict[str, Any]]:
    """Return precision, recall, F1, support and ROC-AUC of each class as JSON values.

    Args:
        names: The names of the classes.
        sums: Sums of ``as_rows``, float64, shape (3 * classes,).
        areas: From ``roc_areas``, shape (classes,).

    Returns:
        A dict for each class. The precision of a class that is never predicted is 0. ROC-AUC is None for a class that all examples
        have, or none. F1 is None for a class without actual and predicted positives, and the macro F1 leaves it out.
    """
    hits, predicted, support = split(sums)
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    return [
        {
            "name": name,
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]) if predicted[i] + support[i] > 0 else None,
            "support": int(support[i]),
            "roc_auc": float(areas[i]) if np.isfinite(areas[i]) else None,
        }
        for i, name in enumerate(names)
    ]
