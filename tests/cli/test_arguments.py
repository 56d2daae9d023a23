"""What is typed becomes the values it names, and nothing else."""

import pytest
import typer

import tfft
from tfft.cli import arguments
from tfft.cli.arguments import PlanName


def test_a_free_path_is_one_where_nothing_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("model.tfft", "model-2.tfft", "model-3.tfft"):
        path = arguments.free_path("model", ".tfft")
        assert str(path) == expected
        path.touch()


def test_a_bundle_that_cannot_go_where_it_should_goes_elsewhere(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "thesis").write_text("years")
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    made = arguments.export_somewhere(model, tmp_path / "thesis", None)
    assert made.parent == tmp_path / "temporary"
    assert tfft.load(made).task.labels.names == ("ants", "bees")
    assert "Trying elsewhere" in capsys.readouterr().err
    assert (tmp_path / "thesis").read_text() == "years"


@pytest.mark.parametrize(("typed", "meant"), [("none", None), ("None", None), ("imagenet", "imagenet")])
def test_weights_can_be_none(typed, meant):
    described = arguments.describe_backbone("mobilenet", typed, None, 0.5)
    assert dict(described.options) == {"weights": meant, "alpha": 0.5}


def test_numbers_reach_the_recipe():
    plan = arguments.describe_plan(PlanName.two_phase, 2, 3, 4, 0.01)
    assert [(phase.epochs, phase.trainable.describe()) for phase in plan] == [(2, "nothing()"), (3, "last_blocks(4)")]
    assert plan.phases[0].learning_rate == 0.01
    assert arguments.describe_plan(PlanName.full, 7, None, None, None).phases[0].epochs == 7
    with pytest.raises(typer.BadParameter, match="belong to two_phase, not to full"):
        arguments.describe_plan(PlanName.full, 7, None, 2, None)
