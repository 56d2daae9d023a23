"""Define ``fit``. For each phase of a plan it applies the policy, compiles, trains and records. No phase unfreezes anything."""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfft.accelerate.gradients import forgotten
from tfft.accelerate.precision import Precision
from tfft.core import fingerprint, forks, versions
from tfft.core.errors import PlanError, RunWarning
from tfft.core.interrupts import noticed
from tfft.core.quiet import without_false_alarms
from tfft.core.seed import derive
from tfft.core.strategy import replicas, scope, synchronized
from tfft.data.examples import Splits
from tfft.data.pipeline import readable
from tfft.models.assembly import TransferModel
from tfft.models.cuts import cut
from tfft.plans.defaults import default_plan
from tfft.plans.phase import Phase, Plan
from tfft.trainable.overview import flattened, survey
from tfft.trainable.policy import plan_rows
from tfft.training.averaging import Averaging
from tfft.training.best_weights import BestWeights
from tfft.training.checks import check, check_folder, check_plan, warn_about_texts
from tfft.training.feature_schedule import Turn
from tfft.training.optimizer import optimizer_for
from tfft.training.phase_inputs import Step, prepare
from tfft.training.precision_search import choose
from tfft.training.progress import FeatureProgress, JsonLog, LiveLine
from tfft.training.run import PhaseRecord, Run
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

    Returns:
        A Run with the trained model and the record of every phase.

    Raises:
        KeyboardInterrupt: On Ctrl-C.
        SystemExit: With status 143, on SIGTERM, unless the user has set a handler for it.
        TfftError: In a process that was forked after TensorFlow had started, or when nothing can be written to ``run_folder``.
        PlanError: When a policy does not fit the net, or the loss becomes NaN or infinite.
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
            return _train(run, data, features, folder, progress, interrupted)
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
        steps = phase.epochs * step.train_steps
        _compile(step, run, optimizer_for(phase, overview, steps, run.precision.tail))
        if best is None:
            best = step.loss_now()
        keeper, averaging = BestWeights(overview, start=best), Averaging(overview, phase.averaging, steps)
        line = LiveLine(phase, overview, step.train_steps, progress)
        events = JsonLog(log, phase.name)
        events.write("phase", plan=phase.to_dict(), trained=overview.totals()[0], parameters=overview.totals()[1])
        event, ended = "failed", keras.callbacks.History()
        ended.history = {}  # Keras only makes it when training begins
        try:
            with synchronized(flattened(model.backbone_net), copies):
                history = _fit_phase(step, phase, [keeper, averaging, line, events, ended], interrupted)
            overview, event = overview.compared(before), "end"
            starving = starved(overview, step.net.optimizer)
        except (KeyboardInterrupt, SystemExit):
            history, event = ended.history, "interrupted"
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


def _compile(step: Step, run: Run, optimizer: keras.optimizers.Optimizer) -> None:
    task = run.model.task
    step.net.compile(
        optimizer=optimizer,
        loss=task.loss(),
        **{"weighted_metrics" if step.counted else "metrics": task.metrics()},
        jit_compile=False,
        steps_per_execution=step.steps_per_execution,
    )
    # without this, tracing the step creates variables, and Keras traces it twice
    step.net.optimizer.build(step.net.trainable_variables)


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


def _fit_phase(
    step: Step, phase: Phase, callbacks: list[keras.callbacks.Callback], interrupted: Callable[[], None]
) -> dict[str, list[float]]:
    """Call Keras' ``fit`` once."""
    if phase.patience is not None:
        callbacks = [*callbacks, keras.callbacks.EarlyStopping("val_loss", patience=phase.patience)]
    callbacks = [*callbacks, keras.callbacks.TerminateOnNaN()]
    callbacks.append(keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs=None: interrupted()))
    with readable():
        history = step.net.fit(
            step.train, steps_per_epoch=step.train_steps, validation_data=step.validation,
            validation_steps=step.validation_steps, epochs=phase.epochs, callbacks=callbacks, shuffle=False, verbose=0,
        ).history  # fmt: skip
    losses = {name: [float(value) for value in values] for name, values in history.items()}
    if not np.isfinite([value for name in ("loss", "val_loss") for value in losses.get(name, [])]).all():
        raise PlanError(
            f"The loss of phase {phase.name!r} became NaN or infinite.",
            f"losses {losses.get('loss')}",
            f"Lower its learning rate, now {phase.learning_rate:g}; the model has the best weights so far.",
        )
    return losses


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
