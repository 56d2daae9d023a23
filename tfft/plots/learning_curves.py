"""Plot learning curves: each metric over all epochs, with the phases marked."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tfft.plots.style import COLORS, INK, inked, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(history: Mapping[str, Sequence[float]], phases: Sequence[tuple[str, int, int]]) -> "Figure":
    """Plot the learning curves of one or more phases.

    Args:
        history: Metric name -> a value for each epoch of all phases, shape (epochs,); ``val_`` before the name of a
            validation metric.
        phases: The name, number of epochs and best epoch of each phase, in order. Epochs count from 1; a best epoch of 0 means that
            no epoch was better than the start.

    Returns:
        A figure with a panel for each metric, which shows training and validation. A line marks the end of a phase, and a ring
        marks the kept epoch.

    Example:
        >>> history = {"loss": [0.9, 0.5], "val_loss": [0.8, 0.6], "accuracy": [0.6, 0.9], "val_accuracy": [0.7, 0.8]}
        >>> [axes.get_title() for axes in plot(history, [("head", 2, 2)]).axes]
        ['loss', 'accuracy']
    """
    names = sorted((name for name in history if not name.startswith("val_")), key=lambda name: name != "loss")
    with inked():
        figure = new_figure(4.6 * len(names), 3.4)
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for color, key, part in ((COLORS[1], name, "training"), (COLORS[0], f"val_{name}", "validation")):
                if key in history:
                    axes.plot(
                        range(1, len(history[key]) + 1), history[key], "o-", color=color, label=part, markersize=3
                    )
            begun = 0
            for number, (phase, epochs, best_epoch) in enumerate(phases):
                if best_epoch:
                    kept = begun + best_epoch
                    shown = history.get(f"val_{name}", history[name])
                    axes.plot(kept, shown[kept - 1], "o", markersize=10, mfc="none", mec=COLORS[0])
                axes.text(
                    begun + 0.6,
                    1.02,
                    label(phase),
                    transform=axes.get_xaxis_transform(),
                    va="bottom",
                    fontsize=8,
                    in_layout=False,
                )
                begun += epochs
                if number < len(phases) - 1:
                    axes.axvline(begun + 0.5, color=INK, linewidth=1, linestyle=":")
            axes.set_title(name, pad=16)
            axes.set_xlim(0.5, begun + 0.5)
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        figure.axes[0].legend(frameon=False)
        return figure
