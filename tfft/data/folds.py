"""Divide examples into folds for a cross-validation: stratified, seeded, and with groups and duplicates in one fold."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from tfft.core.errors import DataError, kind_of, quantity, shortlist
from tfft.core.seed import derive
from tfft.data.examples import Examples, Splits
from tfft.data.splits import HOLDOUT, choose


@dataclass(frozen=True, eq=False)
class Fold:
    """The positions of the examples of one fold; each array is int64, ascending, and shares no example with the others.

    Attributes:
        train: The examples that the weights are fitted to, shape (a,).
        validation: The examples by which the best weights are chosen; they are split off from the other folds, shape (b,).
        held_out: The examples of this fold, which nothing else uses, shape (c,).
    """

    train: np.ndarray
    validation: np.ndarray
    held_out: np.ndarray

    def splits(self, pool: Examples, seed: int) -> Splits:
        """Return the data of a fit, with the examples of this fold as its test part.

        Args:
            pool: The examples that were divided, with targets of any shape.
            seed: The seed of the folds.

        Returns:
            Splits.
        """
        train, validation, test = (pool.take(positions) for positions in (self.train, self.validation, self.held_out))
        return Splits(train, validation, test, pool.labels, seed)


def folds_of(pool: Examples, count: int, seed: int = 0) -> list[Fold]:
    """Divide examples into folds. Every example is held out once.

    Each fold has the same share of every class, as far as groups allow it. Examples of a group are in one fold, and so are examples
    with the same content. In each fold, 15 % of the other folds become the validation part, as when tfft splits data.

    Args:
        pool: n examples with targets of any shape.
        count: The number of folds, at least 2.
        seed: The seed of the folds and of the validation parts.

    Returns:
        ``count`` folds.

    Raises:
        DataError: When ``count`` is not a whole number of at least 2, or a class has too few examples or groups.

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> names = tuple(str(number) for number in range(12))
        >>> pool = Examples(names, np.array([0, 1] * 6), LabelSpace(("ants", "bees")), names)
        >>> [fold.held_out.tolist() for fold in folds_of(pool, 3)]
        [[1, 4, 9, 10], [2, 5, 6, 11], [0, 3, 7, 8]]
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 2:
        raise DataError(
            "folds must be a whole number of at least 2.",
            repr(count) if isinstance(count, (int, float)) else kind_of(count),
            "folds=5 is a good start.",
        )
    members = together_in(pool)
    strata = pool.target.strata(pool.targets)
    _check_enough(pool, members, strata, count)
    several = members.max() + 1 < len(pool)
    together = replace(pool, groups=members.astype(str) if several else None)
    fold_of = dealt(members, strata, count, derive(seed, "folds"))
    folds = []
    for number in range(count):
        others = np.flatnonzero(fold_of != number)
        rows = together.take(others)
        chosen = choose(rows, HOLDOUT[0], derive(seed, "validation"))
        train = np.delete(others, chosen)
        _check_train(pool.take(train), len(chosen), number)
        folds.append(Fold(train, others[chosen], np.flatnonzero(fold_of == number)))
    return folds


def together_in(pool: Examples) -> np.ndarray:
    """Number the sets of examples that must not be divided: those of a group, and those with the same content.

    Args:
        pool: n examples with targets of any shape.

    Returns:
        The number of the set of each example, int64, shape (n,).

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> together_in(Examples("abc", np.array([0, 1, 0]), LabelSpace(("ants", "bees")), ("1", "2", "1"))).tolist()
        [0, 1, 0]
    """
    keys = [np.unique(pool.digests, return_inverse=True)[1]]
    if pool.groups is not None:
        keys.append(np.unique(pool.groups, return_inverse=True)[1])
    found, before = np.arange(len(pool)), None
    while before is None or not np.array_equal(before, found):  # a duplicate may connect two groups
        before = found
        for key in keys:
            lowest = np.full(key.max(initial=0) + 1, len(pool))
            np.minimum.at(lowest, key, found)
            found = lowest[key]
    return np.asarray(np.unique(found, return_inverse=True)[1])


def _check_enough(pool: Examples, members: np.ndarray, strata: np.ndarray, count: int) -> None:
    """Refuse classes with too few examples for every fold, training and validation."""
    least = 4 if count == 2 else count  # every class must be in training, in validation, and held out
    sets = Counter(np.unique(np.stack([strata, members]), axis=1)[0].tolist())
    names = list(pool.counts())
    if pool.target.every_class and names:
        few = {name: sets[index] for index, name in enumerate(names) if sets[index] < least}
        got = shortlist([f"{name}: {found}" for name, found in few.items()])
        what, fewest = (
            f"{quantity(count, 'fold')} need {least} examples of every class",
            min(few.values(), default=least),
        )
    else:
        fewest = int(members.max(initial=-1)) + 1
        what, got = f"{quantity(count, 'fold')} need at least {least} examples", str(fewest)
    if fewest >= least:
        return
    grouped = " Examples of one group count once." if pool.groups is not None else " Duplicates count once."
    fewer = (
        f"Use folds={max(3, fewest)}, or add examples." if fewest >= 3 else "Add examples, or leave out these classes."
    )
    raise DataError(f"{what}.{grouped}", got, fewer)


def dealt(members: np.ndarray, strata: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Deal sets of examples to folds: large sets first, each to the fold that has fewest of its strata.

    Args:
        members: The number of the set of each example, from 0, shape (n,).
        strata: The stratum of each example, shape (n,).
        count: The number of folds.
        seed: The seed of the order of sets of one size.

    Returns:
        The fold of each example, int64, shape (n,).

    Example:
        >>> dealt(np.array([0, 0, 1, 2]), np.zeros(4, np.int64), 2, seed=0).tolist()
        [0, 0, 1, 1]

    Source:
        The greedy order of scikit-learn's ``StratifiedGroupKFold``, with a cost that needs no pass over all strata.
    """
    order = np.random.default_rng(seed).permutation(int(members.max()) + 1)
    order = order[np.argsort(-np.bincount(members)[order], kind="stable")]
    inside: list[Counter[int]] = [Counter() for _ in order]
    for member, stratum in zip(members.tolist(), strata.tolist(), strict=True):
        inside[member][stratum] += 1
    total = Counter(strata.tolist())
    held: list[Counter[int]] = [Counter() for _ in range(count)]
    sizes, fold_of = [0] * count, np.zeros(len(order), np.int64)
    for member in order.tolist():
        own = inside[member]

        def cost(fold: int, own: Counter[int] = own) -> tuple[float, int]:
            return sum(held[fold][each] * number / total[each] for each, number in own.items()), sizes[fold]

        fold_of[member] = chosen = min(range(count), key=cost)
        held[chosen].update(own)
        sizes[chosen] += own.total()
    return fold_of[members]


def _check_train(train: Examples, validation: int, number: int) -> None:
    missing = [name for name, found in train.counts().items() if not found] if train.target.every_class else []
    if missing or not len(train) or not validation:
        raise DataError(
            f"Fold {number + 1} leaves no training example of {shortlist(missing)}."
            if missing
            else f"Fold {number + 1} leaves no example for training or validation.",
            f"{quantity(len(train), 'training example')}, {validation} for validation",
            "Use fewer folds or smaller groups, or add examples.",
        )
