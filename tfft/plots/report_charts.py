"""Plot the values of a report: F1 of each class and the confusion matrix, or the residuals of predicted quantities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.plots.style import COLORS, inked, label, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_CLASSES = 30
_MOST_CLASSES_WITH_COUNTS = 15
_MOST_IN_CELL = 9999
_KINDS = {"iou": "IoU", "f1": "F1"}


def plot(report: Mapping[str, Any]) -> "Figure":
    """Plot a report. Masks have the IoU of each class in place of F1, and shares of pixels in the matrix.

    Args:
        report: The result of ``Report.to_dict``.

    Returns:
        A figure. For classes it has one bar for the F1 of each class, and the confusion matrix of shape (classes, classes) if each
        example has a single class. With more than 30 classes it has bars for the 30 classes with the lowest F1, and no matrix. A
        class without a defined F1 has no bar. For quantities it has the residuals (true minus predicted) over the predictions. For
        tasks without classes it has the number of examples of each kind of result.
    """
    with inked():
        if report["residuals"] is not None:
            return _residuals(report)
        if not report["per_class"]:
            return _results(report)
        rows = _lowest(report)
        matrix = report["confusion"] is not None and len(report["names"]) <= _MOST_CLASSES
        height = max(2.5, 0.32 * len(rows) + 1.2)
        figure = new_figure(11 if matrix else 6, max(height, 4.2) if matrix else height)
        axes = figure.subplots(1, 2 if matrix else 1, squeeze=False)[0]
        _bars(axes[0], rows, len(report["names"]))
        if matrix:
            _matrix(axes[1], report["names"], np.array(report["confusion"]))
        return figure


def panels(report: Mapping[str, Any]) -> "list[Figure]":
    """Plot the same as ``plot`` in separate figures, which a narrow page can stack.

    Args:
        report: The result of ``Report.to_dict``.

    Returns:
        For classes, a figure with the bars, and one with the confusion matrix of shape (classes, classes) if ``plot`` shows it.
        For quantities, a figure for each quantity. For tasks without classes, a figure with the kinds of results.
    """
    with inked():
        if report["residuals"] is not None:
            figures = [new_figure(4.2, 4) for _ in report["names"]]
            for index, figure in enumerate(figures):
                _residual(figure.subplots(), report, index)
            return figures
        if not report["per_class"]:
            return [_results(report)]
        rows = _lowest(report)
        figures = [new_figure(5.4, max(2.5, 0.32 * len(rows) + 1.2))]
        _bars(figures[0].subplots(), rows, len(report["names"]))
        if report["confusion"] is not None and len(report["names"]) <= _MOST_CLASSES:
            side = min(max(4.2, 0.3 * len(report["names"]) + 1.5), 9)
            figures.append(new_figure(side, side))
            _matrix(figures[1].subplots(), report["names"], np.array(report["confusion"]))
        return figures


def _results(report: Mapping[str, Any]) -> "Figure":
    counts = [(name, number) for kinds in report["details"].values() for name, number in kinds.items()]
    figure = new_figure(5.4, max(2.5, 0.32 * len(counts) + 1.2))
    axes = figure.subplots()
    places = np.arange(len(counts))
    axes.barh(places, [number for _, number in counts], color=COLORS[0], height=0.65)
    axes.set_yticks(places, [label(name) for name, _ in counts])
    axes.invert_yaxis()
    axes.set(xlabel="examples", title=label(", ".join(report["details"])))
    return figure


def _lowest(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name and score of the classes with the lowest IoU of masks, else the lowest F1; without those that have none."""
    kind = "iou" if any("iou" in row for row in report["per_class"]) else "f1"
    known = [{"name": row["name"], "kind": _KINDS[kind], "score": row[kind]} for row in report["per_class"]]
    return sorted((row for row in known if row["score"] is not None), key=lambda row: row["score"])[:_MOST_CLASSES]


def _bars(axes: "Axes", rows: list[dict[str, Any]], classes: int) -> None:
    places, kind = np.arange(len(rows)), rows[0]["kind"] if rows else _KINDS["f1"]
    axes.barh(places, [row["score"] for row in rows], color=COLORS[0], height=0.65)
    axes.set_yticks(places, [label(row["name"]) for row in rows])
    axes.invert_yaxis()
    axes.set(
        xlim=(0, 1),
        xlabel=kind,
        title=f"{kind} of each class"
        if len(rows) == classes
        else f"{len(rows)} of {classes} classes, lowest {kind} first",
    )


def _matrix(axes: "Axes", names: list[str], counts: np.ndarray) -> None:
    from sklearn.metrics import ConfusionMatrixDisplay

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    display = ConfusionMatrixDisplay(shares, display_labels=[label(name) for name in names])
    display.plot(
        ax=axes,
        include_values=len(names) <= _MOST_CLASSES_WITH_COUNTS,
        cmap="Blues",
        colorbar=False,
        xticks_rotation="vertical",
        im_kw={"vmin": 0, "vmax": 1},
        text_kw={"fontsize": 8},
    )
    axes.set_title("confusion matrix")
    # write counts in place of fractions where they fit, and choose the colour of each text by its own cell: scikit-learn compares
    # it with the largest and smallest cell, so the text may be invisible when all cells are equal
    for (row, column), text in np.ndenumerate(display.text_ if len(axes.texts) else np.zeros((0, 0))):
        shown = str(counts[row, column]) if counts.max() <= _MOST_IN_CELL else f"{shares[row, column]:.2f}"
        text.set(text=shown, color="white" if shares[row, column] > 0.5 else "#333333")


def _residuals(report: Mapping[str, Any]) -> "Figure":
    names = report["names"]
    figure = new_figure(4.2 * min(len(names), 3), 4 * -(-len(names) // 3))
    for index in range(len(names)):
        _residual(figure.add_subplot(-(-len(names) // 3), min(len(names), 3), index + 1), report, index)
    return figure


def _residual(axes: "Axes", report: Mapping[str, Any], index: int) -> None:
    from sklearn.metrics import PredictionErrorDisplay

    true, predicted = (np.array(report["residuals"][key])[:, index] for key in ("true", "predicted"))
    PredictionErrorDisplay(y_true=true, y_pred=predicted).plot(
        ax=axes,
        scatter_kwargs={"s": 12, "color": COLORS[0], "alpha": 0.6, "linewidths": 0},
        line_kwargs={"color": COLORS[1], "linewidth": 1, "linestyle": "-"},
    )
    axes.set(ylabel="Residuals (true - predicted)", title=label(report["names"][index]))
