"""Define ``fit``. For each phase of a plan it applies the policy, compiles, trains and records. No phase unfreezes anything."""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from tfft.accelerate.gradients import forgotten
from tfft.accelerate.precision import Precision
from tfft.core import fingerprint, forks, versions
from tfft.core.errors import RunWarning
from tfft.core.interrupts import noticed
from tfft.core.quiet import without_false_alarms
from tfft.core.seed import derive
from tfft.core.strategy import replicas, scope, synchronized
from tfft.data.examples import Splits
from tfft.data.pipeline import readable
from tfft.models.assembly import TransferModel
from tfft.models.cuts import cut
from tfft.plans.defaults import default_plan
from tfft.plans.phase import Plan
from tfft.trainable.overview import flattened, survey
from tfft.trainable.policy import plan_rows
from tfft.training.averaging import Averaging
from tfft.training.best_weights import BestWeights
from tfft.training.checks import check, check_folder, check_plan, warn_about_texts
from tfft.training.epochs import run_epochs
from tfft.training.feature_schedule import Turn
from tfft.training.optimizer import optimizer_for
from tfft.training.options import FitOptions, check_options
from tfft.training.phase_inputs import Step, prepare
from tfft.training.precision_search import choose
from tfft.training.progress import FeatureProgress, JsonLog, LiveLine
from tfft.training.run import PhaseRecord, Run
from tfft.training.steps import Steps
from tfft.training.trunk_cache import TrunkCache
from tfft.training.verify_updates import prove, starved

LOG_NAME = "log.jsonl"


