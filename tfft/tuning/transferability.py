"""Scores that say, without training, how well features predict targets.

::

    logme     the log evidence of a Bayesian linear model of the targets
    h_score   how far the means of the classes are apart, relative to the spread of the features

Both compare backbones on the same examples; a single value says little.
"""

from typing import Any

import numpy as np

# the ratio of the precision of the weights to that of the noise, relative to the largest eigenvalue of the features
_RATIOS = np.logspace(-12, 6, 55)
_ITERATIONS, _TOLERANCE = 500, 1e-6


def logme(features: np.ndarray, targets: np.ndarray) -> float:
    """Compute the largest log evidence of a linear model with Gaussian weights and noise, for each example and target.

    Args:
        features: Finite floats, shape (n, width).
        targets: Finite numbers, shape (n, outputs): classes as zeros and ones, several labels, or quantities. Columns that are the
            same for all examples, such as those of a class without examples, are ignored.

    Returns:
        The mean over targets of the log evidence divided by n, in nats. Higher is better. NaN when no target varies.

    Example:
        >>> ids = np.arange(40) % 2
        >>> noise = np.random.default_rng(0).normal(size=(40, 3))
        >>> logme(noise + 5 * ids[:, None], np.eye(2)[ids]) > logme(noise, np.eye(2)[ids])
        True

    Source:
        You et al. 2021, "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", algorithm 1, with the fixed
        point iteration of You et al. 2022, "Ranking and Tuning Pre-trained Models", section 4.4. Here it begins at the best of
        several ratios instead of at 1, because the evidence can have several maxima.
    """
    targets = np.asarray(targets, np.float64)
    targets = targets[:, (targets != targets[:1]).any(axis=0)]
    if not targets.shape[1]:
        return float("nan")
    features = np.asarray(features, np.float64)
    left, eigenvalues = _directions(features, np.linalg.norm(features))
    inside = (left.T @ targets) ** 2
    outside = np.maximum((targets**2).sum(axis=0) - inside.sum(axis=0), 0.0)
    if not len(eigenvalues):
        return float(_evidence(np.ones(targets.shape[1]), eigenvalues, inside, outside, len(targets)).mean())
    lowest, highest = _RATIOS[0] * eigenvalues[0], _RATIOS[-1] * eigenvalues[0]
    tried = np.stack(
        [
            _evidence(np.full(targets.shape[1], ratio), eigenvalues, inside, outside, len(targets))
            for ratio in _RATIOS * eigenvalues[0]
        ]
    )
    ratios = _RATIOS[tried.argmax(axis=0)] * eigenvalues[0]
    for _ in range(_ITERATIONS):
        sums = eigenvalues[:, None] + ratios
        effective = (eigenvalues[:, None] / sums).sum(axis=0)
        weights = (eigenvalues[:, None] * inside / sums**2).sum(axis=0)
        residual = ((ratios / sums) ** 2 * inside).sum(axis=0) + outside
        below = np.maximum(weights * (len(targets) - effective), np.finfo(np.float64).tiny)
        before, ratios = ratios, np.clip(effective * residual / below, lowest, highest)
        if np.abs(np.log(ratios / before)).max() < _TOLERANCE:
            break
    found = _evidence(ratios, eigenvalues, inside, outside, len(targets))
    return float(np.maximum(found, tried.max(axis=0)).mean())


def h_score(features: np.ndarray, classes: np.ndarray) -> float:
    """Compute the variance of the class means of the features, relative to the variance of the features.

    Args:
        features: Finite floats, shape (n, width).
        classes: The class id of each example, int64, shape (n,).

    Returns:
        A number from 0 to the number of classes without one. Higher is better.

    Example:
        >>> ids = np.arange(40) % 2
        >>> noise = np.random.default_rng(0).normal(size=(40, 3))
        >>> h_score(noise + 5 * ids[:, None], ids) > 0.8 > 0.2 > h_score(noise, ids)
        True

    Source:
        Bao et al. 2019, "An Information-Theoretic Approach to Transferability in Task Transfer Learning"; with the covariance of
        Ledoit and Wolf 2004, as in Ibrahim et al. 2022, "Newer is not always better: Rethinking transferability metrics, their
        peculiarities, stability and performance", because features outnumber examples.
    """
    features = np.asarray(features, np.float64)
    count, width = features.shape
    centered = features - features.mean(axis=0)
    left, eigenvalues = _directions(centered, np.linalg.norm(features))
    variances = eigenvalues / count
    shrinkage = _shrinkage(centered, variances)
    means = np.zeros(len(variances))
    for one in np.unique(classes):
        own = left[classes == one]
        means += own.sum(axis=0) ** 2 / len(own)
    shrunk = (1 - shrinkage) * variances
    whole = shrunk + shrinkage * variances.sum() / width
    return float((shrunk * means / whole).sum())


def _directions(features: np.ndarray, scale: Any) -> tuple[np.ndarray, np.ndarray]:
    """The left singular vectors, shape (n, rank), and the squares of the singular values, descending.

    Args:
        features: Shape (n, width).
        scale: The norm of the numbers from which they were computed; values below its rounding errors are zero.
    """
    left, values, _ = np.linalg.svd(features, full_matrices=False)
    kept = values > scale * max(features.shape) * np.finfo(np.float64).eps
    return left[:, kept], values[kept] ** 2


def _evidence(
    ratios: np.ndarray, eigenvalues: np.ndarray, inside: np.ndarray, outside: np.ndarray, count: int
) -> np.ndarray:
    """The log evidence of each target for an example, at the best precision of the noise for these ratios.

    Args:
        ratios: The precision of the weights divided by that of the noise, shape (outputs,).
        eigenvalues: Those of the features, shape (rank,).
        inside: The squares of the targets along the directions of the features, shape (rank, outputs).
        outside: The sum of squares in all other directions, shape (outputs,).
        count: The number of examples.
    """
    shares = ratios / (eigenvalues[:, None] + ratios)
    error = (shares * inside).sum(axis=0) + outside
    noise = np.log(count / error) - np.log(2 * np.pi) - 1
    return np.asarray((noise + np.log(shares).sum(axis=0) / count) / 2)


def _shrinkage(centered: np.ndarray, variances: np.ndarray) -> float:
    """The weight of a multiple of the identity in the covariance, from 0 to 1 (Ledoit and Wolf 2004, lemma 3.2 to 3.4).

    scikit-learn computes the same from a matrix of shape (width, width), which takes minutes for wide features.
    """
    (count, width), total = centered.shape, variances.sum()
    distance = (variances**2).sum() - total**2 / width
    error = (((centered**2).sum(axis=1) ** 2).sum() / count - (variances**2).sum()) / count
    # a covariance that is a multiple of the identity, as that of one feature, needs no shrinkage
    return float(min(error, distance) / distance) if distance > _TOLERANCE * (variances**2).sum() else 0.0
