"""Charts show the numbers of the report, of as many classes as can be read."""

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


@pytest.mark.parametrize(("classes", "panels", "bars"), [(30, 2, 30), (31, 1, 30), (100, 1, 30)])
def test_of_many_classes_the_weakest_are_shown_without_a_matrix(classes, panels, bars):
    axes = plot(report(classes)).axes
    assert len(axes) == panels
    assert len(axes[0].patches) == bars
    assert axes[0].get_yticklabels()[0].get_text() == "class 0"


@pytest.mark.parametrize("quantities", [1, 2, 5])
def test_quantities_are_points_of_true_and_predicted(quantities):
    true = np.arange(3 * quantities, dtype=float).reshape(3, quantities)
    names = [f"q{i}" for i in range(quantities)]
    axes = plot({"names": names, "residuals": {"true": true.tolist(), "said": (true + 1).tolist()}}).axes
    assert [panel.get_title() for panel in axes] == names
    points = axes[-1].collections[0].get_offsets()
    assert np.array_equal(points, np.stack([true[:, -1] + 1, np.ones(3)], axis=1)), "residuals over predictions"


def test_a_class_without_a_number_leaves_its_place_to_others():
    found = report(40)
    for row in found["per_class"][:20]:
        row["f1"] = None
    axes = plot(found).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"class {i}" for i in range(20, 40)]


@pytest.mark.parametrize(
    "name", [r"$\foo$", "US$5-US$10", "蒲公英", "🐝", "x" * 200, "two\nlines", "a\0b", "#7f7f7f", "<b>"]
)
def test_any_name_of_a_class_can_be_drawn_and_read(name):
    found = report(4)
    found["names"][1] = found["per_class"][1]["name"] = name
    drawn = svg(plot(found))
    assert drawn == svg(plot(found)), "the same report is the same drawing"
    ElementTree.fromstring(drawn)
    shown = {"x" * 200: "x" * 23 + "…", "two\nlines": "two lines", "a\0b": "a b", "<b>": "&lt;b&gt;"}.get(name, name)
    assert f">{shown}<" in drawn
