"""Pools of examples -> Splits: every origin of data goes through here, so that all are drawn, checked and warned alike."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tfft.core.errors import DataError, DataWarning, shortlist
from tfft.core.seed import derive
from tfft.core.specs import LabelSpace
from tfft.data import inspection, targets
from tfft.data.examples import Examples, Splits

OnCorrupt = Literal["error", "skip"]
PARTS = ("train", "validation", "test")
HOLDOUT = (0.15, 0.15)


@dataclass(frozen=True, eq=False)
class Pool:
    """Raw examples of one part, before labels are encoded.

    Attributes:
        inputs: Paths, bytes or arrays; length n.
        targets: Raw targets, as ``targets.label_space`` takes them; length n.
        groups: What must not be torn apart (a patient, a camera, an author), shape (n,); None when examples are independent.
    """

    inputs: Sequence[Any]
    targets: Any
    groups: Sequence[Any] | None = None


@dataclass(frozen=True)
class Drawing:
    """How parts that the source does not have are drawn from its training examples.

    Attributes:
        holdout: Fractions of the training examples for (validation, test). Used for parts that are missing; the test fraction
            only when the source has neither validation nor test.
        seed: The user's seed.
        on_corrupt: ``"error"`` raises when an image cannot be read, ``"skip"`` leaves it out and lists it.
    """

    holdout: tuple[float, float] = HOLDOUT
    seed: int = 0
    on_corrupt: OnCorrupt = "error"

    def __post_init__(self) -> None:
        if len(self.holdout) != 2 or not all(0 <= f < 1 for f in self.holdout) or not 1 - sum(self.holdout) > 0:
            raise DataError(
                "holdout must be two fractions (validation, test) that leave something to train on.",
                repr(self.holdout),
                "Write holdout=(0.15, 0.15).",
            )
        if self.on_corrupt not in ("error", "skip"):
            raise DataError(f"on_corrupt={self.on_corrupt!r} is unknown.", fix="Use 'error' or 'skip'.")


def assemble(pools: Mapping[str, Pool], drawing: Drawing, names: Sequence[str] | None = None) -> Splits:
    """Encode labels, look at every input once, draw the missing parts, and warn of overlaps.

    Args:
        pools: ``"train"`` and, where the source has them, ``"validation"`` and ``"test"``.
        drawing: How missing parts are drawn.
        names: Class names in id order, when the source knows them.

    Returns:
        Splits.

    Raises:
        DataError: For anything that training would stumble over later: no training part, one class, missing or unknown labels,
            unreadable images, too few examples to split.
    """
    if "train" not in pools:
        raise DataError("There is no training part.", shortlist(pools), "Name one part 'train'.")
    if not len(pools["train"].inputs):
        raise DataError("The training part holds no examples.", "0 examples", "Check the path it was read from.")
    labels = targets.label_space(pools["train"].targets, names)
    encoded = {part: targets.encode(pool.targets, labels, part) for part, pool in pools.items()}
    skipped: list[str] = []
    whole: dict[str, Examples] = {}
    groups: dict[str, np.ndarray | None] = {}
    for part, pool in pools.items():
        seen = inspection.inspect_images(pool.inputs)
        if drawing.on_corrupt == "error":
            inspection.refuse_faults(pool.inputs, seen)
        skipped += inspection.named_faults(pool.inputs, seen)
        good = np.setdiff1d(np.arange(len(pool.inputs)), [index for index, _ in seen.faults])
        whole[part] = Examples(pool.inputs, encoded[part], labels, seen.digests).take(good)
        groups[part] = None if pool.groups is None else np.asarray(pool.groups)[good]
    parts = _draw(whole, groups["train"], drawing)
    labels = targets.with_statistics(labels, parts["train"].targets)
    parts = {part: replace(examples, labels=labels) for part, examples in parts.items()}
    _check(parts, labels)
    warn_overlap(parts)
    return Splits(parts["train"], parts["validation"], parts.get("test"), labels, drawing.seed, tuple(skipped))


def _draw(whole: dict[str, Examples], groups: np.ndarray | None, drawing: Drawing) -> dict[str, Examples]:
    pool, validation_fraction, test_fraction = whole["train"], *drawing.holdout
    wanted = {"validation": validation_fraction} if validation_fraction and "validation" not in whole else {}
    if len(whole) == 1 and test_fraction:
        wanted["test"] = test_fraction
    rest = np.arange(len(pool))
    parts = dict(whole)
    taken = 0.0
    for name, fraction in wanted.items():
        rows = pool.take(rest)
        chosen = _choose(
            rows, None if groups is None else groups[rest], fraction / (1 - taken), derive(drawing.seed, name)
        )
        parts[name] = rows.take(chosen)
        rest = np.delete(rest, chosen)
        taken += fraction
    parts["train"] = pool.take(rest)
    return {name: parts[name] for name in PARTS if name in parts}


def _choose(rows: Examples, groups: np.ndarray | None, fraction: float, seed: int) -> np.ndarray:
    """Positions of one held-out part: whole groups, or the same share of every class, or a plain draw."""
    random = np.random.default_rng(seed)
    if groups is not None:
        return _choose_groups(rows, groups, fraction, seed)
    if rows.labels.kind != "single":
        return np.sort(random.permutation(len(rows))[: max(1, round(len(rows) * fraction))])
    chosen = []
    for class_id in np.unique(rows.targets):
        members = np.flatnonzero(rows.targets == class_id)
        chosen.append(random.permutation(members)[: max(1, round(len(members) * fraction))])
    return np.sort(np.concatenate(chosen))


def _choose_groups(rows: Examples, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

    count = len(np.unique(groups))
    folds = max(2, round(1 / fraction))
    if count < 2:
        raise DataError(
            "A grouped split needs at least two groups.",
            f"{count} group for {len(rows)} examples",
            "Check group_column.",
        )
    if rows.labels.kind == "single" and count >= folds:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    else:
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    with warnings.catch_warnings():
        # scikit-learn warns of classes with fewer members than folds; _check below says it in our words
        warnings.simplefilter("ignore")
        return next(iter(splitter.split(np.zeros(len(rows)), rows.targets, groups)))[1]


def _check(parts: dict[str, Examples], labels: LabelSpace) -> None:
    for name in ("train", "validation"):
        if name not in parts or not len(parts[name]):
            raise DataError(
                f"The {name} part is empty.",
                ", ".join(f"{len(examples)} {part}" for part, examples in parts.items()),
                "Add examples, or change holdout.",
            )
    if labels.kind == "single":
        missing = [name for name, count in parts["train"].counts().items() if count == 0]
        if missing:
            raise DataError(
                f"The classes {shortlist(missing)} have no training example after the split.",
                fix="Every class needs one example for each part that is drawn, and one to train on.",
            )


def warn_overlap(parts: Mapping[str, Examples]) -> None:
    """Warn when the same content stands in two parts: its score would be memory, not skill.

    Args:
        parts: Examples by part name.
    """
    seen: dict[str, tuple[str, str]] = {}
    pairs = []
    for part, examples in parts.items():
        for index, content in enumerate(examples.digests):
            first_part, first_name = seen.setdefault(content, (part, examples.name(index)))
            if first_part != part:
                pairs.append(f"{first_name} ({first_part}) = {examples.name(index)} ({part})")
    if pairs:
        warnings.warn(
            f"{len(pairs)} inputs stand in two parts with the same content: {shortlist(pairs)}. "
            "Scores on them measure memory; remove one of each pair.",
            DataWarning,
            stacklevel=4,
        )
