"""Charts show the numbers of the report, of as many classes as can be read."""

import numpy as np
import pytest

from tfft.evaluation.charts import draw


def report(classes):
    names = [f"class {i}" for i in range(classes)]
    per_class = [{"name": name, "f1": i / classes if i else None} for i, name in enumerate(names)]
    matrix = np.eye(classes, dtype=int) * 5 + 1
    return {"names": names, "per_class": per_class, "confusion": matrix.tolist(), "residuals": None}


def test_bars_are_the_f1_of_each_class_and_the_matrix_its_counts():
    bars, matrix = draw(report(4)).axes
    assert [bar.get_width() for bar in bars.patches] == [0, 0.25, 0.5, 0.75]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["class 0", "class 1", "class 2", "class 3"]
    assert [text.get_text() for text in matrix.texts][:5] == ["6", "1", "1", "1", "1"]


@pytest.mark.parametrize(("classes", "panels", "bars"), [(30, 2, 30), (31, 1, 30), (100, 1, 30)])
def test_of_many_classes_the_weakest_are_shown_without_a_matrix(classes, panels, bars):
    axes = draw(report(classes)).axes
    assert len(axes) == panels
    assert len(axes[0].patches) == bars
    assert axes[0].get_yticklabels()[0].get_text() == "class 0"


@pytest.mark.parametrize("quantities", [1, 2, 5])
def test_quantities_are_points_of_true_and_predicted(quantities):
    true = np.arange(3 * quantities, dtype=float).reshape(3, quantities)
    names = [f"q{i}" for i in range(quantities)]
    axes = draw({"names": names, "residuals": {"true": true.tolist(), "said": (true + 1).tolist()}}).axes
    assert [panel.get_title() for panel in axes] == names
    points = axes[-1].collections[0].get_offsets()
    assert np.array_equal(points, np.stack([true[:, -1], true[:, -1] + 1], axis=1))
