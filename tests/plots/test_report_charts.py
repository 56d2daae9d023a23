"""The charts of a report show its numbers, for as many classes as are readable."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from tfft.plots.report_charts import plot
from tfft.plots.style import svg


def report(classes):
    names = [f"class {i}" for i in range(classes)]
    per_class = [{"name": name, "f1": i / classes} for i, name in enumerate(names)]
    matrix = np.eye(classes, dtype=int) * 5 + 1
    return {"names": names, "per_class": per_class, "confusion": matrix.tolist(), "residuals": None}


def test_bars_are_the_f1_of_each_class_and_the_matrix_its_counts():
    bars, matrix = plot(report(4)).axes
    assert [bar.get_width() for bar in bars.patches] == [0, 0.25, 0.5, 0.75]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["class 0", "class 1", "class 2", "class 3"]
    assert [text.get_text() for text in matrix.texts][:5] == ["6", "1", "1", "1", "1"]


def test_the_colours_of_the_matrix_are_shares_of_each_true_class_and_its_texts_are_readable():
    found = report(2)
    found["confusion"] = [[300, 100], [0, 0]]
    matrix = plot(found).axes[1]
    assert matrix.images[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]
    assert matrix.images[0].get_clim() == (0, 1)
    assert [text.get_text() for text in matrix.texts] == ["300", "100", "0", "0"]
    assert [text.get_color() for text in matrix.texts] == ["white", "#333333", "#333333", "#333333"]


def test_a_matrix_of_more_than_15_classes_has_no_texts():
    matrix = plot(report(16)).axes[1]
    assert not matrix.texts
    assert len(matrix.get_xticklabels()) == 16


@pytest.mark.slow
def test_plotting_opens_no_window_and_keeps_no_figure():
    code = (
        "import matplotlib as mpl, numpy as np; from tfft.plots.report_charts import plot\n"
        "row = lambda name: {'name': name, 'f1': 0.5}\n"
        "plot({'names': ['a', 'b'], 'per_class': [row('a'), row('b')], 'confusion': [[1, 0], [0, 1]], 'residuals': None})\n"
        "plot({'names': ['a'], 'residuals': {'true': [[1.0], [2.0]], 'predicted': [[1.5], [2.0]]}})\n"
        "import matplotlib.pyplot as plt\n"
        "print(plt.get_fignums(), mpl.get_backend(auto_select=False))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "[] None\n", done.stderr


@pytest.mark.parametrize(("classes", "panels", "bars"), [(30, 2, 30), (31, 1, 30), (100, 1, 30)])
def test_with_many_classes_only_bars_of_the_lowest_f1_are_plotted(classes, panels, bars):
    axes = plot(report(classes)).axes
    assert len(axes) == panels
    assert len(axes[0].patches) == bars
    assert axes[0].get_yticklabels()[0].get_text() == "class 0"


@pytest.mark.parametrize("quantities", [1, 2, 5])
def test_residuals_are_true_minus_predicted_values(quantities):
    true = np.arange(3 * quantities, dtype=float).reshape(3, quantities)
    names = [f"q{i}" for i in range(quantities)]
    axes = plot({"names": names, "residuals": {"true": true.tolist(), "predicted": (true + 1).tolist()}}).axes
    assert [panel.get_title() for panel in axes] == names
    points = axes[-1].collections[0].get_offsets()
    assert np.array_equal(points, np.stack([true[:, -1] + 1, -np.ones(3)], axis=1)), "residuals over predictions"
    assert {panel.get_ylabel() for panel in axes} == {"Residuals (true - predicted)"}


def test_classes_without_an_f1_have_no_bar():
    found = report(40)
    for row in found["per_class"][:20]:
        row["f1"] = None
    axes = plot(found).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"class {i}" for i in range(20, 40)]


@pytest.mark.parametrize(
    "name", [r"$\foo$", "US$5-US$10", "蒲公英", "🐝", "x" * 200, "two\nlines", "a\0b", "#7f7f7f", "<b>"]
)
def test_any_class_name_can_be_plotted_and_read(name):
    found = report(4)
    found["names"][1] = found["per_class"][1]["name"] = name
    plotted = svg(plot(found))
    assert plotted == svg(plot(found)), "equal reports give equal texts"
    ElementTree.fromstring(plotted)
    shown = {"x" * 200: "x" * 23 + "…", "two\nlines": "two lines", "a\0b": "a b", "<b>": "&lt;b&gt;"}.get(name, name)
    assert f">{shown}<" in plotted


def test_masks_show_iou_and_shares_of_pixels():
    rows = [{"name": name, "iou": iou, "f1": 0.9} for name, iou in (("sky", 0.8), ("road", None), ("car", 0.3))]
    report = {
        "residuals": None,
        "per_class": rows,
        "names": ["sky", "road", "car"],
        "confusion": np.full((3, 3), 20_000).tolist(),
    }
    bars, matrix = plot(report).axes
    assert bars.get_title() == "2 of 3 classes, lowest IoU first"
    assert [bar.get_width() for bar in bars.patches] == [0.3, 0.8]
    assert {text.get_text() for text in matrix.texts} == {"0.33"}
