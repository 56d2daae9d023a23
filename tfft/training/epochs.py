"""The loop over the epochs of a phase: training steps, validation, and Keras callbacks, called as Keras calls them."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np

from tfft.core.errors import PlanError
from tfft.data.pipeline import readable
from tfft.plans.phase import Phase
from tfft.training.averaging import Averaging
from tfft.training.phase_inputs import Step
from tfft.training.state import Position
from tfft.training.steps import Steps

# A call of several steps should take about this long: less would be spent on calling, and more would delay callbacks and Ctrl-C.
_SECONDS = 0.05
_MOST_STEPS = 64
Moment = Literal["steps", "validation", "epoch"]
_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def run_epochs(
    step: Step,
    steps: Steps,
    phase: Phase,
    callbacks: Sequence[keras.callbacks.Callback],
    at: Position,
    pause: Callable[[Moment], None],
) -> None:
    """Train a phase, from its beginning or from a checkpoint.

    Args:
        step: The net and the batches of the phase.
        steps: The steps of this net.
        phase: The phase; of it, name, epochs and learning rate are used.
        callbacks: Keras callbacks. Each is called after every step if it has a method for batches and is not tfft's own;
            otherwise, one call covers several steps, as with Keras' ``steps_per_execution``.
        at: Where to begin; it is moved. Its ``history`` is filled: metric -> a value for each epoch; those of validation begin
            with ``"val_"``.
        pause: Called with ``"steps"`` after each call of several training steps, with ``"validation"`` after each call of several
            validation steps, and with ``"epoch"`` after each epoch; it may raise, for example after Ctrl-C. Except in validation,
            where the net may have other weights, all states are then those of ``at``.

    Raises:
        PlanError: When the loss becomes NaN or infinite.
        DataError: When an image can no longer be read.
    """
    net, training, validating = step.net, _Pace("train", steps, callbacks), _Pace("validate", steps)
    callbacks = [*callbacks, keras.callbacks.TerminateOnNaN()]
    calls = keras.callbacks.CallbackList(callbacks, model=net, verbose=0, epochs=phase.end, steps=step.train_steps)
    net.stop_training = at.stopped
    with readable():
        train = steps.iterate(lambda own: step.train(at.epoch * step.train_steps + at.step, own))
        validation = steps.iterate(lambda own: step.validation(own).repeat()) if step.validation_steps else None
        calls.on_train_begin()
        logs: dict[str, float] = {}
        # as in Keras' fit, a callback that stops the training before a step ends it after this step
        while at.epoch < phase.end and not at.stopped:
            if at.step == 0:
                steps.reset()
            calls.on_epoch_begin(at.epoch)
            while at.step < step.train_steps and not (at.step and net.stop_training):
                calls.on_train_batch_begin(at.step)
                at.logs, at.step = training.run(train, at.step, step.train_steps)
                calls.on_train_batch_end(at.step - 1, at.logs)
                pause("steps")
            logs = {**at.logs, **_validated(step, steps, calls, validating, validation, pause)}
            calls.on_epoch_end(at.epoch, logs)
            for name, value in logs.items():
                at.history.setdefault(name, []).append(value)
            at.epoch, at.step, at.stopped = at.epoch + 1, 0, net.stop_training
            pause("epoch")
        calls.on_train_end(logs)
    if not np.isfinite([value for name in ("loss", "val_loss") for value in at.history.get(name, [])]).all():
        raise PlanError(
            f"The loss of phase {phase.name!r} became NaN or infinite.",
            f"losses {at.history.get('loss')}",
            f"Lower its learning rate, now {phase.learning_rate:g}; the model has the best weights so far.",
        )


def _validated(
    step: Step,
    steps: Steps,
    calls: keras.callbacks.CallbackList,
    pace: "_Pace",
    batches: Any,
    pause: Callable[[Moment], None],
) -> dict[str, float]:
    """Loss and metrics of the validation part; empty without one."""
    steps.reset()
    calls.on_test_begin()
    done = 0
    logs: dict[str, float] = {}
    while done < step.validation_steps:
        calls.on_test_batch_begin(done)
        logs, done = pace.run(batches, done, step.validation_steps)
        calls.on_test_batch_end(done - 1, logs)
        pause("validation")
    calls.on_test_end(logs)
    return {f"val_{name}": value for name, value in logs.items()}


class _Pace:
    """Decide how many steps one call runs: one at first, then more while a call is short."""

    def __init__(self, kind: str, steps: Steps, callbacks: Sequence[keras.callbacks.Callback] = ()) -> None:
        foreign = [callback for callback in callbacks if not type(callback).__module__.startswith("tfft.")]
        # LambdaCallback has its functions in the instance
        self._single = any(
            hook in vars(callback) or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
            for callback in foreign
            for hook in _BATCH_HOOKS
        )
        self._averaging = [callback for callback in callbacks if isinstance(callback, Averaging)]
        self._kind, self._steps, self._count, self._calls = kind, steps, 1, 0

    def run(self, batches: Any, done: int, total: int) -> tuple[dict[str, float], int]:
        """Run the next steps of an epoch; returns the metrics, and how many steps of the epoch are done."""
        count = min(self._count, total - done, *(averaging.pause() for averaging in self._averaging))
        several = self._steps.train if self._kind == "train" else self._steps.validate
        logs = several(batches, count)
        seconds, ran = self._steps.pace[self._kind]
        # the first call also traces, and with several workers the second one tells how long it took
        if self._calls > 1 - self._steps.alone and not self._single and seconds * self._count < _SECONDS * ran:
            self._count = min(2 * self._count, _MOST_STEPS)
        self._calls += 1
        return logs, done + count
