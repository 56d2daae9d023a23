"""Plot the losses of a training whose learning rate rises from step to step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfft.plots.style import COLORS, INK, inked, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float | None
) -> "Figure":
    """Plot loss against learning rate.

    Args:
        rates: The learning rate of each step, ascending, shape (steps,).
        losses: The loss of each batch, shape (steps,).
        smoothed: The losses without the noise of single batches, shape (steps,).
        suggestion: The suggested rate, which a line marks; None for no line.

    Returns:
        A figure with one panel and a logarithmic axis of learning rates.

    Example:
        >>> plot([1e-4, 1e-3, 1e-2], [0.9, 0.5, 2.0], [0.8, 0.7, 1.5], 1e-4).axes[0].get_xscale()
        'log'
    """
    with inked():
        figure = new_figure(5.4, 3.4)
        axes = figure.subplots()
        axes.plot(rates, losses, ".", color=INK, markersize=3, label="one batch")
        axes.plot(rates, smoothed, color=COLORS[0], label="smoothed")
        if suggestion is not None:
            axes.axvline(suggestion, color=COLORS[1], linestyle="--", label=f"suggested: {suggestion:.2g}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training loss")
        axes.legend(frameon=False)
        return figure
