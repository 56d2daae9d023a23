"""The further options of ``fit``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypedDict

from tfft.core.errors import PlanError, kind_of, nearest
from tfft.plans.teacher import Teacher

if TYPE_CHECKING:
    import keras


class FitOptions(TypedDict, total=False):
    """Further options of ``fit``.

    Attributes:
        callbacks: Keras callbacks.
        accumulate: The number of parts in which a batch is computed.
        resume: Whether to continue the run in ``run_folder``.
        save_minutes: The time between two checkpoints.
        teacher: A trained model, a loaded bundle, or a Teacher.
        refit: Whether to train once more at the end, on training and validation examples together.
    """

    callbacks: "Sequence[keras.callbacks.Callback]"
    accumulate: int
    resume: bool | None
    save_minutes: float | None
    teacher: Any
    refit: bool


ARGUMENTS = ("model", "data", "plan", "seed", "batch_size", "run_folder", "progress", *FitOptions.__annotations__)
"""The arguments of ``fit``."""


@dataclass(frozen=True)
class Options:
    """The checked options.

    Attributes:
        callbacks: Keras callbacks.
        accumulate: The number of parts in which a batch is computed, at least 1.
        resume: Whether to continue the run in ``run_folder``; None refuses a folder with an unfinished run.
        save_minutes: The time between two checkpoints, in minutes, above 0; None for 5 minutes.
        teacher: The teacher; None without one.
        refit: Whether to train once more at the end, on training and validation examples together.
    """

    callbacks: tuple[Any, ...] = ()
    accumulate: int = 1
    resume: bool | None = None
    save_minutes: float | None = None
    teacher: Teacher | None = None
    refit: bool = False


def check_options(options: Mapping[str, Any]) -> Options:
    """Check the further options of ``fit``.

    Args:
        options: Name -> value.

    Returns:
        Options, with the defaults of those that are missing.

    Raises:
        TypeError: For an option that does not exist.
        PlanError: When a value is out of range, or a callback is not a Keras callback, sets the learning rate, or saves
            whole nets.

    Example:
        >>> check_options({"epochs": 5})
        Traceback (most recent call last):
        TypeError: fit() has no argument 'epochs'. Epochs and learning rates are in the plan...
    """
    for name in options:
        if name in ("epochs", "learning_rate", "optimizer"):
            advice = "Epochs and learning rates are in the plan: plan=tfft.plans.two_phase(head_epochs=5)."
            raise TypeError(f"fit() has no argument {name!r}. {advice}")
        if name not in ARGUMENTS:
            raise TypeError(f"fit() has no argument {name!r}. {nearest(name, ARGUMENTS)}")
    teacher = options.get("teacher")
    converted = {
        "callbacks": _callbacks(options.get("callbacks", ())),
        "teacher": None if teacher is None else Teacher.of(teacher),
    }
    found = Options(**{**options, **converted})
    whole = isinstance(found.accumulate, Integral) and not isinstance(found.accumulate, bool)
    minutes = isinstance(found.save_minutes, Real) and not isinstance(found.save_minutes, bool)
    checks = (
        (whole and found.accumulate >= 1, "accumulate", "a whole number of at least 1"),
        (found.resume is None or isinstance(found.resume, bool), "resume", "True or False"),
        (isinstance(found.refit, bool), "refit", "True or False"),
        (
            found.save_minutes is None or (minutes and 0 < found.save_minutes < float("inf")),
            "save_minutes",
            "a number of minutes above 0",
        ),
    )
    for good, name, wanted in checks:
        if not good:
            raise PlanError(f"{name}={getattr(found, name)!r} cannot be used.", fix=f"It must be {wanted}.")
    return found


def _callbacks(callbacks: Any) -> tuple[Any, ...]:
    import keras

    given = tuple(callbacks) if isinstance(callbacks, (list, tuple)) else (callbacks,)
    for callback in given:
        if not isinstance(callback, keras.callbacks.Callback):
            raise PlanError(
                "callbacks must be a list of Keras callbacks.",
                f"{kind_of(callback)}",
                'Write callbacks=[keras.callbacks.CSVLogger("log.csv")].',
            )
        if isinstance(callback, (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)):
            raise PlanError(
                f"{type(callback).__name__} sets the learning rate, which follows the schedule of each phase.",
                fix="Use Phase(..., schedule=plans.cosine()) or plans.constant() instead.",
            )
        if isinstance(callback, keras.callbacks.ModelCheckpoint) and not callback.save_weights_only:
            # the net of a phase computes with layers that are made for training
            raise PlanError(
                "ModelCheckpoint would save the net of a phase as a file that Keras cannot read.",
                repr(callback.filepath),
                "Use run_folder=, which keeps the best weights; or write save_weights_only=True.",
            )
    return given
