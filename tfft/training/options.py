"""The further options of ``fit``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from tfft.core.errors import PlanError, kind_of, nearest

if TYPE_CHECKING:
    import keras

ARGUMENTS = ("model", "data", "plan", "seed", "batch_size", "run_folder", "progress", "callbacks")
"""The arguments of ``fit``."""


class FitOptions(TypedDict, total=False):
    """Further options of ``fit``.

    Attributes:
        callbacks: Keras callbacks.
    """

    callbacks: "Sequence[keras.callbacks.Callback]"


def check_options(options: Mapping[str, Any]) -> list[Any]:
    """Check the further options of ``fit``.

    Args:
        options: Name -> value.

    Returns:
        The callbacks.

    Raises:
        TypeError: For an option that does not exist.
        PlanError: When a callback is not a Keras callback, or sets the learning rate.

    Example:
        >>> check_options({"epochs": 5})
        Traceback (most recent call last):
        TypeError: fit() has no argument 'epochs'. Epochs and learning rates are in the plan...
    """
    import keras

    for name in options:
        if name in ("epochs", "learning_rate", "optimizer"):
            advice = "Epochs and learning rates are in the plan: plan=tfft.plans.two_phase(head_epochs=5)."
            raise TypeError(f"fit() has no argument {name!r}. {advice}")
        if name != "callbacks":
            raise TypeError(f"fit() has no argument {name!r}. {nearest(name, ARGUMENTS)}")
    callbacks = options.get("callbacks", ())
    given = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
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
    return given
