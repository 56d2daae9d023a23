"""``tfft fit --auto`` searches as ``tfft.search`` does, writes the best model, and refuses options of a single plan."""

import json

import pytest
from typer.testing import CliRunner

import tfft
from tfft.cli import searching, verbs
from tfft.core.errors import BackboneError, DataError, TfftError
from tfft.tuning import successive_halving

runner = CliRunner()


def call(*words):
    return runner.invoke(verbs.app, ["fit", "--auto", *map(str, words)])


@pytest.fixture(autouse=True)
def _few_plans(monkeypatch):
    listed = [("default plan", tfft.plans.head_only(1)), ("linear probe", tfft.plans.linear_probe())]
    monkeypatch.setattr(successive_halving, "plans_around_default", lambda *_: listed)


def test_the_search_is_that_of_the_call_in_python_and_its_bundle_is_written(images, tmp_path):
    words = ["--data", images.path, "--backbone", "toy", "--budget-minutes", 5, "--seed", 4, "--batch-size", 8]
    done = call(*words, "--out", tmp_path / "m.tfft", "--run-folder", tmp_path / "run")
    assert done.exit_code == 0, done.output
    found = tfft.search(images.splits(4), ["toy"], 5, seed=4, batch_size=8, progress=False)
    said = done.stdout.splitlines()
    assert "Chosen: toy, linear probe" in said
    assert f"test: {found.report.describe()}" in said
    board = json.loads((tmp_path / "run" / "leaderboard.json").read_text())
    assert [trial["value"] for trial in board["trials"]] == [trial.value for trial in found.ordered]
    assert (tmp_path / "run" / "report.html").is_file()
    bundle = tfft.load(tmp_path / "m.tfft")
    for one, other in zip(bundle.net.get_weights(), found.model.net.get_weights(), strict=True):
        assert (one == other).all()
    again = call(*words, "--out", tmp_path / "m.tfft", "--run-folder", tmp_path / "run", "--resume")
    assert again.exit_code == 0, again.output
    assert f"test: {found.report.describe()}" in again.stdout


def test_several_backbones_are_named_with_commas_and_share_their_options(images, tmp_path):
    done = call("--data", images.path, "--backbone", "toy, tfft_mini", "--size", 32, "--out", tmp_path / "m.tfft")
    assert done.exit_code == 0, done.output
    assert "Rung 0, accuracy of linear probes" in done.stdout
    assert tfft.load(tmp_path / "m.tfft").manifest["backbone"]["options"]["size"] == 32


def test_without_a_name_the_backbones_that_need_no_download_are_tried(images, tmp_path, monkeypatch):
    found = {}

    def searched(data, backbones, *arguments, **options):
        found.update(backbones=[each.handle for each in backbones], minutes=arguments[0])
        raise TfftError("Enough.")

    monkeypatch.setattr(tfft, "search", searched, raising=False)
    assert str(call("--data", images.path, "--out", tmp_path / "m.tfft").exception) == "Enough."
    assert found == {"backbones": ["tfft_mini"], "minutes": 10.0}


def test_without_a_test_part_the_validation_part_is_measured(images, tmp_path, monkeypatch):
    whole = images.splits(0)
    splits = tfft.data.Splits(whole.train, whole.validation, None, whole.labels)
    monkeypatch.setattr("tfft.cli.sources.TypedData.splits", lambda *_: splits)
    done = call("--data", images.path, "--backbone", "toy", "--out", tmp_path / "m.tfft")
    assert done.exit_code == 0, done.output
    assert "validation: accuracy" in done.stdout
    assert "optimistic" in done.stdout


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--plan", "full"], "--plan: --auto chooses the plan itself"),
        (["--head-epochs", 2, "--learning-rate", 0.1], "--head-epochs, --learning-rate: --auto chooses the plan"),
        (["--refit"], "--refit: --auto"),
        (["--accumulate", 1], "--accumulate: --auto"),
        (["--no-resume", "--run-folder", "runs"], "--no-resume: a search continues in its folder"),
        (["--budget-minutes", 0], "0"),
    ],
)
def test_options_of_one_plan_are_refused_before_the_data_is_read(images, monkeypatch, words, match):
    monkeypatch.setattr("tfft.cli.sources.TypedData.splits", lambda *_: pytest.fail("the data was read"))
    done = call("--data", images.path, *words)
    assert done.exit_code == 2
    assert match in " ".join(done.output.split())


def test_a_budget_needs_a_search(images):
    done = runner.invoke(verbs.app, ["fit", "--data", str(images.path), "--budget-minutes", "5"])
    assert done.exit_code == 2
    assert "Add --auto" in done.output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--backbone", "toy,vgg61"], BackboneError),
        (["--backbone", "toy_text"], DataError),
        (["--backbone", ","], BackboneError),
    ],
)
def test_backbones_that_cannot_be_searched_are_refused(images, words, error):
    assert isinstance(call("--data", images.path, *words).exception, error)


def test_a_file_of_weights_belongs_to_one_backbone(images, tmp_path):
    (tmp_path / "net.weights.h5").touch()
    done = call("--data", images.path, "--backbone", "toy,mobilenet", "--weights", tmp_path / "net.weights.h5")
    assert done.exit_code == 2
    assert "the weights of one backbone, and the search compares toy, mobilenet" in " ".join(done.output.split())


def test_random_weights_are_for_all_backbones(images, monkeypatch):
    def stopped(splits, backbones, *_, **options):
        raise RuntimeError(", ".join(backbone.handle for backbone in backbones))

    monkeypatch.setattr(tfft, "search", stopped, raising=False)
    done = call("--data", images.path, "--backbone", "mobilenet,mobilenet_v2", "--weights", "none")
    assert str(done.exception) == "mobilenet, mobilenet_v2"


def test_the_unused_options_are_options_of_fit():
    import inspect

    assert set(searching._UNUSED) < set(inspect.signature(verbs.fit).parameters)
