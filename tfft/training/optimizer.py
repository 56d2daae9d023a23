"""Phase -> a fresh Keras optimizer; one optimizer never serves two phases."""

from typing import Any

import keras

from tfft.core import strategy
from tfft.core.precision import FLOAT32
from tfft.plans.phase import Phase
from tfft.plans.schedule import Schedule
from tfft.trainable.overview import Overview


def optimizer_for(
    phase: Phase, overview: Overview, steps: int, copies: int = 1, dtype: str = FLOAT32
) -> keras.optimizers.Optimizer:
    """Adam, or AdamW where the phase decays weights.

    Args:
        phase: With learning rate, schedule, decay and clipping.
        overview: Of the phase; tells which variables have shape (n,) or belong to norms, and so do not decay.
        steps: Optimizer steps of the whole phase.
        copies: Replicas that train side by side.
        dtype: What the trained part computes in; with float16 the loss is scaled, since small gradients would be 0 in it.

    Returns:
        An optimizer that has seen no variable yet.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> phase = tfft.plans.full(epochs=1, weight_decay=0.01).phases[0]
        >>> optimizer = optimizer_for(phase, model.apply(phase.trainable), steps=10)
        >>> type(optimizer).__name__, optimizer.weight_decay, optimizer.global_clipnorm
        ('AdamW', 0.01, 1.0)

    Source:
        No decay on biases and norms: Howard and Gugger 2020; BERT's own ``AdamWeightDecayOptimizer``.
    """
    rate = learning_rate(phase.schedule, phase.learning_rate, steps)
    together = copies > 1 and phase.clip_norm is not None
    if phase.weight_decay:
        adamw = _kind(keras.optimizers.AdamW, together)
        optimizer = adamw(rate, weight_decay=phase.weight_decay, global_clipnorm=phase.clip_norm)
        pairs = zip(overview.rows, overview.variables, strict=True)
        optimizer.exclude_from_weight_decay([variable for row, variable in pairs if row.norm or len(row.shape) < 2])
    else:
        optimizer = _kind(keras.optimizers.Adam, together)(rate, global_clipnorm=phase.clip_norm)
    return keras.optimizers.LossScaleOptimizer(optimizer) if dtype == "float16" else optimizer


def _kind(kind: Any, together: bool) -> Any:
    """The optimizer class; where replicas clip, one that clips the gradient of the whole batch.

    Keras 3.15 clips on each replica the gradient of its share, before the shares are summed: two replicas may take twice the step
    of one device. ``tests/workflows/test_replicas.py`` guards this private name.
    """
    if not together:
        return kind

    class ClippedTogether(kind):
        def _clip_gradients(self, grads: list[Any]) -> list[Any]:
            clipped = super()._clip_gradients(strategy.summed(grads))
            copies = strategy.replicas(strategy.current())
            return [None if gradient is None else gradient / copies for gradient in clipped]

    return ClippedTogether


def learning_rate(schedule: Schedule, highest: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """The rate at each step of a phase.

    Args:
        schedule: Shape and warm-up share.
        highest: Rate at the end of the warm-up.
        steps: Optimizer steps of the whole phase.

    Returns:
        A Keras schedule, step number -> float32 of shape (); never 0 at any step, so that the very first one moves.

    Example:
        >>> rate = learning_rate(Schedule("cosine", warmup=0.5), highest=1.0, steps=4)
        >>> [round(float(rate(step)), 2) for step in range(4)]
        [0.33, 0.67, 1.0, 0.5]
    """
    rising = min(round(schedule.warmup * steps), steps - 1)
    # a floor of 1 turns the cosine into a constant, which Keras has with warm-up nowhere else
    floor = 1.0 if schedule.shape == "constant" else 0.0
    if not rising:
        return keras.optimizers.schedules.CosineDecay(highest, steps, alpha=floor)
    return keras.optimizers.schedules.CosineDecay(
        highest / (rising + 1), steps - rising, alpha=floor, warmup_target=highest, warmup_steps=rising
    )
