"""Measure linear heads on frozen features by cross-validation."""

from typing import Any

import numpy as np

from tfft.core.seed import derive
from tfft.data.examples import Examples
from tfft.data.folds import dealt, together_in
from tfft.tasks.base import Task

FOLDS = 5


def cross_validated(task: Task, features: np.ndarray, examples: Examples, measure: str, seed: int) -> float:
    """Solve linear heads on four fifths of the examples each, and measure all of them on the examples that they have not seen.

    The penalty of each head is chosen by folds of its own examples. Examples of a group, and examples with the same content, are in
    one fold. The folds depend on targets and seed alone, so they are the same for all backbones.

    Args:
        task: A task with a ``solve``.
        features: Floats, shape (n, width).
        examples: The examples; at least as many as folds.
        measure: One of ``task.measures``.
        seed: The seed of the folds.

    Returns:
        The value of the metric.

    Example:
        >>> import tfft
        >>> ids = np.arange(40) % 2
        >>> images = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3), np.uint8)
        >>> examples = tfft.data.from_arrays(images, ids).train
        >>> cross_validated(tfft.tasks.classification(examples.labels), examples.targets[:, None] * 1.0, examples, "accuracy", 0)
        1.0
    """
    targets, _ = task.encode(examples.targets, {})
    sets = together_in(examples)
    fold = dealt(sets, examples.target.strata(examples.targets), FOLDS, derive(seed, "folds"))
    logits = np.empty((len(examples), task.outputs), np.float32)
    solve: Any = task.solve
    for number in range(FOLDS):
        train, held_out = fold != number, fold == number
        found = solve(features[train], targets[train], np.ones(train.sum()), derive(seed, "penalty"), sets[train])
        logits[held_out] = features[held_out] @ found.kernel + found.bias
    scores = task.score(examples, task.probabilities(logits))
    return task.measures[measure].of(scores)(np.ones(len(scores)))
