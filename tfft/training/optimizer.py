"""Make a new optimizer for each phase, because Keras optimizers cannot be used for two."""

from typing import Any

import keras
from keras.optimizers.schedules import LearningRateSchedule

from tfft.accelerate.precision import FLOAT32
from tfft.plans.optimizers import ADAM, ADAMW, options_of
from tfft.plans.phase import Phase
from tfft.plans.schedule import Schedule
from tfft.trainable.overview import HEAD, Overview, Row
from tfft.training.adam import Adam
from tfft.training.whole_batch import of_whole_batches


def optimizer_for(
    phase: Phase, overview: Overview, steps: int, dtype: str = FLOAT32, rate: LearningRateSchedule | None = None
) -> keras.optimizers.Optimizer:
    """Make the optimizer of a phase, with its learning rates, weight decay and clipping.

    Args:
        phase: The phase.
        overview: The variables of the phase. Those with shape (n,) and those of norms have no weight decay.
        steps: The number of optimizer steps in the whole phase.
        dtype: The dtype in which the trained part computes. With float16 the loss is scaled, because small gradients would become
            zero.
        rate: The learning rate; None for the schedule of the phase.

    Returns:
        An optimizer that is not built yet.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> phase = tfft.plans.full(epochs=1, weight_decay=0.01).phases[0]
        >>> optimizer = optimizer_for(phase, model.apply(phase.trainable), steps=10)
        >>> type(optimizer).__name__, optimizer.global_clipnorm
        ('Adam', 1.0)

    Source:
        No decay on biases and norms: Howard and Gugger 2020; BERT's own ``AdamWeightDecayOptimizer``.
    """
    pairs = list(zip(overview.rows, overview.variables, strict=True))
    blocks = [name for name in dict.fromkeys(row.block for row in overview.rows) if name != HEAD]
    rate = learning_rate(phase.schedule, phase.learning_rate, steps) if rate is None else rate
    numbers: Any = (
        {id(variable): phase.rates.of_block(row.block, blocks) for row, variable in pairs},
        frozenset(id(variable) for row, variable in pairs if _decays(row)),
        phase.weight_decay,
        phase.clip_norm,
    )
    if phase.optimizer in (ADAM, ADAMW):
        optimizer: Any = Adam(rate, *numbers)
    else:
        kind, options = options_of(phase.optimizer)  # type: ignore[arg-type]
        kind = Muon if kind is keras.optimizers.Muon else kind
        optimizer = of_whole_batches(kind).from_config({"learning_rate": phase.learning_rate, **options})
        optimizer.learning_rate = rate
        optimizer.prepare(*numbers)
        optimizer.by_adam = frozenset(id(variable) for row, variable in pairs if row.block == HEAD or not _decays(row))
    return keras.optimizers.LossScaleOptimizer(optimizer) if dtype == "float16" else optimizer


class Muon(keras.optimizers.Muon):
    """Keras' Muon, which takes Adam's step also for the head and for the biases of attention, of shape (heads, width).

    Keras itself takes it for embeddings, and for variables without two dimensions.

    Attributes:
        by_adam: ``id`` of each further variable that takes Adam's step; set it before ``build``.

    Source:
        Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks": input and output layers train with AdamW.
    """

    by_adam: frozenset[int] = frozenset()

    def _should_use_adamw(self, variable: Any) -> bool:
        return id(variable) in self.by_adam or super()._should_use_adamw(variable)


def _decays(row: Row) -> bool:
    # biases of attention have shape (heads, width)
    return not row.norm and len(row.shape) > 1 and not row.path.endswith("/bias")


class Slanted(LearningRateSchedule):
    """A learning rate that rises linearly from a 32nd to its highest value, and falls linearly back.

    Args:
        highest: The highest learning rate.
        steps: The number of steps.
        rising: The number of steps before the highest one.

    Example:
        >>> [round(32 * float(Slanted(1.0, 4, 2)(step)), 1) for step in range(4)]
        [1.0, 16.5, 32.0, 16.5]

    Source:
        Howard and Ruder 2018, "Universal Language Model Fine-tuning", equation 3, with ``ratio`` 32.
    """

    def __init__(self, highest: float, steps: int, rising: int) -> None:
        self._highest, self._steps, self._rising = highest, steps, rising

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step, from 0, as float32 of shape ()."""
        at = keras.ops.cast(step, "float32")
        up, down = at / max(self._rising, 1), (self._steps - at) / (self._steps - self._rising)
        part = keras.ops.clip(keras.ops.where(at < self._rising, up, down), 0.0, 1.0)
        return self._highest * (1 + part * 31) / 32

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"highest": self._highest, "steps": self._steps, "rising": self._rising}


def learning_rate(schedule: Schedule, highest: float, steps: int) -> LearningRateSchedule:
    """Make the learning rate schedule of a phase.

    Args:
        schedule: The shape of the schedule, and the fraction of warm-up steps.
        highest: The learning rate at the end of the warm-up.
        steps: The number of optimizer steps in the whole phase.

    Returns:
        A Keras schedule: step number -> float32 of shape (). It is not zero at any step, so that the first step has an effect.

    Example:
        >>> rate = learning_rate(Schedule("cosine", warmup=0.5), highest=1.0, steps=4)
        >>> [round(float(rate(step)), 2) for step in range(4)]
        [0.33, 0.67, 1.0, 0.5]
    """
    rising = min(round(schedule.warmup * steps), steps - 1)
    if schedule.shape == "slanted":
        return Slanted(highest, steps, rising)
    # with alpha=1 the cosine is constant; Keras has no other constant schedule with warm-up
    floor = 1.0 if schedule.shape == "constant" else 0.0
    if not rising:
        return keras.optimizers.schedules.CosineDecay(highest, steps, alpha=floor)
    return keras.optimizers.schedules.CosineDecay(
        highest / (rising + 1), steps - rising, alpha=floor, warmup_target=highest, warmup_steps=rising
    )
