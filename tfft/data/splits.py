"""Turn pools of examples into Splits. All sources of data use this module, so that all are split and checked in the same way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.seed import derive
from tfft.core.specs import LabelSpace
from tfft.data import data_warnings
from tfft.data.examples import Examples, Splits
from tfft.data.files.parts import PARTS, meant
from tfft.data.raw_examples import OnCorrupt, Pool, examine
from tfft.data.strings import refuse_swapped
from tfft.data.targets import Target, target_of
from tfft.data.targets.label_space import label_space
from tfft.data.values import is_missing

_MANY = 20
_INTEGERS = " Integers and text are classes; if these targets are quantities, pass floats, or write 20.0."
HOLDOUT = (0.15, 0.15)


@dataclass(frozen=True)
class Splitting:
    """How missing parts are split off from the training examples of a source.

    Attributes:
        holdout: Fractions of the training examples for (validation, test), used for parts that the source does not have; with a
            fraction of 0 there is no such part.
        seed: The user's seed.
        on_corrupt: ``"error"`` raises when an image cannot be read, ``"skip"`` leaves it out and lists it.
        skippable: Whether the source has the option ``on_corrupt``, so that errors may advise it.

    Raises:
        DataError: When ``holdout`` is not a pair of fractions that leaves examples for training, or ``on_corrupt`` is unknown.
    """

    holdout: tuple[float, float] = HOLDOUT
    seed: int = 0
    on_corrupt: OnCorrupt = "error"
    skippable: bool = True

    def __post_init__(self) -> None:
        fractions = self.holdout if isinstance(self.holdout, (tuple, list)) else ()
        numbers = [f for f in fractions if isinstance(f, Real) and 0 <= f < 1]
        if len(fractions) != 2 or len(numbers) != 2 or not 1 - sum(numbers) > 0:
            raise DataError(
                "holdout must be two fractions (validation, test) that leave something to train on.",
                repr(self.holdout),
                "Write holdout=(0.15, 0.15).",
            )
        if self.on_corrupt not in ("error", "skip"):
            raise DataError(f"on_corrupt={self.on_corrupt!r} is unknown.", fix="Use 'error' or 'skip'.")


def assemble(
    pools: Mapping[str, Pool],
    splitting: Splitting,
    names: Sequence[str] | None = None,
    source: str = "",
    labels: LabelSpace | None = None,
) -> Splits:
    """Encode labels, inspect every input once, split off the missing parts, and warn of overlaps.

    Args:
        pools: The pools by part: ``"train"`` and, when the source has them, ``"validation"`` and ``"test"``.
        splitting: How missing parts are split off.
        names: Class names in id order, when the source knows them.
        source: The call that reads the data, as text.
        labels: The label space, when the source knows it; then a training part is not needed. None to infer it from the training
            targets.

    Returns:
        Splits; ``Examples`` describes dtypes and shapes of the targets.

    Raises:
        DataError: For data that would make training fail: no training part, only one class, missing or unknown labels, unreadable
            images, too few examples to split.

    Example:
        >>> images = np.random.default_rng(0).integers(0, 255, (12, 8, 8, 3), np.uint8)
        >>> pool = Pool(images, ["ants", "bees"] * 6, groups=list("aaaabbbbcccc"))
        >>> assemble({"train": pool}, Splitting(holdout=(0.3, 0))).describe()
        '8 train, 4 validation, no test part; 2 classes'
    """
    _check_parts(pools, labels)
    names = None if names is None else [str(name) for name in names]
    if labels is None:
        refuse_swapped(pools["train"].inputs, pools["train"].targets)
        labels = label_space(pools["train"].targets, names)
    target = target_of(labels)
    encoded = {part: target.read(p.targets, part, names is not None) for part, p in pools.items()}
    if "train" in encoded:
        data_warnings.warn_labels(target, encoded["train"])
    skipped: list[str] = []
    whole: dict[str, Examples] = {}
    for part, pool in pools.items():
        examples, good, faults = examine(
            pool, encoded[part], target.labels, splitting.on_corrupt, part, splitting.skippable
        )
        skipped += faults
        whole[part] = replace(examples, groups=None if pool.groups is None else _group_names(pool, part)[good])
    data_warnings.warn_groups({part: examples.groups for part, examples in whole.items()})
    if "train" in whole:
        parts = _split(whole, splitting)
        _check(parts, target)
    else:
        nothing = next(iter(whole.values())).take([])
        parts = {"train": nothing, "validation": nothing} | whole
    labels = target.fitted(parts["train"].targets)
    parts = {part: replace(examples, labels=labels) for part, examples in parts.items()}
    data_warnings.warn_overlap(parts)
    data_warnings.warn_contradictions(parts)
    data_warnings.warn_absent(parts)
    kept = parts["train"], parts["validation"], parts.get("test")
    left_out = dict(sum((Counter(pool.left_out) for pool in pools.values()), Counter()))
    return Splits(*kept, labels, splitting.seed, tuple(skipped), source, left_out)


def _check_parts(pools: Mapping[str, Pool], labels: LabelSpace | None) -> None:
    strange = [part for part in pools if part not in PARTS]
    if strange:
        raise DataError(f"There is no part {strange[0]!r}.", shortlist(pools), meant(strange))
    if "train" not in pools and labels is None:
        raise DataError("There is no training part.", shortlist(pools), "Name one part 'train'.")
    for part, pool in pools.items():
        if not len(pool.inputs):
            raise DataError(
                f"The {part} part holds no examples.", "0 examples", "Check where it is read from, or leave it out."
            )


def _group_names(pool: Pool, part: str) -> np.ndarray:
    """The groups as strings, because NumPy cannot sort names of different types."""
    values = list(pool.groups) if pool.groups is not None else []
    if len(values) != len(pool.inputs):
        raise DataError(
            f"The {part} part needs one group for each example.",
            f"{quantity(len(values), 'group')} for {quantity(len(pool.inputs), 'example')}",
            "Pass one group name for each of them.",
        )
    lost = [index for index, value in enumerate(values) if is_missing(value)]
    if lost:
        raise DataError(
            f"{quantity(len(lost), 'example')} of the {part} part {'have' if len(lost) > 1 else 'has'} no group.",
            f"row{'s' if len(lost) > 1 else ''} {shortlist(lost)}",
            "Fill in the groups, with a unique name for each example that belongs to no group.",
        )
    return np.array([str(value) for value in values])


def _split(whole: dict[str, Examples], splitting: Splitting) -> dict[str, Examples]:
    pool, validation_fraction, test_fraction = whole["train"], *splitting.holdout
    wanted = {"validation": validation_fraction} if validation_fraction and "validation" not in whole else {}
    if test_fraction and "test" not in whole:
        wanted["test"] = test_fraction
    rest = np.arange(len(pool))
    parts = dict(whole)
    taken = 0.0
    for name, fraction in wanted.items():
        rows = pool.take(rest)
        # of each class, keep one group for training and one for each part that is still to be split off
        spare = len(wanted) - list(wanted).index(name)
        chosen = choose(rows, fraction / (1 - taken), derive(splitting.seed, name), spare)
        parts[name] = rows.take(chosen)
        rest = np.delete(rest, chosen)
        taken += fraction
    parts["train"] = pool.take(rest)
    return {name: parts[name] for name in PARTS if name in parts}


def choose(rows: Examples, fraction: float, seed: int, spare: int = 1) -> np.ndarray:
    """Choose the examples of one part: the same fraction of every class; for quantities, a random fraction of all examples.

    Args:
        rows: The n examples to split; those of a group stay together.
        fraction: The share of the examples, in (0, 1).
        seed: The seed of the choice.
        spare: The number of groups of each class that are left, if the examples have groups.

    Returns:
        Positions, int64, shape (m,), ascending.

    Raises:
        DataError: When there is only one group.

    Example:
        >>> rows = Examples(list("abcd"), np.array([0, 0, 1, 1]), LabelSpace(("ants", "bees")), tuple("abcd"))
        >>> rows.targets[choose(rows, 0.5, seed=0)].tolist()
        [0, 1]
    """
    if rows.groups is not None:
        return _choose_groups(rows, rows.groups, fraction, seed, spare)
    random = np.random.default_rng(seed)
    if not len(rows):
        return np.arange(0)
    # with one class per example, every part gets every class, or _check raises; with several labels, rare ones stay in training
    least = 1 if rows.target.every_class else 0
    strata = rows.target.strata(rows.targets)
    chosen = []
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        chosen.append(random.permutation(members)[: max(least, round(len(members) * fraction))])
    return np.sort(np.concatenate(chosen))


def _choose_groups(rows: Examples, groups: np.ndarray, fraction: float, seed: int, spare: int) -> np.ndarray:
    """Choose groups in random order: each one that brings the classes closer to the requested fraction.

    scikit-learn's ``StratifiedGroupKFold`` makes folds, not fractions, and leaves out classes with few groups.
    """
    names, ids = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise DataError(
            "A grouped split needs at least one group for each part, training included.",
            f"{len(names)} group left for two parts",
            "Check the groups, or split off fewer parts: holdout=(0.15, 0).",
        )
    of_examples = rows.target.members(rows.targets)
    members = np.zeros((len(names), of_examples.shape[1]))
    np.add.at(members, ids, of_examples)
    total, groups_left = members.sum(axis=0), (members > 0).sum(axis=0)
    # take at least one group of every class that has enough groups for this part, the parts after it, and training
    need = np.where(groups_left > spare, np.maximum(fraction * total, total / np.maximum(groups_left, 1)), 0)
    held = []
    order = np.random.default_rng(seed).permutation(len(names))
    for group in order:
        has = members[group] > 0
        gain = (np.abs(need) - np.abs(need - members[group])) / np.maximum(total, 1)
        if gain.sum() > 0 and (groups_left[has] > spare).all():
            held.append(group)
            need, groups_left = need - members[group], groups_left - has
    return np.flatnonzero(np.isin(ids, held or order[:1]))


def _check(parts: dict[str, Examples], target: Target) -> None:
    for name in ("train", "validation", *parts):
        if name not in parts or not len(parts[name]):
            raise DataError(
                f"The {name} part is empty.",
                ", ".join(f"{len(examples)} {part}" for part, examples in parts.items()),
                "Every part needs examples, and every class needs one in each part that is split off: add some, or change holdout."
                + (_INTEGERS if target.every_class and len(parts["train"].counts()) > _MANY else ""),
            )
    if target.every_class:
        missing = [name for name, count in parts["train"].counts().items() if count == 0]
        if missing:
            raise DataError(
                f"The classes {shortlist(missing)} have no training example after the split.",
                ", ".join(f"{len(examples)} {part}" for part, examples in parts.items()),
                "Every class needs one example (with groups: one group) for each part that is split off, and one for "
                "training; targets that are a quantity must be floats.",
            )
