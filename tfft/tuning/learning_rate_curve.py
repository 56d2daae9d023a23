"""The losses of a training with rising learning rates, as a value that can be plotted and written."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core import files
from tfft.core.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SMOOTHED_STEPS = 3.0  # standard deviation of the smoothing, for curves of about 100 steps
_LAST_STEPS = 3  # as wide as the smoothing: a minimum there is no turn of the curve
_FORMATS = (".png", ".svg", ".pdf", ".json")


@dataclass(frozen=True)
class LearningRateCurve:
    """The losses of a training whose learning rate rises from step to step.

    Attributes:
        phase: The name of the phase.
        rates: The learning rate of each step, ascending, shape (steps,).
        losses: The mean training loss of each batch before its step, shape (steps,). The curve ends when the loss diverges.
        suggestion: A tenth of the learning rate at which the smoothed loss is lowest; None when the loss never falls.

    Example:
        >>> LearningRateCurve("tune", (1e-3, 1e-2), (0.7, 0.6), None).describe()
        "The loss of phase 'tune' did not fall at any learning rate from 0.001 to 0.01, so there is no suggestion."
    """

    phase: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float | None

    @property
    def smoothed(self) -> np.ndarray:
        """The losses without the noise of single batches, shape (steps,)."""
        return smoothed(np.array(self.losses))

    def describe(self) -> str:
        """Return the suggestion as a sentence."""
        if self.suggestion is None:
            tried = f"from {self.rates[0]:g} to {self.rates[-1]:g}" if self.rates else "that was tried"
            return f"The loss of phase {self.phase!r} did not fall at any learning rate {tried}, so there is no suggestion."
        rising = int(self.smoothed.argmin()) < len(self.rates) - _LAST_STEPS
        return (
            f"Phase {self.phase!r}: learning_rate={self.suggestion:.2g}. The loss is lowest, {self.smoothed.min():.3g}, at ten "
            "times this rate."
            + (
                ""
                if rising
                else f" It had not risen when the curve ended at {self.rates[-1]:.2g}, so look at the plot."
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as plain JSON values."""
        return asdict(self) | {"rates": list(self.rates), "losses": list(self.losses)}

    def plot(self) -> "Figure":
        """Plot loss against learning rate, with the suggestion."""
        from tfft.plots import learning_rate_curve

        return learning_rate_curve.plot(self.rates, self.losses, self.smoothed.tolist(), self.suggestion)

    def save(self, path: str | Path) -> Path:
        """Write the curve: ``to_dict`` as ``.json``, or the plot as ``.png``, ``.svg`` or ``.pdf``.

        Args:
            path: The path of the file; an older file there is replaced.

        Returns:
            The same path.

        Raises:
            PlanError: When the path has another extension, or begins with ``~``.
            OSError: When the file cannot be written.
        """
        path = check_path(path)
        with files.replacing(path) as fresh:
            if path.suffix.lower() == ".json":
                fresh.write_text(json.dumps(self.to_dict(), indent=1), encoding="utf-8")
            else:
                figure = self.plot()
                figure.patch.set(facecolor="white", alpha=1.0)
                figure.savefig(fresh, format=path.suffix[1:].lower(), dpi=150)
        return path

    def _repr_html_(self) -> str:
        """Return the plot and the sentence, which notebooks show."""
        from html import escape

        return f"{self.plot()._repr_html_()}<p>{escape(self.describe())}</p>"


def check_path(path: str | Path) -> Path:
    """Check, before anything is computed, that a curve can be written.

    Args:
        path: The path of the file.

    Returns:
        The path.

    Raises:
        PlanError: When the path has another extension than those of ``LearningRateCurve.save``, or begins with ``~``.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise PlanError(
            f"A curve cannot be written as {path.suffix!r}.", repr(str(path)), f"Use {', '.join(_FORMATS)}."
        )
    if reason := files.unexpanded(path):
        raise PlanError("The curve cannot be written.", fix=f"{reason}.")
    return path


def smoothed(losses: np.ndarray) -> np.ndarray:
    """Smooth losses: the weighted mean of each loss and its neighbours, with weights of a normal distribution.

    Args:
        losses: shape (steps,).

    Returns:
        shape (steps,).

    Example:
        >>> smoothed(np.array([1.0, 1.0, 1.0])).tolist()
        [1.0, 1.0, 1.0]
    """
    distances = np.arange(len(losses))[:, None] - np.arange(len(losses))
    weights = np.exp(-0.5 * (distances / _SMOOTHED_STEPS) ** 2)
    return np.asarray(weights @ losses / weights.sum(axis=1))
