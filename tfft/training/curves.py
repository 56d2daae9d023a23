"""Plot the learning curves of a run: each metric over all epochs, with the phases marked."""

from typing import TYPE_CHECKING

from tfft.core.drawing import COLORS, INK, inked, label, new_figure
from tfft.training.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(run: Run) -> "Figure":
    """Draw the learning curves.

    Args:
        run: A run with at least one phase.

    Returns:
        A figure with a panel for each metric, which shows training and validation. A line marks the end of a phase, and a ring
        marks the kept epoch.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 10)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> [axes.get_title() for axes in draw(tfft.fit(model, data, tfft.plans.head_only(2))).axes]
        ['loss', 'accuracy']
    """
    history = run.history()
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
            for record in run.phases:
                if record.best_epoch:
                    kept = begun + record.best_epoch
                    axes.plot(kept, history[f"val_{name}"][kept - 1], "o", markersize=10, mfc="none", mec=COLORS[0])
                axes.text(
                    begun + 0.6,
                    1.02,
                    label(record.phase.name),
                    transform=axes.get_xaxis_transform(),
                    va="bottom",
                    fontsize=8,
                    in_layout=False,
                )
                begun += len(record.history["loss"])
                if record is not run.phases[-1]:
                    axes.axvline(begun + 0.5, color=INK, linewidth=1, linestyle=":")
            axes.set_title(name, pad=16)
            axes.set_xlim(0.5, begun + 0.5)
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        figure.axes[0].legend(frameon=False)
        return figure
