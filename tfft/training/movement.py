"""The proof after each phase: what moved is what was meant to move."""

import warnings
from typing import Any

import numpy as np

from tfft.core.errors import MovementError, RunWarning, shortlist
from tfft.trainable.overview import Overview, Row
from tfft.training.run import Run

_MEANT = {"frozen": "meant to stay frozen", "train": "meant to train", "update": "meant to update"}


def starved(overview: Overview, optimizer: Any) -> frozenset[str]:
    """Variables that the optimizer did train, with gradients too small to change a single bit.

    A net from random weights can shrink its signal to almost nothing; rate times update is then below the resolution of float32.
    That is a fact about the numbers, not a variable that was forgotten, and Adam's running mean of gradients, one of
    each variable's shape, tells the two apart.

    Args:
        overview: After the phase, with ``moved`` filled in.
        optimizer: Adam or AdamW of the phase.

    Returns:
        Paths of the variables whose gradient was not exactly zero.
    """
    # Keras 3.15 has no public way from a variable to its slot; test_movement guards this one
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # mixed_float16 wraps it to scale the loss
    index_of = {id(variable): index for index, variable in enumerate(optimizer._trainable_variables)}
    found = set()
    for row, variable in zip(overview.rows, overview.variables, strict=True):
        if row.intent == "train" and not row.moved and id(variable) in index_of:
            mean = np.asarray(optimizer._momentums[index_of[id(variable)]])
            if np.any(mean != 0):
                found.add(row.path)
    return frozenset(found)


def prove(run: Run, starved_paths: frozenset[str]) -> None:
    """Check the last phase of a run.

    Args:
        run: With at least one phase.
        starved_paths: What ``starved`` returned for it.

    Raises:
        MovementError: When a variable moved that was meant to stay, or one that was meant to move got no gradient at all; the
            error carries the run.
    """
    record = run.phases[-1]
    wrong = record.overview.discrepancies()
    starving = [row.path for row in wrong if row.path in starved_paths]
    wrong = tuple(row for row in wrong if row.path not in starved_paths)
    if wrong:
        error = MovementError(
            f"Phase {record.phase.name!r} did not move exactly what it was meant to: {shortlist(map(_sentence, wrong))}.",
            f"{len(wrong)} of {len(record.overview.rows)} variables",
            "A weight without gradient stays still: drop it from the policy. The run so far is in this error's .run.",
        )
        error.run = run
        raise error
    if starving:
        warnings.warn(
            f"Phase {record.phase.name!r} trained {len(starving)} variables with gradients too small to change them: "
            f"{shortlist(starving)}. Raise its learning rate, now {record.phase.learning_rate:g}; a backbone from random weights "
            "needs plans.full(train_norms=True).",
            RunWarning,
            stacklevel=3,
        )


def _sentence(row: Row) -> str:
    return f"{row.path} ({'moved' if row.moved else 'did not move'}, {_MEANT[row.intent]})"
