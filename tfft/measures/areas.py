"""Compute the area under the ROC curve of each class, for examples with weights."""

import numpy as np


def levels(probabilities: np.ndarray) -> list[np.ndarray]:
    """Rank the examples by the probability of each class.

    Args:
        probabilities: Shape (n, classes).

    Returns:
        For each class, the rank of each example among the distinct probabilities, int64, shape (n,), in ascending order.

    Example:
        >>> [ranks.tolist() for ranks in levels(np.array([[0.9], [0.1], [0.9]]))]
        [[1, 0, 1]]
    """
    return [np.unique(column, return_inverse=True)[1] for column in probabilities.T]


def roc_areas(ranks: list[np.ndarray], truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the ROC-AUC of each class: the probability that an example of the class scores higher than another; ties count half.

    scikit-learn is not used here, because it would sort all scores again for each draw of a bootstrap.

    Args:
        ranks: From ``levels``.
        truth: Which classes each example has, boolean, shape (n, classes).
        weights: How often each example counts, shape (n,).

    Returns:
        float64, shape (classes,); NaN for a class that all examples have, or none.

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.95, 0.05]])
        >>> truth = np.array([[True, False], [False, True], [False, True]])
        >>> roc_areas(levels(probabilities), truth, np.ones(3)).tolist()
        [0.5, 0.5]

    Source:
        Hanley and McNeil 1982: the area under the ROC curve is the Mann-Whitney statistic.
    """
    areas = np.full(len(ranks), np.nan)
    for class_id, level in enumerate(ranks):
        has = np.bincount(level, weights * truth[:, class_id])
        lacks = np.bincount(level, weights) - has
        if has.sum() > 0 and lacks.sum() > 0:
            below = np.cumsum(lacks) - lacks / 2
            areas[class_id] = (has * below).sum() / (has.sum() * lacks.sum())
    return areas


def mean_area(ranks: list[np.ndarray], truth: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean of the areas that are defined; NaN when no area is defined.

    Args:
        ranks: As for ``roc_areas``, from ``levels``.
        truth: Which classes each example has, boolean, shape (n, classes).
        weights: How often each example counts, shape (n,).
    """
    areas = roc_areas(ranks, truth, weights)
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")
