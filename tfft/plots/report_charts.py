"""A report's values -> a matplotlib figure: the confusion matrix and the bars of each class, or residuals of quantities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.plots.style import COLORS, inked, label, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_CLASSES = 30


def plot(report: Mapping[str, Any]) -> "Figure":
    """Plot a report.

    Args:
        report: What ``Report.to_dict`` returned.

    Returns:
        A figure: for classes a bar of F1 for each and, where one class an example holds, the confusion matrix of shape
        (classes, classes); for quantities the residual, predicted less true, over the prediction. Of more than 30 classes the 30
        of the lowest F1; a class that nobody has or named has none.
    """
    with inked():
        if report["residuals"] is not None:
            return _residuals(report)
        known = [row for row in report["per_class"] if row["f1"] is not None]
        rows = sorted(known, key=lambda row: row["f1"])[:_MOST_CLASSES]
        matrix = report["confusion"] is not None and len(report["names"]) <= _MOST_CLASSES
        height = max(2.5, 0.32 * len(rows) + 1.2)
        figure = new_figure(11 if matrix else 6, max(height, 4.2) if matrix else height)
        axes = figure.subplots(1, 2 if matrix else 1, squeeze=False)[0]
        _bars(axes[0], rows, len(report["names"]))
        if matrix:
            _matrix(axes[1], report["names"], np.array(report["confusion"]))
        return figure


def panels(report: Mapping[str, Any]) -> "list[Figure]":
    """Plot the parts of ``plot`` as figures of their own, which a narrow page can stack.

    Args:
        report: What ``Report.to_dict`` returned.

    Returns:
        For classes the bars and, where there is one, the confusion matrix of shape (classes, classes); else a figure for each
        quantity.
    """
    with inked():
        if report["residuals"] is not None:
            figures = [new_figure(4.2, 4) for _ in report["names"]]
            for index, figure in enumerate(figures):
                _residual(figure.subplots(), report, index)
            return figures
        known = [row for row in report["per_class"] if row["f1"] is not None]
        rows = sorted(known, key=lambda row: row["f1"])[:_MOST_CLASSES]
        figures = [new_figure(5.4, max(2.5, 0.32 * len(rows) + 1.2))]
        _bars(figures[0].subplots(), rows, len(report["names"]))
        if report["confusion"] is not None and len(report["names"]) <= _MOST_CLASSES:
            side = min(max(4.2, 0.3 * len(report["names"]) + 1.5), 9)
            figures.append(new_figure(side, side))
            _matrix(figures[1].subplots(), report["names"], np.array(report["confusion"]))
        return figures


def _bars(axes: "Axes", rows: list[dict[str, Any]], classes: int) -> None:
    places = np.arange(len(rows))
    axes.barh(places, [row["f1"] for row in rows], color=COLORS[0], height=0.65)
    axes.set_yticks(places, [label(row["name"]) for row in rows])
    axes.invert_yaxis()
    axes.set(
        xlim=(0, 1),
        xlabel="F1",
        title="each class" if len(rows) == classes else f"the {len(rows)} lowest of {classes} classes",
    )


def _matrix(axes: "Axes", names: list[str], counts: np.ndarray) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= 15:
        for row, column in np.ndindex(*counts.shape):
            color = "white" if shares[row, column] > 0.5 else "#333333"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color, fontsize=8)
    places = np.arange(len(names))
    axes.set_xticks(places, [label(name) for name in names], rotation=90)
    axes.set_yticks(places, [label(name) for name in names])
    axes.set(xlabel="predicted", ylabel="true", title="confusion")


def _residuals(report: Mapping[str, Any]) -> "Figure":
    names = report["names"]
    figure = new_figure(4.2 * min(len(names), 3), 4 * -(-len(names) // 3))
    for index in range(len(names)):
        _residual(figure.add_subplot(-(-len(names) // 3), min(len(names), 3), index + 1), report, index)
    return figure


def _residual(axes: "Axes", report: Mapping[str, Any], index: int) -> None:
    true, said = (np.array(report["residuals"][key])[:, index] for key in ("true", "said"))
    axes.axhline(0, color=COLORS[1], linewidth=1)
    axes.scatter(said, said - true, s=12, color=COLORS[0], alpha=0.6, linewidths=0)
    axes.set(xlabel="predicted", ylabel="predicted less true", title=label(report["names"][index]))
