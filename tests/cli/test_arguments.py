"""What is typed becomes the values it names, and nothing else."""

import numpy as np
import pytest
import typer

import tfft
from tfft.cli import arguments
from tfft.cli.arguments import Part, PlanName
from tfft.data.seen import Seen


@pytest.fixture
def data(toy_arrays):
    return tfft.data.from_arrays(*toy_arrays, seed=1)


def test_a_free_path_is_one_where_nothing_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("model.tfft", "model-2.tfft", "model-3.tfft"):
        path = arguments.free_path("model", ".tfft")
        assert str(path) == expected
        path.touch()


def test_auto_is_the_test_part_of_known_data_and_all_of_new_data(data, toy_arrays):
    images, targets = toy_arrays
    other = tfft.data.from_arrays(255 - images, targets)
    known = Seen.of(data)
    assert len(arguments.examples_of(data, Part.auto, known)[0]) == len(data.test)
    assert len(arguments.examples_of(other, Part.auto, known)[0]) == len(images)
    assert len(arguments.examples_of(other, Part.auto, None)[0]) == len(other.test)


def test_auto_is_the_validation_part_where_there_is_no_test_part(toy_arrays):
    data = tfft.data.from_arrays(*toy_arrays, holdout=(0.2, 0))
    assert arguments.examples_of(data, Part.auto, Seen.of(data))[1] == "validation part"


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_part_that_is_named_is_taken(data, part):
    examples, name = arguments.examples_of(data, Part(part), None)
    assert (len(examples), name) == (len(data.part(part)), f"{part} part")


def test_a_table_may_have_several_label_columns(tmp_path):
    from PIL import Image

    rows = ["file,dog,night"]
    for index in range(8):
        pixels = np.full((9, 9, 3), index * 30, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        rows.append(f"{index}.png,{index % 2},{index // 4}")
    (tmp_path / "photos.csv").write_text("\n".join(rows))
    data = arguments.read(tmp_path / "photos.csv", "file", "dog,night", seed=0, skip_corrupt=False)
    assert (data.labels.kind, data.labels.names) == ("multi", ("dog", "night"))


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
