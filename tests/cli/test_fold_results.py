"""``tfft cross-validate`` says what the verb says, and writes it."""

import json

import pytest
from typer.testing import CliRunner

import tfft
from tfft.cli import verbs
from tfft.core.errors import DataError

runner = CliRunner()


def call(*words):
    return runner.invoke(verbs.app, ["cross-validate", *map(str, words)])


def test_the_result_is_that_of_the_function(class_folder, tmp_path):
    out = tmp_path / "folds.json"
    words = (
        "--data",
        class_folder,
        "--backbone",
        "toy",
        "--plan",
        "head_only",
        "--head-epochs",
        2,
        "--folds",
        3,
        "--out",
        out,
    )
    done = call(*words, "--seed", 4)
    assert done.exit_code == 0, done.output
    data = tfft.data.from_folder(class_folder, seed=4)
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=4)
    found = tfft.cross_validate(model, data, tfft.plans.head_only(epochs=2), folds=3, seed=4, progress=False)
    assert found.describe() in done.output
    assert "The test part is not used." in done.output
    assert json.loads(out.read_text())["mean"] == pytest.approx(found.mean)


def test_a_page_holds_all_answers_together(class_folder, tmp_path):
    words = ("--data", class_folder, "--backbone", "toy", "--plan", "head_only", "--head-epochs", 1, "--folds", 2)
    done = call(*words, "--out", tmp_path / "folds.html")
    assert done.exit_code == 0, done.output
    assert "accuracy" in (tmp_path / "folds.html").read_text()


def test_mistakes_are_named_before_anything_is_read(class_folder, tmp_path):
    assert "--out" in call("--data", class_folder, "--backbone", "toy", "--out", tmp_path / "x.csv").output
    assert isinstance(call("--data", tmp_path / "none", "--backbone", "toy").exception, DataError)
    assert "--folds" in call("--data", class_folder, "--backbone", "toy", "--folds", 1).output
    assert "--backbone" in call("--data", class_folder).output
