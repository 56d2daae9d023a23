"""Solve a linear head exactly: the weights with the lowest loss for given features, and a penalty chosen by cross-validation.

::

    solve_classes      one class for each example: multinomial logistic regression
    solve_labels       several labels: a logistic regression for each
    solve_quantities   ridge regression

scikit-learn does the arithmetic, on standardised features.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

# the strength of the penalty for standardised features, as a share of the mean loss
_PENALTIES = np.logspace(-4, 1, 11)[::-1]
_FOLDS = 5
# from here on one fold is enough to choose a penalty, and five would take minutes
_MANY = 2_500
_WORSE_IN_A_ROW = 2
_ITERATIONS, _TOLERANCE = 300, 1e-4
# with several threads, products of smaller matrices take longer; on a machine with other work, 50 times as long
_SMALL = 5_000_000
# the logit of a class without examples
_NEVER = -10.0


class Solved(NamedTuple):
    """The solution of a linear head.

    Attributes:
        kernel: float32, shape (width, outputs).
        bias: float32, shape (outputs,).
        penalty: The chosen strength of the penalty, relative to the mean loss.
        converged: Whether it is the minimum; False when the iterations ended before, as for separable classes with a weak penalty.
    """

    kernel: np.ndarray
    bias: np.ndarray
    penalty: float
    converged: bool = True


Solver = Callable[[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray | None], Solved]
"""A function: features, targets, weights of n examples, a seed, and which examples belong together -> the solution."""


def solve_classes(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, seed: int, together: np.ndarray | None = None
) -> Solved:
    """Fit a multinomial logistic regression.

    Args:
        features: float, shape (n, width).
        targets: A probability for each class, shape (n, classes); the class with the largest one is learned.
        weights: The weight of each example, shape (n,).
        seed: The seed of the folds.
        together: The number of the set of each example, shape (n,): examples of a set are in one fold, such as those of a
            group. None for examples that are all different.

    Returns:
        The solution. A class without an example gets a constant logit of -10.

    Example:
        >>> found = solve_classes(np.array([[0.0], [1.0], [2.0], [3.0]]), np.eye(2)[[0, 0, 1, 1]], np.ones(4), seed=0)
        >>> (np.array([[0.0], [3.0]]) @ found.kernel + found.bias).argmax(axis=1).tolist()
        [0, 1]

    Source:
        Hastie, Tibshirani and Friedman 2009, section 4.4; the penalty by cross-validation, section 7.10.
    """
    ids = targets.argmax(axis=1)
    there, own = np.unique(ids, return_inverse=True)
    kernel = np.zeros((features.shape[1], targets.shape[1]), np.float32)
    bias = np.full(targets.shape[1], _NEVER, np.float32)
    if len(there) == 1:
        bias[there] = 0.0
        return Solved(kernel, bias, np.inf)
    found = _solved(features, own, weights, own, (seed, together), _LOGISTIC)
    kernel[:, there], bias[there] = found.kernel, found.bias
    return found._replace(kernel=kernel, bias=bias)


def solve_labels(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, seed: int, together: np.ndarray | None = None
) -> Solved:
    """Fit a logistic regression for each label, each with a penalty of its own.

    Args:
        features: float, shape (n, width).
        targets: Zeros and ones, shape (n, labels).
        weights: The weight of each example, shape (n,).
        seed: The seed of the folds.
        together: The number of the set of each example, shape (n,): examples of a set are in one fold, such as those of a
            group. None for examples that are all different.

    Returns:
        The solution, with the mean of all penalties.

    Example:
        >>> found = solve_labels(np.array([[0.0], [1.0], [2.0], [3.0]]), np.eye(2)[[0, 0, 1, 1]], np.ones(4), seed=0)
        >>> (np.array([[0.0], [3.0]]) @ found.kernel + found.bias > 0).tolist()
        [[True, False], [False, True]]
    """
    each = [solve_classes(features, np.stack([1 - one, one], axis=1), weights, seed, together) for one in targets.T]
    return Solved(
        np.stack([one.kernel[:, 1] - one.kernel[:, 0] for one in each], axis=1),
        np.array([one.bias[1] - one.bias[0] for one in each], np.float32),
        float(np.mean([one.penalty for one in each])),
        all(one.converged for one in each),
    )


def solve_quantities(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, seed: int, together: np.ndarray | None = None
) -> Solved:
    """Fit a ridge regression, with one penalty for all quantities.

    Args:
        features: float, shape (n, width).
        targets: Standardised quantities, shape (n, quantities).
        weights: The weight of each example, shape (n,).
        seed: The seed of the folds.
        together: The number of the set of each example, shape (n,): examples of a set are in one fold, such as those of a
            group. None for examples that are all different.

    Returns:
        The solution.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(50, 3))
        >>> found = solve_quantities(features, features[:, :1] * 2 + 1, np.ones(50), seed=0)
        >>> np.round(found.kernel[:, 0]).tolist(), np.round(found.bias).tolist()
        ([2.0, 0.0, 0.0], [1.0])

    Source:
        Hastie, Tibshirani and Friedman 2009, section 3.4.1.
    """
    return _solved(features, targets, weights, None, (seed, together), _RIDGE)


class _Kind(NamedTuple):
    """How a model is fitted and judged.

    Attributes:
        make: Returns an estimator of scikit-learn; one that needs iterations starts from its last solution.
        set_penalty: An estimator, the penalty relative to the mean loss, and the sum of the weights -> nothing.
        losses: An estimator, features and targets -> the loss of each example.
    """

    make: Callable[[], Any]
    set_penalty: Callable[[Any, float, float], None]
    losses: Callable[[Any, np.ndarray, np.ndarray], np.ndarray]


def _solved(
    features: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    classes: np.ndarray | None,
    folds: tuple[int, np.ndarray | None],
    kind: _Kind,
) -> Solved:
    """Standardise the features, choose the penalty, fit, and undo the standardisation in the weights."""
    from threadpoolctl import threadpool_limits

    counted, (seed, together) = weights > 0, folds
    together = np.arange(len(weights)) if together is None else together
    features, targets, weights = features[counted].astype(np.float64), targets[counted], weights[counted]
    classes = None if classes is None else classes[counted]
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # constant features are ignored
    scale = np.where(scale > _TOLERANCE * np.abs(mean) + np.finfo(np.float32).tiny, scale, np.inf)
    rows = (features - mean) / scale
    with threadpool_limits(1 if rows.size < _SMALL else None, user_api="blas"):
        penalty = _penalty(rows, targets, weights, list(_folds(together[counted], classes, seed)), kind)
        fitted = _fitted(kind, kind.make(), penalty, (rows, targets, weights))
    kernel = np.atleast_2d(fitted.coef_).T
    bias = np.atleast_1d(fitted.intercept_)
    if classes is not None and kernel.shape[1] == 1:  # for two classes, scikit-learn has the difference of their logits
        kernel, bias = np.hstack([-kernel, kernel]) / 2, np.hstack([-bias, bias]) / 2
    kernel = kernel / scale[:, None]
    converged = fitted.n_iter_ is None or bool(np.max(fitted.n_iter_) < _ITERATIONS)  # a ridge has no iterations
    return Solved(kernel.astype(np.float32), (bias - mean @ kernel).astype(np.float32), penalty, converged)


def _penalty(
    rows: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    folds: list[tuple[np.ndarray, np.ndarray]],
    kind: _Kind,
) -> float:
    """The penalty with the lowest loss on held-out folds; from the strongest on, until it only gets worse."""
    losses: list[float] = []
    estimators = [kind.make() for _ in folds]  # each continues from the solution for the penalty before
    for penalty in _PENALTIES:
        found = 0.0
        for estimator, (train, held_out) in zip(estimators, folds, strict=True):
            fitted = _fitted(kind, estimator, penalty, (rows[train], targets[train], weights[train]))
            found += float(kind.losses(fitted, rows[held_out], targets[held_out]) @ weights[held_out])
        losses.append(found)
        if len(losses) > _WORSE_IN_A_ROW and min(losses) not in losses[-_WORSE_IN_A_ROW:]:
            break
    return float(_PENALTIES[int(np.argmin(losses))])


def _folds(together: np.ndarray, classes: np.ndarray | None, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions to train on and to hold out; a held-out example has a class that is trained on, and no set is divided."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    count, sets = len(together), len(np.unique(together))
    fewest = count if classes is None else int(np.bincount(classes).min())
    folds = min(_FOLDS, sets)
    if folds < 2:
        return
    stratified = classes is not None and fewest >= folds
    alone, divided = (StratifiedKFold, StratifiedGroupKFold) if stratified else (KFold, GroupKFold)
    kind, groups = (alone, None) if sets == count else (divided, together)
    found = kind(folds, shuffle=True, random_state=seed).split(np.zeros((count, 1)), classes, groups)
    for number, (train, held_out) in enumerate(found):
        if number and count >= _MANY:
            return
        if classes is not None:
            held_out = held_out[np.isin(classes[held_out], classes[train])]
        if len(held_out) and (classes is None or len(np.unique(classes[train])) > 1):
            yield train, held_out


def _fitted(kind: _Kind, estimator: Any, penalty: float, examples: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Any:
    """The estimator, fitted to features, targets and weights."""
    from sklearn.exceptions import ConvergenceWarning

    rows, targets, weights = examples
    kind.set_penalty(estimator, penalty, float(weights.sum()))
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # weak penalties on separable classes end at the most iterations
        return estimator.fit(rows, targets, sample_weight=weights)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=_ITERATIONS, tol=_TOLERANCE, warm_start=True)


def _set_penalty_of_logistic(estimator: Any, penalty: float, total: float) -> None:
    estimator.C = 1 / (penalty * total)


def _log_losses(fitted: Any, rows: np.ndarray, targets: np.ndarray) -> np.ndarray:
    found = fitted.predict_proba(rows)[np.arange(len(rows)), np.searchsorted(fitted.classes_, targets)]
    return np.asarray(-np.log(np.maximum(found, np.finfo(np.float64).tiny)))


def _ridge() -> Any:
    from sklearn.linear_model import Ridge

    return Ridge()


def _set_penalty_of_ridge(estimator: Any, penalty: float, total: float) -> None:
    estimator.alpha = penalty * total


def _squared(fitted: Any, rows: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.asarray(((fitted.predict(rows).reshape(targets.shape) - targets) ** 2).sum(axis=1))


_LOGISTIC = _Kind(_logistic, _set_penalty_of_logistic, _log_losses)
_RIDGE = _Kind(_ridge, _set_penalty_of_ridge, _squared)
