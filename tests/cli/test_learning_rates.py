"""``tfft lr-find`` prints and writes the suggestion of ``find_learning_rate``."""

import json

import pytest
import typer
from typer.testing import CliRunner

import tfft
from tfft.cli import verbs
from tfft.cli.learning_rates import divided
from tfft.core.errors import PlanError

runner = CliRunner()


def call(*words):
    return runner.invoke(verbs.app, ["lr-find", *map(str, words)])


def test_the_curve_is_that_of_python(images, tmp_path):
    out = tmp_path / "curve.json"
    done = call("--data", images.path, "--backbone", "toy", "--steps", 20, "--seed", 4, "--out", out, "--plan", "full")
    assert done.exit_code == 0, done.output
    data = images.splits(seed=4)
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=4)
    expected = tfft.find_learning_rate(model, data, tfft.plans.full().phases[0], seed=4, steps=20)
    assert json.loads(out.read_text()) == expected.to_dict()
    assert expected.describe() in done.output
    assert f"wrote {out}" in done.output


def test_phases_before_the_searched_one_are_trained_first(images, tmp_path):
    outs = [tmp_path / f"{phase}.json" for phase in ("head", "tune")]
    for out in outs:
        done = call("--data", images.path, "--backbone", "toy", "--steps", 20, "--out", out, "--phase", out.stem)
        assert done.exit_code == 0, done.output
        assert ("first:\nhead:" in done.output) == (out.stem == "tune")
    head, tune = (json.loads(out.read_text()) for out in outs)
    assert (head["phase"], tune["phase"]) == ("head", "tune")
    assert tune["losses"][0] < head["losses"][0]


def test_a_phase_that_the_plan_lacks_is_refused_with_those_it_has():
    with pytest.raises(typer.BadParameter, match=r"'tuning'.*head, tune"):
        divided(tfft.plans.two_phase(), "tuning")
    assert divided(tfft.plans.two_phase(), None) == (None, tfft.plans.two_phase().phases[0])


def test_a_curve_that_cannot_be_written_is_refused_before_the_data_is_read(images, tmp_path, monkeypatch):
    monkeypatch.setattr("tfft.cli.sources.TypedData.splits", lambda *_: pytest.fail("the data was read"))
    assert isinstance(call("--data", images.path, "--out", tmp_path / "curve.txt").exception, PlanError)
    done = call("--data", images.path, "--out", tmp_path)
    assert done.exit_code == 2
    assert "nothing can be written there" in done.output
