"""Masks on the command line: which data they are, and their classes."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tfft.cli.typed_masks import TaskName, TypedMasks, classes_of
from tfft.cli.verbs import app
from tfft.core.errors import DataError


@pytest.fixture
def scenes(tmp_path):
    """Images and masks in three parts: a bright box on a dark ground."""
    random = np.random.default_rng(0)
    for part, count in (("train", 10), ("val", 3), ("test", 3)):
        for kind in ("images", "masks"):
            (tmp_path / "scenes" / part / kind).mkdir(parents=True)
        for number in range(count):
            image, mask = random.integers(0, 60, (20, 24, 3)).astype(np.uint8), np.zeros((20, 24), np.uint8)
            left = int(random.integers(0, 14))
            image[4:14, left : left + 10] += 150
            mask[4:14, left : left + 10] = 1
            mask[0] = 2
            Image.fromarray(image).save(tmp_path / "scenes" / part / "images" / f"{number}.png")
            Image.fromarray(mask).save(tmp_path / "scenes" / part / "masks" / f"{number}.png")
    (tmp_path / "classes.txt").write_text("ground\nbox\nvoid\n")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_a_model_is_trained_measured_and_draws_masks(scenes):
    data, bundle, out = scenes / "scenes", scenes / "m.tfft", scenes / "answers"
    given = ("--classes-file", scenes / "classes.txt", "--ignore", "void")
    fitted = run(
        "fit", "--data", data, "--backbone", "toy", "--out", bundle, "--head-epochs", 2, "--tune-epochs", 1, *given
    )
    assert fitted.exit_code == 0, fitted.output
    assert "10 train, 3 validation, 3 test; 2 classes" in fitted.output
    assert "tune: everything(), 1 epoch" in fitted.output
    assert "test: mean_iou" in fitted.output
    measured = run("evaluate", bundle, "--data", data, "--part", "test", *given)
    assert "| mean_iou " in measured.output
    assert run("evaluate", bundle, "--data", data, "--part", "test").output == measured.output
    assert "| mean_iou " in run("evaluate", bundle, "--data", data, "--part", "all").output
    alone = scenes / "alone"
    alone.mkdir()
    (data / "test").rename(alone / "test")
    found = run("evaluate", bundle, "--data", alone, "--part", "test").output
    assert found.replace("alone", "scenes") == measured.output
    (alone / "test").rename(data / "test")
    image = data / "test" / "images" / "0.png"
    answered = run("predict", bundle, image, "--out", out, "--json")
    values = json.loads(answered.output)
    assert (values["height"], values["width"], set(values["shares"])) == (20, 24, {"ground", "box"})
    mask = Image.open(values["mask"])
    assert (mask.size, mask.mode) == ((24, 20), "P")
    assert set(np.unique(np.asarray(mask))) <= {0, 1}
    assert "ground" in run("predict", bundle, image).output


def test_folders_that_may_be_classes_need_a_word(scenes):
    with pytest.raises(DataError, match=r"images and masks, or classes with these names.*--task segmentation"):
        run("fit", "--data", scenes / "scenes", "--backbone", "toy", "--out", scenes / "m.tfft")
    assert not TypedMasks(TaskName.classification).are_in(scenes / "scenes")
    assert TypedMasks(ignore="255").are_in(scenes / "scenes")
    with pytest.raises(DataError, match="--classes-file and --ignore are for masks"):
        TypedMasks(TaskName.classification, ignore="255").are_in(scenes / "scenes")
    with pytest.raises(DataError, match="--text-column has no effect on images and masks"):
        run(
            "fit",
            "--data",
            scenes / "scenes",
            "--task",
            "segmentation",
            "--text-column",
            "text",
            "--out",
            scenes / "m.tfft",
        )


def test_a_folder_for_answers_that_are_no_masks_is_refused(scenes, tmp_path):
    import tfft

    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    bundle = tfft.export(model, tmp_path / "classes.tfft")
    with pytest.raises(DataError, match=r"ends in \.csv, \.tsv or \.jsonl"):
        run("predict", bundle, scenes / "scenes" / "test" / "images" / "0.png", "--out", tmp_path / "answers")


@pytest.mark.parametrize(("ignore", "values"), [("255", [255]), ("11, void", [11, "void"]), (None, None)])
def test_what_is_ignored_are_values_or_names(ignore, values):
    assert TypedMasks(ignore=ignore).arguments() == {"classes": None, "ignore": values}


def test_a_file_of_classes_has_names_or_colours(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("sky\n traffic light \n")
    assert classes_of(path) == ["sky", "traffic light"]
    path.write_text("64 128 64\tAnimal\n192, 0, 128, Archway\n")
    assert classes_of(path) == {(64, 128, 64): "Animal", (192, 0, 128): "Archway"}
    path.write_text("64 128 64 Animal\nsky\n")
    with pytest.raises(DataError, match="begins only some lines with a number"):
        classes_of(path)
    path.write_text("\n")
    with pytest.raises(DataError, match="is empty"):
        classes_of(path)
    with pytest.raises(DataError, match="cannot be read"):
        classes_of(tmp_path / "none.txt")


def test_the_label_map_of_cvat_has_colours(tmp_path):
    path = tmp_path / "labelmap.txt"
    path.write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\ndog:50,183,250::\n")
    assert classes_of(path) == {(0, 0, 0): "background", (50, 183, 250): "dog"}


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("sky\nroad\n\n", ["sky", "road"]),
        ("# values\nsky\nroad", ["sky", "road"]),
        ("7 sky\n\n0: road", {7: "sky", 0: "road"}),
        ("0 road\n3 road\n5 sky blue", {0: "road", 3: "road", 5: "sky blue"}),
        ("1 2 3 sky\n\n4 5 6 road", {(1, 2, 3): "sky", (4, 5, 6): "road"}),
    ],
)
def test_a_file_of_classes_has_names_values_or_colours(tmp_path, text, classes):
    (tmp_path / "classes.txt").write_text(text)
    assert classes_of(tmp_path / "classes.txt") == classes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# a street\nsky\n\nroad", "Line 3 of the file of classes .* is empty, so a value has no name.*7 car"),
        ("sky\n1 road", "begins only some lines with a number"),
        ("0 sky\n1 2 3 road", "begins only some lines with a number"),
        ("0 sky\n0 road", "has a value twice"),
    ],
)
def test_a_file_of_classes_that_may_be_read_in_two_ways_is_refused(tmp_path, text, message):
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        classes_of(tmp_path / "classes.txt")
