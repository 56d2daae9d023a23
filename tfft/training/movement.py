"""The proof after each phase: what moved is what was meant to move."""

import warnings
from typing import Any

from tfft.core.errors import MovementError, RunWarning, shortlist
from tfft.trainable.overview import Overview, Row
from tfft.training.run import Run

_MEANT = {"frozen": "meant to stay frozen", "train": "meant to train", "update": "meant to update"}


def starved(overview: Overview, optimizer: Any) -> frozenset[str]:
    """Find variables that the loss depends on, but whose gradients were zero or too small to change a single bit.

    A net from random weights can shrink its signal to almost nothing: rate times update is then below the resolution of float32,
    or the gradient of shape (inputs, outputs) itself is rounded to 0. Units that answer 0 to every image pass no gradient on. Those
    are facts about the numbers. A variable that was forgotten is another thing: the loss does not depend on it, and the optimizer
    never gets a gradient.

    Args:
        overview: After the phase, with ``moved`` filled in.
        optimizer: Adam of the phase.

    Returns:
        Paths of the variables with a gradient, and of the statistics beside which others of the same layer moved.
    """
    reached = getattr(optimizer, "inner_optimizer", optimizer).reached  # float16 wraps it to scale the loss
    updated = {_layer_of(row) for row in overview.rows if row.intent == "update" and row.moved}
    return frozenset(
        row.path
        for row, variable in zip(overview.rows, overview.variables, strict=True)
        if not row.moved
        and (
            (row.intent == "train" and id(variable) in reached)
            # the mean over a batch of zeros is equal to its initial value
            or (row.intent == "update" and _layer_of(row) in updated)
        )
    )


def _layer_of(row: Row) -> str:
    return row.path.rpartition("/")[0]


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
    starving = [row.path for row in wrong if row.path in starved_paths and row.intent == "train"]
    wrong = tuple(row for row in wrong if row.path not in starved_paths)
    if wrong:
        error = MovementError(
            f"Phase {record.phase.name!r} did not move exactly what it was meant to: {shortlist(map(_sentence, wrong))}.",
            f"{len(wrong)} of {len(record.overview.rows)} variables",
            "The loss does not depend on a weight without a gradient: drop it from the policy. The run so far is in this error's "
            ".run.",
        )
        error.run = run
        raise error
    if starving:
        warnings.warn(
            f"Phase {record.phase.name!r} trained {len(starving)} variables with gradients that are zero or too small to change "
            f"them: {shortlist(starving)}. Raise its learning rate, now {record.phase.learning_rate:g}; a backbone from random "
            "weights needs plans.full(train_norms=True). If most of them stay still, features may be zero for every image: check "
            "pixel_range= and the weights.",
            RunWarning,
            stacklevel=3,
        )


def _sentence(row: Row) -> str:
    return f"{row.path} ({'moved' if row.moved else 'did not move'}, {_MEANT[row.intent]})"
