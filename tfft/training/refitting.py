"""Refit: train once more on training and validation examples together, for the epochs chosen by validation.

The chosen stopping point of a phase is the epoch whose weights were kept: that with the lowest validation loss, or the best metric
that a task watches (``Task.watched``), compared with all earlier phases and with the weights before the first. In the refit

- each phase runs up to this epoch, at the learning rates that its schedule has for the whole phase. A phase that improved nothing
  is left out, because it ended where it began;
- the number of epochs is that of the first training. More examples give more batches, so there are more steps in an epoch, and
  schedules and averages are stretched accordingly;
- initial weights, seed, batch size and precision are those of the first training, class weights are those of all examples, and a
  phase that solves its head chooses the penalty anew;
- nothing is validated. The weights after the last epoch are kept; where a phase averages its weights, the average is kept, as in
  the first training;
- callbacks are called in both trainings. In the second one their logs have no validation metrics.

Do not refit when the validation part was chosen to differ from the training part, such as other patients or later months, in order
to watch how the model does there: no examples are then left that show it.

Source:
    Goodfellow, Bengio and Courville 2016, "Deep Learning", section 7.8, algorithm 7.2. It counts steps; here epochs are counted,
    because the schedules of the phases depend on them.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tfft.core import fingerprint
from tfft.core.errors import PlanError, RunWarning, TfftError, quantity
from tfft.core.workers import cluster_of
from tfft.data.examples import Splits
from tfft.models.assembly import TransferModel
from tfft.plans.phase import Plan
from tfft.training.checkpoint_files import Snapshot
from tfft.training.checkpoints import Checkpoints
from tfft.training.context import RunContext
from tfft.training.feature_schedule import turns_of
from tfft.training.phase_training import keep
from tfft.training.run import Run
from tfft.training.run_folder import FIRST_WEIGHTS, SELECTION
from tfft.training.soft_targets import SoftTargets
from tfft.training.state import Resumable, divide, joined, of_run

Training = Callable[[Run, RunContext, Splits, Path | None], Run]


def check_refit(model: TransferModel, refit: bool) -> None:
    """Refuse a refit where it does not work.

    Args:
        model: The ``model`` argument of ``fit``, with weights of any shape.
        refit: The ``refit`` argument of ``fit``.

    Raises:
        PlanError: When several workers train.
    """
    if refit and cluster_of(model.strategy) is not None:
        raise PlanError(
            "refit=True works on one machine, with any number of devices.", "several workers", "Leave refit=True out."
        )


def cut_plan(run: Run) -> Plan | None:
    """Return the plan of a refit: each phase up to the epoch whose weights were kept.

    Args:
        run: The first training, with weights of any shape.

    Returns:
        A Plan without the phases that improved nothing; None when no phase improved anything.
    """
    phases = [
        replace(record.phase, patience=None, last_epoch=record.best_epoch) for record in run.phases if record.best_epoch
    ]
    return Plan(*phases) if phases else None


def refitted(
    train: Training,
    run: Run,
    context: RunContext,
    data: Splits,
    folder: Path | None,
    soft_targets: SoftTargets | None = None,
    resume: bool | None = None,
) -> Run:
    """Train, and train once more on training and validation examples together. See this module.

    The first training has its run folder inside of the given one. The second one is written to the given one when it is complete.

    Args:
        train: A function that trains the plan of a run: run, context, data and run folder -> the run with its phases.
        run: The run before its first phase, with weights of any shape.
        context: The context of the first training.
        data: The data.
        folder: The run folder; None writes nothing.
        soft_targets: The answers of the teacher to training and validation examples; None without a teacher.
        resume: The ``resume`` argument of ``fit``.

    Returns:
        The second run, with the first one in ``selection``. When no phase improved anything, the first run, with
        ``refit_left_out``.

    Raises:
        BaseException: What stops either training. The model then has the best weights of the first one.
        TfftError: When the weights before the first step are no longer known.

    Warns:
        RunWarning: When no phase improved anything, or a callback stopped the refit.
    """
    state = of_run(run.model, turns_of(run.model, run.plan))
    inner = None if folder is None else folder / SELECTION
    if folder is not None and not resume:
        Checkpoints(folder, {}).clear()
    first = _first_weights(state, inner, resume)
    chosen = train(run, context, data, inner)
    best, plan = joined(state), cut_plan(chosen)
    if plan is None:
        warnings.warn(
            "No phase improved the validation, so there is no refit: the model is as it was before training.",
            RunWarning,
            stacklevel=3,
        )
        if folder is not None:
            Checkpoints(folder, {}).save(Snapshot({}, {"finished": True}), wait=True)
        chosen = replace(chosen, refit_left_out=True)
        keep(chosen, folder)
        return chosen
    keep(chosen, folder)
    context.note(
        f"Refit: training again on {len(data.train):,} training and {len(data.validation):,} validation examples together."
    )
    seen = run.model.seen
    try:
        divide(first, state)
        _check_weights(run.model, chosen, folder)
        found = train(replace(run, plan=plan, selection=chosen), context.of_both(soft_targets), data, folder)
    except BaseException:
        divide(best, state)
        run.model.forget(seen)
        raise
    keep(found, folder)
    _warn_about_stops(found)
    return found


def _first_weights(state: Mapping[str, Resumable], folder: Path | None, resume: bool | None) -> Snapshot:
    """The weights before the first step. A run that continues reads them, because the model may have others by now."""
    if folder is None:
        return joined(state)
    stored = Checkpoints(folder / FIRST_WEIGHTS, {})
    if not resume or not Checkpoints(folder, {}).number:
        stored.clear()
        found = joined(state)
        stored.save(found, wait=True)
        return found
    read = stored.newest()
    if read is None:
        raise TfftError(
            f"The run in {str(folder.parent)!r} cannot continue: its initial weights are not in {FIRST_WEIGHTS!r}.",
            fix="Train from the beginning with resume=False.",
        )
    return read


def _check_weights(model: TransferModel, chosen: Run, folder: Path | None) -> None:
    """Refuse a refit from other weights than those of the first training."""
    if fingerprint.combined(fingerprint.weight_digests(model.net.weights)) != chosen.first_weights:
        raise TfftError(
            f"The run in {str(folder)!r} cannot continue: the first training began with other weights.",
            fix="Build the model as before, or train from the beginning with resume=False.",
        )


def _warn_about_stops(run: Run) -> None:
    for record in run.phases:
        done = len(record.history["loss"])
        if done < record.phase.end:
            warnings.warn(
                f"A callback stopped phase {record.phase.name!r} of the refit after {done} of "
                f"{quantity(record.phase.end, 'epoch')}.",
                RunWarning,
                stacklevel=4,
            )
