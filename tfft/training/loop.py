"""Define ``fit``. For each phase of a plan it applies the policy, compiles, trains and records. No phase unfreezes anything."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from tfft.accelerate.gradients import forgotten
from tfft.accelerate.precision import DTYPES, Precision
from tfft.cache.sharing import ALONE, share_of
from tfft.core import fingerprint, forks, versions
from tfft.core.interrupts import noticed
from tfft.core.locks import alone_in
from tfft.core.quiet import without_false_alarms
from tfft.core.seed import derive
from tfft.core.strategy import scope
from tfft.core.workers import answering, is_chief, of_chief
from tfft.data.examples import Splits
from tfft.models.assembly import TransferModel
from tfft.plans.phase import Plan
from tfft.training.checkpoint_files import Snapshot
from tfft.training.checks import check, check_folder, check_plan, warn_about_targets, warn_about_texts
from tfft.training.context import RunContext, parts_of
from tfft.training.feature_schedule import turns_of
from tfft.training.job import Job
from tfft.training.options import FitOptions, Options, check_options
from tfft.training.phase_training import train_phase
from tfft.training.plan_choice import plan_for
from tfft.training.precision_search import choose
from tfft.training.progress import FeatureProgress, JsonLog
from tfft.training.refitting import check_refit, refitted
from tfft.training.resuming import opened, refuse_other, refuse_unfinished
from tfft.training.run import Run
from tfft.training.run_folder import LOG, refuse_foreign
from tfft.training.soft_targets import SoftTargets
from tfft.training.state import divide, of_run, with_records
from tfft.training.teachers import opened as opened_teacher
from tfft.training.teachers import soft_targets
from tfft.training.trunk_cache import TrunkCache


def fit(
    model: TransferModel,
    data: Splits,
    plan: Plan | None = None,
    seed: int = 0,
    batch_size: "int | Literal['auto']" = 32,
    run_folder: str | Path | None = None,
    progress: bool | None = None,
    **options: Unpack[FitOptions],
) -> Run:
    """Train a model phase by phase. It ends with the weights of the best validation in any phase: see ``Task.watched``.

    Each phase has its own optimizer and compiles the net again, because Keras silently ignores changes of ``trainable`` after
    compiling. After each phase, every variable is compared byte for byte with its value before the phase.

    After Ctrl-C, or SIGTERM from a batch system or container, the model has the best weights so far. ``run_folder`` then holds
    these weights and the record of all completed epochs.

    Args:
        model: From ``build``; it is trained in place.
        data: Training and validation parts with the labels of the model; images of any shape, or texts.
        plan: From ``tfft.plans``. The default is ``two_phase(head_epochs=None)`` for convolutional nets: the head is solved
            exactly, where it can be, then the last block is trained. ``segmenter()`` for a class of each pixel; ``encoder()`` for
            text encoders and ViTs, which stops after an epoch without improvement; and ``linear_probe()`` for backbones that
            cannot be trained. ``tfft.training.plan_choice`` has all rules.
        seed: Seed of the order of examples. The same seed on the same machine gives the same run.
        batch_size: Number of examples in a batch. ``"auto"`` means 32; when the memory is exhausted, the phase begins anew with
            each batch in twice as many parts (see ``accumulate``), so that the results stay the same.
        run_folder: The folder for ``log.jsonl``, which grows during training, and for ``run.json`` and the weights, which are
            written after each phase. None writes nothing.
        progress: Whether to show a progress bar. None shows it in terminals and notebooks, and elsewhere writes one line for each
            epoch to the error stream. False shows nothing.
        **options: ``callbacks=``, a list of Keras callbacks, such as ``CSVLogger``. Each phase calls them as Keras' ``fit`` would,
            with its own epochs from 0; ``self.model`` is the net of the phase. A callback with a method for batches is called
            after every step, which makes short steps slower. ``accumulate=``, the number of parts in which each batch is computed
            one after the other, to need less memory for the same result; norms that train see one part at a time.
            ``resume=True`` continues the run in ``run_folder`` at the step of its last checkpoint, with the results of a run that
            was never interrupted; callbacks begin anew. ``resume=False`` begins anew in spite of an unfinished run there.
            ``save_minutes=``, the time between two checkpoints, 5 by default; the end of an epoch is saved as well, unless it
            is less than 2 seconds after the last one. ``teacher=``, a larger model from whose answers this one learns, besides the
            labels: a loaded bundle, or a ``tfft.plans.Teacher`` with temperature and weight. ``refit=True`` trains once more at the
            end, from the same initial weights, on training and validation examples together, for the epochs that were best:
            see ``tfft.training.refitting``.

    Returns:
        A Run with the trained model and the record of every phase.

    Raises:
        TypeError: For an argument of another name, with advice for those of Keras.
        KeyboardInterrupt: On Ctrl-C.
        SystemExit: With status 143, on SIGTERM, unless the user has set a handler for it.
        TfftError: In a process that was forked after TensorFlow had started, when nothing can be written to ``run_folder``,
            or when ``resume=True`` or ``save_minutes`` has no ``run_folder``.
        PlanError: When a policy does not fit the net, a callback is refused, the loss becomes NaN or infinite, or ``refit=True``
            is set with several workers.
        DataError: When the data has other labels than the model, or an image can no longer be read.
        TaskError: When ``class_weights="balanced"`` is set and a class has no training example.
        MovementError: When a frozen variable changed, or a trained one did not; the run is in its ``run`` attribute.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 10)
        >>> run = fit(tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(epochs=2))
        >>> [(record.phase.name, len(record.history["val_loss"])) for record in run.phases]
        [('head', 2)]
    """
    forks.check()
    automatic, batch_size = batch_size == "auto", 32 if batch_size == "auto" else batch_size
    chief = is_chief(getattr(model, "strategy", None))
    chosen = check_options(options)
    folder = check_folder(run_folder, chief, chosen.resume, chosen.save_minutes)
    check(model, data, batch_size)
    if plan is None:
        plan = plan_for(model.backbone, model.task, len(data.train), model.strategy, solving=chosen.teacher is None)
    check_plan(model, plan, chosen.teacher is not None)
    check_refit(model, chosen.refit)
    derive(seed, "order")  # an invalid seed is refused before training starts
    progress = progress if chief else False
    counting = FeatureProgress(progress)
    if chief and folder is not None:
        refuse_foreign(folder, chosen.resume)
        refuse_unfinished(folder, chosen.resume)  # before a teacher is asked about all examples
        refuse_other(folder, chosen)
    # before the scope of the strategy, because the teacher may have another one
    record, *softened = _asked(chosen, model, data, counting.note)
    with (
        noticed() as signals,
        scope(model.strategy),
        answering(model.strategy),
        forgotten(),
        alone_in(folder if chief else None),
    ):
        train, validation = parts_of(model, data)
        warn_about_texts(model.backbone, train)
        warn_about_targets(model.task, {"train": train, "validation": validation})
        run = Run(model, plan, int(seed), int(batch_size), _describe_data(data), teacher=record)
        share = share_of(model.cache.store.folder, model.strategy) if model.cache.where in ("auto", "disk") else ALONE
        order = derive(run.seed, "order")
        context = RunContext(model, train, validation, order, counting, counting.note, share, softened[0])
        job = Job(context, TrunkCache(context), chosen, chosen.accumulate, automatic, progress, signals)
        try:
            if chosen.refit:
                return refitted(partial(_once, job), run, context, data, folder, softened[1], chosen.resume)
            return _once(job, run, context, data, folder)
        finally:
            counting.close()
            job.features.kept.close()


def _asked(
    options: Options, model: TransferModel, data: Splits, note: Callable[[str], None]
) -> tuple[dict[str, Any] | None, SoftTargets | None, SoftTargets | None]:
    """Ask the teacher. Return its record, and its answers to the examples of the training and to those of the refit."""
    if options.teacher is None:
        return None, None, None
    found = opened_teacher(options.teacher, model, data)
    train = soft_targets(found, model, data, note)
    if not options.refit:
        return found.about(), train, None
    validation = soft_targets(found, model, replace(data, train=data.validation), note)
    return found.about(), train, replace(train, soft=np.concatenate([train.soft, validation.soft]))


def _once(job: Job, run: Run, context: RunContext, data: Splits, folder: Path | None) -> Run:
    """Train all phases of a plan once; ``job`` says what a refit has in common with the first training."""
    turns, saving = turns_of(run.model, run.plan), folder is not None
    checkpoints, found = opened(folder, run, turns, job.options)
    folder = folder if is_chief(run.model.strategy) else None
    log = None if folder is None else folder / LOG
    weights = run.model.task.class_weight(context.train.raw.counts())
    # a refit is written when it is complete
    home = folder if context.validates else None
    own: dict[str, Any] = {"turns": turns, "class_weight": weights, "folder": home, "log": log, "saving": saving}
    job = replace(job, context=context, features=job.features.of(context), checkpoints=checkpoints, **own)
    try:
        return train_phases(job, run, data, found)
    finally:
        if checkpoints is not None:
            checkpoints.wait()


@without_false_alarms()
def train_phases(job: Job, run: Run, data: Splits, found: Snapshot | None = None) -> Run:
    """Train the phases that are not finished, one in each turn of the loop.

    Args:
        job: What all phases share.
        run: A run without phases.
        data: The data of the run, images of any shape or texts; the model remembers it.
        found: The checkpoint from which the run continues; None begins it.

    Returns:
        The run with a record of every phase.

    Raises:
        TfftError: As ``fit``.
    """
    of_teacher = None if job.context.soft_targets is None else job.context.soft_targets.seen
    run.model.remember(data, of_teacher, refit=run.selection is not None)
    if found is None:
        run = _begin(run, job.log)
        run = replace(run, precision=_precision(job, run) if run.selection is None else run.selection.precision)
        job.save(run)
    else:
        run = with_records(run, job.turns, found.values["records"])
        divide(found, of_run(run.model, job.turns))
        job.parts = found.values["parts"]
    for _ in job.turns[len(run.phases) :]:
        inside = found is not None and found.values["inside"] and found.values["phase"] == len(run.phases)
        run = train_phase(job, run, found if inside else None)
        job.save(run)
    return run


def _precision(job: Job, run: Run) -> Precision:
    """The precision of the run; with several workers, that of the chief."""
    strategy = run.model.strategy
    own = choose(job.context, job.features, job.turns, run.batch_size) if is_chief(strategy) else Precision()
    trunk, tail = of_chief(strategy, [DTYPES.index(dtype) for dtype in (own.trunk, own.tail)])
    return Precision(DTYPES[int(trunk)], DTYPES[int(tail)])


def _begin(run: Run, log: Path | None) -> Run:
    """Record the weights before the first step."""
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    JsonLog(log, "").write(
        "run", seed=run.seed, batch_size=run.batch_size, plan=run.plan.to_dict(), versions=versions.installed()
    )
    return replace(run, first_weights=fingerprint.combined(fingerprint.weight_digests(run.model.net.weights)))


def _describe_data(data: Splits) -> dict[str, Any]:
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        "source": data.source,
        "labels": data.labels.to_dict(),
        "seed": data.seed,
        "skipped": list(data.skipped),
        "counts": {name: len(part) for name, part in parts.items() if part is not None},
        "fingerprints": {name: part.fingerprint() for name, part in parts.items() if part is not None},
        "fingerprint": fingerprint.combined(p.fingerprint() for p in parts.values() if p is not None),
    }
