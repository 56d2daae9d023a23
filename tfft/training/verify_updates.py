"""Verify after each phase that exactly the intended variables changed."""

import warnings
from typing import Any

from tfft.core.errors import MovementError, RunWarning, quantity, shortlist
from tfft.plans.optimizers import LBFGS
from tfft.trainable.overview import Overview, Row
from tfft.training.run import Run

_MEANT = {"frozen": "meant to stay frozen", "train": "meant to train", "update": "meant to update"}


def starved(overview: Overview, optimizer: Any) -> frozenset[str]:
    """Find variables that received gradients, but whose gradients were zero or too small to change any bit.

    A net with random weights can reduce its signal to almost zero. The learning rate times the update is then below the resolution
    of float32, or the gradient of shape (inputs, outputs) is rounded to zero. Units whose output is zero for every image also
    have zero gradients. This is different from a variable that the loss does not depend on: the optimizer never receives a
    gradient for it.

    Args:
        overview: The variables after the phase, with ``moved`` filled in.
        optimizer: The optimizer of the phase.

    Returns:
        Paths of unchanged variables that had gradients, and of unchanged statistics in layers where other statistics changed.
    """
    reached = getattr(optimizer, "inner_optimizer", optimizer).reached  # float16 wraps it to scale the loss
    updated = {_layer_of(row) for row in overview.rows if row.intent == "update" and row.moved}
    return frozenset(
        row.path
        for row, variable in zip(overview.rows, overview.variables, strict=True)
        if not row.moved
        and (
            (row.intent == "train" and id(variable) in reached)
            # a moving mean may stay at its initial value 0, because the mean of a batch of zeros is 0
            or (row.intent == "update" and _layer_of(row) in updated)
        )
    )


def _layer_of(row: Row) -> str:
    return row.path.rpartition("/")[0]


def prove(run: Run, starved_paths: frozenset[str]) -> None:
    """Check the last phase of a run.

    Args:
        run: A run with at least one phase.
        starved_paths: The result of ``starved`` for this phase.

    Raises:
        MovementError: When a frozen variable changed, or a variable that should train never received a gradient. The run is in
            the ``run`` attribute of the error.

    Warns:
        RunWarning: When variables did not change because their gradients were zero or too small.
    """
    record = run.phases[-1]
    wrong = record.overview.discrepancies()
    starving = [row.path for row in wrong if row.path in starved_paths and row.intent == "train"]
    wrong = tuple(row for row in wrong if row.path not in starved_paths)
    if wrong:
        error = MovementError(
            f"Phase {record.phase.name!r} did not change exactly the variables that it should: {shortlist(map(_sentence, wrong))}.",
            f"{len(wrong)} of {len(record.overview.rows)} variables",
            "The loss does not depend on a weight without a gradient: leave it out of the policy. The attribute .run of this "
            "error holds the run so far.",
        )
        error.run = run
        raise error
    if starving and record.phase.optimizer != LBFGS:
        warnings.warn(
            f"Phase {record.phase.name!r} trained {quantity(len(starving), 'variable')} with gradients that are zero or too "
            f"small to change them: {shortlist(starving)}. Raise its learning rate, now {record.phase.learning_rate:g}; a "
            "backbone with random weights needs plans.full(train_norms=True). If most of them do not change, features may be "
            "zero for every image: check pixel_range= and the weights.",
            RunWarning,
            stacklevel=3,
        )


def _sentence(row: Row) -> str:
    return f"{row.path} ({'changed' if row.moved else 'did not change'}, {_MEANT[row.intent]})"
