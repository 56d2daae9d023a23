"""Train one phase of a run, from its beginning or from a checkpoint."""

import time
import warnings
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tfft.accelerate.precision import Precision
from tfft.core.errors import RunWarning, TfftError, quantity
from tfft.core.strategy import replicas, synchronized
from tfft.core.tpus import is_tpu
from tfft.core.workers import cluster_of
from tfft.data.folds import together_in
from tfft.data.pipeline import readable
from tfft.plans.optimizers import LBFGS
from tfft.plans.phase import Phase
from tfft.trainable.overview import Overview, flattened
from tfft.training.adam import Adam
from tfft.training.averaging import Averaging
from tfft.training.best_weights import BestWeights, Rank, rank_of
from tfft.training.checkpoint_files import Snapshot
from tfft.training.epochs import Moment, run_epochs
from tfft.training.job import Job
from tfft.training.optimizer import optimizer_for
from tfft.training.patience import Patience
from tfft.training.phase_inputs import Step, prepare
from tfft.training.progress import JsonLog, LiveLine
from tfft.training.run import PhaseRecord, Run
from tfft.training.solved_steps import SolvedSteps
from tfft.training.state import OptimizerState, Position, ReplicaVariables, Resumable, divide, joined, of_run
from tfft.training.steps import Steps
from tfft.training.verify_updates import prove, starved

# ``python -m benchmarks.engine``: 8 copies save 0.2 ms a step of a Dense head, and cost a second of tracing
_COPIES, _SMALL_NET, _MANY_STEPS = 8, 4, 8_000


def train_phase(job: Job, run: Run, found: Snapshot | None = None) -> Run:
    """Train the next phase of a run. When the memory is exhausted, and the user allows it, train it anew with smaller parts.

    Args:
        job: What all phases share.
        run: The run so far.
        found: A checkpoint inside of this phase, whose weights of any shape are in the net; None begins the phase.

    Returns:
        The run with one more phase.

    Raises:
        KeyboardInterrupt, SystemExit: After a signal. The model then has the best weights so far, and the run is saved.
        PlanError: When the loss becomes NaN or infinite.
        DataError: When an image can no longer be read.
        TfftError: When the memory is exhausted.
        MovementError: When a frozen variable changed, or a trained one did not.
    """
    import tensorflow as tf

    begin = joined(of_run(run.model, job.turns)) if job.automatic else Snapshot()
    while True:
        try:
            return _trained(job, run, found)
        except tf.errors.ResourceExhaustedError:
            name, parts = job.turns[len(run.phases)].phase.name, 2 * job.parts
            if not job.automatic or parts > run.batch_size or cluster_of(run.model.strategy) is not None:
                raise TfftError(
                    f"The memory is not enough to train phase {name!r} with batches of {run.batch_size} in "
                    f"{quantity(job.parts, 'part', 'parts')}.",
                    fix='Write batch_size="auto", a larger accumulate=, or a smaller batch_size=.',
                ) from None
            job.parts = parts
            job.context.note(
                f"Phase {name!r} begins anew with each batch in {parts} parts, because the memory was exhausted."
            )
            divide(begin, of_run(run.model, job.turns))


