"""Find a learning rate: train with rates that rise from step to step, look where the loss falls, and put everything back."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tfft.accelerate.gradients import forgotten
from tfft.accelerate.precision import Precision
from tfft.cache.sharing import ALONE
from tfft.core import forks
from tfft.core.errors import PlanError, kind_of
from tfft.core.seed import derive
from tfft.core.strategy import replicas, scope, synchronized
from tfft.core.tpus import is_tpu
from tfft.core.workers import answering, cluster_of
from tfft.data.examples import Splits
from tfft.data.pipeline import readable
from tfft.models.assembly import TransferModel
from tfft.plans.optimizers import LBFGS
from tfft.plans.phase import Phase, Plan
from tfft.trainable.overview import flattened
from tfft.trainable.policy import same_flags
from tfft.training.checks import check, check_plan
from tfft.training.context import RunContext, parts_of
from tfft.training.feature_schedule import turns_of
from tfft.training.optimizer import optimizer_for
from tfft.training.phase_inputs import prepare
from tfft.training.plan_choice import plan_for
from tfft.training.state import divide, joined, of_run
from tfft.training.steps import Steps
from tfft.training.trunk_cache import TrunkCache
from tfft.tuning.learning_rate_curve import LearningRateCurve, smoothed

_FEW, _LOST = 4, 4.0  # the search ends when the mean of so many losses exceeds the lowest such mean by this factor
_BELOW = 10.0
_FEWEST_STEPS, _LEAST_FALL = 20, 0.02


def find_learning_rate(
    model: TransferModel,
    data: Splits,
    phase: Phase | None = None,
    seed: int = 0,
    batch_size: int = 32,
    steps: int = 100,
    between: tuple[float, float] = (1e-6, 1.0),
) -> LearningRateCurve:
    """Suggest a learning rate for a phase: train for some steps with rising rates, and then put the model back.

    Weights, random states and trainable flags are afterwards what they were, bit for bit, also after Ctrl-C and errors; a ``fit``
    gives the same run as without this call. For a later phase, train the earlier ones first: with an untrained head, the rates are
    those of the head. Features of frozen layers are cached as in ``fit``, which finds them where a phase does not augment. The
    search computes in float32, unless ``build`` was given a precision.

    Args:
        model: From ``build``, perhaps trained.
        data: The data of ``fit``; only its training part is used for the curve.
        phase: The phase, such as ``plan.phases[1]``; its learning rate, schedule and epochs are not used. None for the first phase
            of the plan that ``fit`` would choose if it had to train the head.
        seed: The seed of the order of examples.
        batch_size: Number of examples in a batch; the right rate depends on it.
        steps: The number of steps, at least 20. The training stops earlier when the mean of four losses is four times the lowest
            such mean.
        between: The lowest and the highest learning rate.

    Returns:
        A LearningRateCurve, with a suggestion and a plot.

    Raises:
        PlanError: When the phase does not fit the model, a number is out of range, or several workers train together.
        DataError: As ``fit``.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 20)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> curve = find_learning_rate(model, data, tfft.plans.full(train_norms=True).phases[0], steps=30)
        >>> len(curve.rates) == len(curve.losses) <= 30
        True

    Source:
        Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3. A tenth of the rate with the lowest loss:
        Howard and Gugger 2020, "Deep Learning for Coders", chapter 5. Here the smoothing does not lag behind.
    """
    forks.check()
    check(model, data, batch_size)
    if cluster_of(model.strategy) is not None:
        raise PlanError(
            "find_learning_rate() works in one process.",
            "several workers",
            "Search on one machine, and use the rate on all.",
        )
    _check(phase, steps, between)
    if phase is None:
        phase = plan_for(model.backbone, model.task, len(data.train), solving=False).phases[0]
    per_epoch = -(-len(data.train) // batch_size)
    phase = replace(phase, epochs=-(-steps // per_epoch), last_epoch=None, patience=None, averaging=0.0)
    check_plan(model, Plan(phase))
    losses = []
    with scope(model.strategy), answering(model.strategy), forgotten(), same_flags(model.backbone_net, model.head_net):
        rates = np.geomspace(*between, steps)
        for loss in _losses(model, data, phase, (seed, batch_size, steps), between):
            losses.append(loss)
            if _diverged(losses):
                break
    while losses and not math.isfinite(losses[-1]):
        losses.pop()
    return LearningRateCurve(phase.name, tuple(rates[: len(losses)].tolist()), tuple(losses), _suggested(rates, losses))


def _check(phase: Any, steps: Any, between: Any) -> None:
    if phase is not None and not isinstance(phase, Phase):
        raise PlanError(
            "find_learning_rate() takes one phase of a plan.",
            kind_of(phase),
            "Write phase=plan.phases[0], for example.",
        )
    if phase is not None and phase.optimizer == LBFGS:
        raise PlanError(
            f"Phase {phase.name!r} solves the head exactly, so it has no learning rate.",
            f"optimizer={LBFGS!r}",
            "Use it as it is, or search for another phase.",
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < _FEWEST_STEPS:
        raise PlanError(
            f"steps={steps!r} must be a whole number of at least {_FEWEST_STEPS}.", fix="100 is a good start."
        )
    numbers = (
        isinstance(between, (tuple, list)) and len(between) == 2 and all(isinstance(n, (int, float)) for n in between)
    )
    if not numbers or not 0 < between[0] < between[1] <= 10:
        raise PlanError(
            f"between={between!r} must be two learning rates in (0, 10], the lower one first.", fix="Write (1e-6, 1.0)."
        )


def _losses(
    model: TransferModel, data: Splits, phase: Phase, run: tuple[int, int, int], between: tuple[float, float]
) -> Iterator[float]:
    """Train step by step, and yield the loss of each batch before its step. At the end, the model is put back."""
    seed, batch_size, count = run
    context = RunContext(model, *parts_of(model, data), derive(seed, "order"), lambda *_: None, share=ALONE)
    features = TrunkCache(context)
    turns = turns_of(model, Plan(phase))
    begin = joined(of_run(model, turns))
    try:
        overview = model.apply(phase.trainable, phase.train_norms)
        precision, weights = model.precision or Precision(), model.task.class_weight(data.train.counts())
        step = prepare(context, features, turns, batch_size, weights, precision, is_tpu(model.strategy))
        rising = keras.optimizers.schedules.ExponentialDecay(between[0], count - 1, between[1] / between[0])
        optimizer = optimizer_for(phase, overview, count, precision.tail, rising)
        optimizer.build(step.net.trainable_variables)
        several = Steps(step.net, model.task.loss(), [], optimizer, model.strategy)
        with readable(), synchronized(flattened(model.backbone_net), replicas(model.strategy)):
            batches = several.iterate(lambda own: step.train(0, own))
            for _ in range(count):
                several.reset()
                yield several.train(batches, 1)["loss"]
    finally:
        divide(begin, of_run(model, turns))
        features.kept.close()


def _diverged(losses: Sequence[float]) -> bool:
    """Whether the training has diverged, by means of a few losses: small losses of single batches differ by large factors.

    Source:
        fastai's ``LRFinder`` stops at four times the lowest smoothed loss, too.
    """
    if not math.isfinite(losses[-1]):
        return True
    means = np.convolve(losses, np.full(_FEW, 1 / _FEW), "valid") if len(losses) >= _FEW else np.zeros(1)
    return bool(means[-1] > _LOST * means.min())


def _suggested(rates: np.ndarray, losses: Sequence[float]) -> float | None:
    if not losses:
        return None
    curve = smoothed(np.array(losses))
    lowest = int(curve.argmin())
    fell = curve[: lowest + 1].max() - curve[lowest]
    return float(rates[lowest]) / _BELOW if fell > _LEAST_FALL * abs(curve[0]) else None
