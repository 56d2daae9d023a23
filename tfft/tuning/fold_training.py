"""Train a model on each fold from the same weights, answer the held-out examples, and put the model back."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tfft.accelerate.gradients import forgotten
from tfft.accelerate.precision import FLOAT32
from tfft.core.interrupts import Signals, noticed
from tfft.core.seed import derive
from tfft.core.strategy import scope
from tfft.core.workers import answering
from tfft.data.examples import Examples
from tfft.data.feature_tables import NotKeptError, Tables
from tfft.data.folds import Fold
from tfft.evaluation.predictions import predict
from tfft.models.assembly import TransferModel
from tfft.models.inference import Features
from tfft.models.prepared import Prepared
from tfft.plans.phase import Plan
from tfft.trainable.policy import same_flags
from tfft.training.context import RunContext
from tfft.training.feature_schedule import Turn, turns_of
from tfft.training.job import Job
from tfft.training.loop import train_phases
from tfft.training.options import Options
from tfft.training.progress import FeatureProgress
from tfft.training.run import Run
from tfft.training.state import divide, joined, of_run
from tfft.training.trunk_cache import TrunkCache


@dataclass(frozen=True, eq=False)
class Trial:
    """What the trainings of all folds share.

    Attributes:
        model: The model, whose weights are the same at the beginning of each fold.
        pool: The n examples, images of any shape or texts.
        ready: The same examples, prepared once.
        plan: The plan.
        seed: The seed of the folds and of the order of examples.
        batch_size: Number of examples in a batch.
        automatic: Whether to compute batches in more parts when the memory is exhausted.
        progress: As for ``fit``.
    """

    model: TransferModel
    pool: Examples
    ready: Prepared
    plan: Plan
    seed: int
    batch_size: int
    automatic: bool
    progress: bool | None


@dataclass(frozen=True, eq=False)
class Answered:
    """One fold after its training.

    Attributes:
        fold: The positions of its examples.
        answers: The answers to the held-out examples, as in ``Predictions.probabilities``.
        epochs: Name of a phase -> the epoch whose weights were kept, as in ``PhaseRecord.best_epoch``.
        seconds: Wall time in seconds.
    """

    fold: Fold
    answers: Any
    epochs: Mapping[str, int]
    seconds: float


def answered_folds(trial: Trial, folds: Sequence[Fold]) -> list[Answered]:
    """Train on each fold in turn, and answer its held-out examples.

    Features that are the same in all folds are computed once. Afterwards the weights, random states and flags of the model are what
    they were, also after Ctrl-C and errors.

    Args:
        trial: What the folds share.
        folds: The folds, from ``folds_of``.

    Returns:
        An Answered for each fold.

    Raises:
        KeyboardInterrupt, SystemExit: After a signal.
        TfftError: As ``fit``.
    """
    model, progress = trial.model, FeatureProgress(trial.progress)
    turns, kept = turns_of(model, trial.plan), Tables(model.cache)
    begin = joined(of_run(model, turns))
    own, found = model.trial(model.precision), []
    with (
        noticed() as signals,
        scope(model.strategy),
        answering(model.strategy),
        forgotten(),
        same_flags(model.backbone_net, model.head_net),
    ):
        try:
            for number, fold in enumerate(folds, 1):
                progress.note(f"fold {number} of {len(folds)}")
                begun = time.perf_counter()
                divide(begin, of_run(model, turns))
                own = own.trial(own.precision)
                job = _job(trial, own, turns, fold, (progress, kept, signals))
                run = train_phases(job, _new_run(trial, own), fold.splits(trial.pool, trial.seed))
                own = model.trial(run.precision)  # all folds compute in the precision that the first one chose
                answers = _answers(trial, job, run, fold)
                epochs = {record.phase.name: record.best_epoch for record in run.phases}
                found.append(Answered(fold, answers, epochs, time.perf_counter() - begun))
        finally:
            divide(begin, of_run(model, turns))
            progress.close()
            kept.close()
    return found


def _new_run(trial: Trial, model: TransferModel) -> Run:
    return Run(model, trial.plan, trial.seed, trial.batch_size, {})


def _job(
    trial: Trial,
    model: TransferModel,
    turns: Sequence[Turn],
    fold: Fold,
    tools: tuple[FeatureProgress, Tables, Signals],
) -> Job:
    progress, kept, signals = tools
    train, validation = trial.ready.take(fold.train), trial.ready.take(fold.validation)
    seed = derive(trial.seed, "order")
    context = RunContext(model, train, validation, seed, progress, progress.note, kept=kept)
    weights = model.task.class_weight(trial.pool.take(fold.train).counts())
    features, show = TrunkCache(context), trial.progress
    return Job(context, features, Options(), 1, trial.automatic, show, signals, turns, weights)


def _answers(trial: Trial, job: Job, run: Run, fold: Fold) -> Any:
    """The answers to the held-out examples, from the features that the training has used where that is possible."""
    ready = trial.ready.take(fold.held_out)
    features: Features | None = None
    if run.precision.trunk == FLOAT32:  # answers are always computed in float32
        with suppress(NotKeptError):
            features = job.features.unmoved(job.turns, ready, FLOAT32)
    return predict(run.model, trial.pool.take(fold.held_out), trial.batch_size, ready, features).probabilities