def _trained(job: Job, run: Run, found: Snapshot | None) -> Run:
    index, model, begun = len(run.phases), run.model, time.perf_counter()
    phase, values = job.turns[index].phase, {} if found is None else found.values
    overview = model.apply(phase.trainable, phase.train_norms)
    if job.parts > 1 and any(row.intent == "update" for row in overview.rows):
        warnings.warn(
            f"Phase {phase.name!r} trains normalisation layers, which see one of {job.parts} parts of a batch at a time. Its "
            "results differ from those of whole batches. With train_norms=False they would be the same.",
            RunWarning,
            stacklevel=4,
        )
    before = values["before"] if found is not None else overview.digests()
    run, step = _prepared(job, run, index)
    steps: Steps
    if phase.optimizer == LBFGS:
        steps, step = _solved(job, step)
    else:
        count = phase.epochs * step.train_steps
        steps = _steps(job, step, optimizer_for(phase, overview, count, run.precision.tail), count)
    inside = _Inside(job, run, phase, overview, step, steps)
    if found is not None:
        divide(found, inside.parts)
    elif not run.phases and job.context.validates:
        inside.keeper.best = _rank_now(step, steps, model.task.watched)
    inside.about = {"before": before, "seconds": values.get("seconds", 0.0)}
    events = JsonLog(job.log, phase.name)
    if found is None:
        events.write("phase", plan=phase.to_dict(), trained=overview.totals()[0], parameters=overview.totals()[1])
    else:
        events.write("resume", epoch=inside.at.epoch + 1, step=inside.at.step)
    line = LiveLine(phase, overview, step.train_steps, job.progress)
    event = "failed"
    try:
        with synchronized(flattened(model.backbone_net), replicas(model.strategy)):
            inside.train([line, events, *job.options.callbacks])
        overview, event = overview.compared(before), "end"
        starving = starved(overview, step.net.optimizer)
    except (KeyboardInterrupt, SystemExit):
        event = "interrupted"
        raise
    finally:
        # also after Ctrl-C, the model and the folder must have the best weights
        line.close()
        inside.keeper.restore()
        if event != "failed":
            keeper, seconds = inside.keeper, time.perf_counter() - begun + values.get("seconds", 0.0)
            about = keeper.epoch, keeper.loss, seconds, step.note + _solution(steps), model.task.watched, keeper.metric
            record = PhaseRecord(phase, overview, inside.at.history, *about)
            run = replace(run, accumulate=job.parts).with_phase(record)
            events.write(event, best_epoch=keeper.epoch, best_loss=keeper.loss, seconds=round(seconds, 3))
            keep(run, job.folder)
    prove(run, starving)
    return run


class _Inside:
    """The parts of a phase that train, and their checkpoints."""

    def __init__(self, job: Job, run: Run, phase: Phase, overview: Overview, step: Step, steps: Steps) -> None:
        self._job, self._run, self._phase, self._step, self._steps = job, run, phase, step, steps
        self._begun = time.perf_counter()
        steps.wishes = self._wishes
        self.about: dict[str, Any] = {}
        start, watched = run.phases[-1].rank if run.phases else None, run.model.task.watched
        self.keeper, self.at = BestWeights(overview, start, watched, job.context.validates), Position()
        self._averaging = Averaging(overview, phase.averaging, phase.epochs * step.train_steps)
        self._patience = Patience(phase.patience, watched)
        self.parts: dict[str, Resumable] = {
            "optimizer": OptimizerState(step.net.optimizer, step.net.trainable_variables),
            "metrics": ReplicaVariables(steps.variables, run.model.strategy),
            "best": self.keeper,
            "average": self._averaging,
            "patience": self._patience,
            "position": self.at,
        }

    def train(self, callbacks: list[Any]) -> None:
        """Run the epochs; after a signal at an orderly moment, write a checkpoint first."""
        ours = [self.keeper, self._averaging, *callbacks, self._patience]
        signals, alone = self._job.signals, self._steps.alone
        # several workers stop after the same step, and a checkpoint is taken between two steps
        try:
            with signals.deferred() if self._job.saving or not alone else nullcontext():
                run_epochs(self._step, self._steps, self._phase, ours, self.at, self._pause)
            if alone:
                signals()
        except (KeyboardInterrupt, SystemExit):
            if self._job.saving and signals.in_order and self._is_usable("steps" if self.at.step else "epoch"):
                self._averaging.put_back()
                if self._save(wait=True):
                    self._say_how_to_continue()
            raise

    def _wishes(self) -> tuple[float, float, float]:
        """Whether this process wants to stop, and whether a checkpoint is due within an epoch, or at its end."""
        own = self._job.checkpoints
        due = [own is not None and own.due(epoch_ends) for epoch_ends in (False, True)]
        return float(bool(self._job.signals.seen)), float(due[0]), float(due[1])

    def _pause(self, moment: Moment) -> None:
        stop, within, at_end = self._steps.heard
        if self._steps.alone:
            self._job.signals()
        elif stop:
            self._job.signals.stop()
        due = {"steps": within, "validation": 0.0, "epoch": at_end}
        if due[moment] and self._is_usable(moment):
            self._save()

    def _is_usable(self, moment: Moment) -> bool:
        """Whether a run may continue from here: not after a NaN, and not within an epoch that a callback has stopped."""
        losses = [self.at.logs.get("loss", 0.0), *self.at.history.get("val_loss", [])[-1:]]
        return bool(np.isfinite(losses).all()) and (moment == "epoch" or not self._step.net.stop_training)

    def _save(self, wait: bool = False) -> bool:
        """Write a checkpoint; returns whether it was written, which is known only after waiting."""
        seconds = self.about["seconds"] + time.perf_counter() - self._begun
        return self._job.save(self._run, self.parts, wait, **{**self.about, "seconds": seconds})

    def _say_how_to_continue(self) -> None:
        at = f"phase {self._phase.name!r}, epoch {self.at.epoch + 1}, step {self.at.step:,} of {self._step.train_steps:,}"
        self._job.context.note(
            f"Saved at {at}. To continue, repeat the call with resume=True (in a shell, with --resume)."
        )


