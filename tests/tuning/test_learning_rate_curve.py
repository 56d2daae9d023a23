"""A curve of learning rates is written as a plot or as JSON, and other paths are refused before anything is computed."""

import json

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import PlanError
from tfft.tuning.learning_rate_curve import LearningRateCurve, check_path, smoothed

CURVE = LearningRateCurve("tune", (1e-4, 1e-3, 1e-2), (0.9, 0.5, 2.0), 1e-4)


def test_json_has_the_values_of_the_curve(tmp_path):
    written = CURVE.save(tmp_path / "new" / "curve.json")
    assert json.loads(written.read_text()) == {
        "phase": "tune",
        "rates": [1e-4, 1e-3, 1e-2],
        "losses": [0.9, 0.5, 2.0],
        "suggestion": 1e-4,
    }


def test_a_loss_that_never_rises_is_said():
    rates = tuple(float(rate) for rate in np.geomspace(1e-4, 1, 20))
    falling, rising = np.linspace(1, 0.1, 20), np.abs(np.linspace(-1, 1, 20)) + 0.1
    assert (
        LearningRateCurve("head", rates, tuple(falling), 0.1)
        .describe()
        .endswith("It had not risen when the curve ended at 1, so look at the plot.")
    )
    assert LearningRateCurve("head", rates, tuple(rising), 1e-3).describe().endswith("at ten times this rate.")


@pytest.mark.parametrize(("ending", "begin"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")])
def test_the_plot_is_written_in_the_format_of_the_extension(tmp_path, ending, begin):
    assert CURVE.save(tmp_path / f"curve{ending}").read_bytes().startswith(begin)


def test_a_png_has_a_white_background(tmp_path):
    with Image.open(CURVE.save(tmp_path / "curve.png")) as image:
        assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


@pytest.mark.parametrize(
    ("path", "match"), [("curve.txt", r"Use \.png, \.svg"), ("curve", "as ''"), ("~/a.png", "does not expand")]
)
def test_another_path_is_refused(path, match):
    with pytest.raises(PlanError, match=match):
        check_path(path)
    with pytest.raises(PlanError, match=match):
        CURVE.save(path)


def test_an_older_file_stays_when_the_curve_cannot_be_written(tmp_path, monkeypatch):
    path = tmp_path / "curve.json"
    path.write_text("older")
    monkeypatch.setattr(LearningRateCurve, "to_dict", lambda self: {"phase": object()})
    with pytest.raises(TypeError):
        CURVE.save(path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["older"]


def test_smoothing_is_a_weighted_mean_of_the_neighbours():
    losses = np.zeros(21)
    losses[10] = 1.0
    found = smoothed(losses)
    assert found.argmax() == 10
    assert found[7] / found[10] == pytest.approx(np.exp(-0.5), rel=0.05)  # one standard deviation is three steps
    np.testing.assert_allclose(found, found[::-1])