def fit(
    model: TransferModel,
    data: Splits,
    plan: Plan | None = None,
    seed: int = 0,
    batch_size: int = 32,
    run_folder: str | Path | None = None,
    progress: bool | None = None,
    **options: Unpack[FitOptions],
) -> Run:
    """Train a model phase by phase. It ends with the weights of the lowest validation loss in any phase.

    Each phase has its own optimizer and compiles the net again, because Keras silently ignores changes of ``trainable`` after
    compiling. After each phase, every variable is compared byte for byte with its value before the phase.

    After Ctrl-C, or SIGTERM from a batch system or container, the model has the best weights so far. ``run_folder`` then holds
    these weights and the record of all completed epochs.

    Args:
        model: From ``build``; it is trained in place.
        data: Training and validation parts with the labels of the model; images of any shape, or texts.
        plan: From ``tfft.plans``. The default is ``two_phase()`` for convolutional nets; ``encoder()`` for text encoders and ViTs,
            which stops after an epoch without improvement; and ``head_only()`` for backbones that cannot be trained.
        seed: Seed of the order of examples. The same seed on the same machine gives the same run.
        batch_size: Number of examples in a batch.
        run_folder: The folder for ``log.jsonl``, which grows during training, and for ``run.json`` and the weights, which are
            written after each phase. None writes nothing.
        progress: Whether to show a progress bar. None shows it in terminals and notebooks, and elsewhere writes one line for each
            epoch to the error stream. False shows nothing.
        **options: ``callbacks=``, a list of Keras callbacks, such as ``CSVLogger``. Each phase calls them as Keras' ``fit`` would,
            with its own epochs from 0; ``self.model`` is the net of the phase. A callback with a method for batches is called
            after every step, which makes short steps slower.

    Returns:
        A Run with the trained model and the record of every phase.

    Raises:
        TypeError: For an argument of another name, with advice for those of Keras.
        KeyboardInterrupt: On Ctrl-C.
        SystemExit: With status 143, on SIGTERM, unless the user has set a handler for it.
        TfftError: In a process that was forked after TensorFlow had started, or when nothing can be written to ``run_folder``.
        PlanError: When a policy does not fit the net, a callback is refused, or the loss becomes NaN or infinite.
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
    folder = check_folder(run_folder)
    check(model, data, batch_size)
    watching = check_options(options)
    if plan is None:
        plan = default_plan(model.backbone.features, len(data.train), model.backbone.can_finetune)
    check_plan(model, plan)
    warn_about_texts(model, data)
    derive(seed, "order")  # an invalid seed is refused before training starts
    with noticed() as interrupted, scope(model.strategy), forgotten():
        run = Run(model, plan, int(seed), int(batch_size), _describe_data(data))
        counting = FeatureProgress(progress)
        features = TrunkCache(model, data, derive(run.seed, "order"), counting, counting.note)
        try:
            return _train(run, data, features, folder, progress, watching, interrupted)
        finally:
            counting.close()
            features.kept.close()


@without_false_alarms()
def _train(
    run: Run,
    data: Splits,
    features: TrunkCache,
    folder: Path | None,
    progress: bool | None,
    watching: list[Any],
    interrupted: Callable[[], None],
) -> Run:
    """Train the phases, one in each turn of the loop."""
    model = run.model
    class_weight = model.task.class_weight(data.train.counts())
    log = None if folder is None else folder / LOG_NAME
    run = _begin(run, data, log)
    best: float | None = None
    copies = replicas(model.strategy)
    turns = _turns(model, run.plan)
    run = replace(run, precision=choose(features, turns, run.batch_size))
    for index, phase in enumerate(run.plan):
        begun = time.perf_counter()
        overview = model.apply(phase.trainable, phase.train_norms)
        before = overview.digests()
        try:
            step = prepare(features, turns[index:], run.batch_size, class_weight, run.precision)
        except FloatingPointError as error:
            warnings.warn(f"{error} From here on, it computes in float32.", RunWarning, stacklevel=3)
            run = replace(run, precision=Precision(tail=run.precision.tail))
            step = prepare(features, turns[index:], run.batch_size, class_weight, run.precision)
        count = phase.epochs * step.train_steps
        steps = _steps(step, model, optimizer_for(phase, overview, count, run.precision.tail))
        if best is None:
            best = _loss_now(step, steps)
        keeper, averaging = BestWeights(overview, start=best), Averaging(overview, phase.averaging, count)
        line = LiveLine(phase, overview, step.train_steps, progress)
        events = JsonLog(log, phase.name)
        events.write("phase", plan=phase.to_dict(), trained=overview.totals()[0], parameters=overview.totals()[1])
        event, history = "failed", dict[str, list[float]]()
        try:
            with synchronized(flattened(model.backbone_net), copies):
                run_epochs(step, steps, phase, [keeper, averaging, line, events, *watching], history, interrupted)
            overview, event = overview.compared(before), "end"
            starving = starved(overview, step.net.optimizer)
        except (KeyboardInterrupt, SystemExit):
            event = "interrupted"
            raise
        finally:
            # also after Ctrl-C, the model and the folder must have the best weights
            line.close()
            keeper.restore()
            if event != "failed":
                seconds = time.perf_counter() - begun
                record = PhaseRecord(phase, overview, history, keeper.epoch, keeper.value, seconds, step.note)
                run = run.with_phase(record)
                events.write(event, best_epoch=keeper.epoch, best_loss=keeper.value, seconds=round(seconds, 3))
                _keep(run, folder)
        best = keeper.value
        prove(run, starving)
    return run


def _steps(step: Step, model: TransferModel, optimizer: Any) -> Steps:
    """The steps of a phase, which are not traced yet."""
    optimizer.build(step.net.trainable_variables)
    # callbacks look for the optimizer in the net
    step.net.compile(optimizer=optimizer, jit_compile=False)
    return Steps(step.net, model.task.loss(), model.task.metrics(), optimizer, model.strategy)


def _loss_now(step: Step, steps: Steps) -> float | None:
    """The validation loss of the current weights; None when it is NaN or infinite."""
    steps.reset()
    with readable():
        loss = steps.validate(steps.iterate(step.validation), step.validation_steps)["loss"]
    return loss if np.isfinite(loss) else None


def _turns(model: TransferModel, plan: Plan) -> list[Turn]:
    """One Turn for each phase: its intended changes and its first epoch."""
    rows = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    begins = np.cumsum([0, *(phase.epochs for phase in plan)]).tolist()
    overviews = [plan_rows(phase.trainable, rows, phase.train_norms) for phase in plan]
    cuts = [cut(model, overview) for overview in overviews]
    return [Turn(*turn) for turn in zip(plan, overviews, begins, cuts, strict=False)]


def _begin(run: Run, data: Splits, log: Path | None) -> Run:
    """Record the weights before the first step, and the examples that the model will see."""
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    JsonLog(log, "").write(
        "run", seed=run.seed, batch_size=run.batch_size, plan=run.plan.to_dict(), versions=versions.installed()
    )
    run.model.remember(data)
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


def _keep(run: Run, folder: Path | None) -> None:
    """Write the run if there is a folder. A failure to write only warns, so that the trained model is not lost."""
    try:
        if folder is not None:
            run.save(folder)
    except Exception as error:
        warnings.warn(
            f"The run could not be written to {str(folder)!r}: {error}. Training continues; the model is in memory.",
            RunWarning,
            stacklevel=3,
        )