def _prepared(job: Job, run: Run, index: int) -> tuple[Run, Step]:
    """The net and batches of a phase; the run tells whether the computation of features in a short dtype failed."""
    about = job.context, job.features, job.turns[index:], run.batch_size, job.class_weight
    fixed = is_tpu(run.model.strategy)
    try:
        return run, prepare(*about, run.precision, fixed)
    except FloatingPointError as error:
        warnings.warn(f"{error} From here on, it computes in float32.", RunWarning, stacklevel=4)
        run = replace(run, precision=Precision(tail=run.precision.tail))
        return run, prepare(*about, run.precision, fixed)


def _steps(job: Job, step: Step, optimizer: Any, count: int) -> Steps:
    """The steps of a phase, which are not traced yet; ``count`` is their number."""
    model = job.context.model
    optimizer.build(step.net.trainable_variables)
    # callbacks look for the optimizer in the net
    step.net.compile(optimizer=optimizer, jit_compile=False)
    loss, metrics = model.task.loss(), model.task.metrics()
    # copies of a step pay only where a step is short and there are many; XLA would compile each of them
    small = len(step.net.trainable_variables) <= _SMALL_NET and job.parts == 1 and not is_tpu(model.strategy)
    unrolled = _COPIES if small and count > _MANY_STEPS else 1
    found = Steps(step.net, loss, metrics, optimizer, model.strategy, job.parts, unrolled)
    found.add_soft_losses = None if job.context.soft_targets is None else job.context.soft_targets.losses
    return found


def _solved(job: Job, step: Step) -> tuple[SolvedSteps, Step]:
    """The single step of a phase that solves the head. The order of examples is fixed, because it decides the folds."""
    model = job.context.model
    # callbacks look for an optimizer in the net
    optimizer = Adam(0.0, {})
    optimizer.build(step.net.trainable_variables)
    # a head that was solved before stays as it is
    optimizer.reached.update(id(variable) for variable in step.net.trainable_variables)
    step.net.compile(optimizer=optimizer, jit_compile=False)
    folds = job.context.seed, together_in(job.context.train.raw)
    steps = SolvedSteps(step.net, model.task, model.strategy, model.head_net, step.train_steps, folds)
    return steps, replace(step, train=lambda _, own: step.in_order(own), train_steps=1)


def _solution(steps: Steps) -> str:
    """What the record of a phase says about a solved head; empty for other phases."""
    if not isinstance(steps, SolvedSteps) or steps.solved is None:
        return ""
    return f", penalty {steps.solved.penalty:.2g}{'' if steps.solved.converged else ', not converged'}"


def _rank_now(step: Step, steps: Steps, watched: str) -> Rank | None:
    """The rank of the current weights; None when their loss is NaN or infinite."""
    steps.reset()
    with readable():
        logs = steps.validate(steps.iterate(step.validation), step.validation_steps)
    return rank_of({f"val_{name}": value for name, value in logs.items()}, watched)


def keep(run: Run, folder: Path | None) -> None:
    """Write a run. A failure to write only warns, so that the trained model is not lost.

    Args:
        run: The run, with weights of any shape.
        folder: The run folder; None writes nothing.

    Warns:
        RunWarning: When it cannot be written.
    """
    try:
        if folder is not None:
            run.save(folder)
    except Exception as error:
        warnings.warn(
            f"The run could not be written to {str(folder)!r}: {error}. Training continues; the model is in memory.",
            RunWarning,
            stacklevel=4,
        )
