"""Masks, tags, places of entities and questions are recognised, or named by --task, and read in the same way each time."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfft
from tfft.cli.data_forms import form_of
from tfft.cli.typed_masks import TaskName, TypedMasks
from tfft.cli.verbs import app
from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace


def marked(path, numbers):
    rows = [
        {"text": f"Ann{number} sleeps", "entities": [{"start": 0, "end": 3 + len(str(number)), "label": "per"}]}
        for number in numbers
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def asked(path, numbers):
    paragraphs = [
        {
            "context": f"Ann{number} sleeps.",
            "qas": [{"id": str(number), "question": "Who?", "answers": [{"text": f"Ann{number}", "answer_start": 0}]}],
        }
        for number in numbers
    ]
    path.write_text(json.dumps({"data": [{"paragraphs": [each]} for each in paragraphs]}))
    return path


def shown(path, task=TaskName.auto):
    found = form_of(path, TypedMasks(task), "error")
    return None if found is None else found.shown


def test_files_show_their_form_and_a_task_names_it(tmp_path):
    rows = marked(tmp_path / "rows.jsonl", range(12))
    assert shown(rows) is None, "a table"
    assert shown(rows, TaskName.token_classification) == "entities as places in texts"
    questions = asked(tmp_path / "train.json", range(12))
    assert shown(questions) == shown(questions, TaskName.question_answering) == "files with questions"
    (tmp_path / "train.conll").write_text("Ann\tB-per\n")
    assert shown(tmp_path / "train.conll") == "files with a tag for each word"
    (tmp_path / "photos").mkdir()
    assert shown(tmp_path / "photos") is None


def test_tags_may_stand_in_text_files_when_the_task_is_named(tmp_path):
    (tmp_path / "parts").mkdir()
    for name in ("all.txt", "all.tsv", "parts/train.txt", "parts/test.txt"):
        (tmp_path / name).write_text("Ann B-per\nsleeps O\n")
    for name in ("all.txt", "all.tsv", "parts"):
        assert shown(tmp_path / name) is None
        assert shown(tmp_path / name, TaskName.token_classification) == "files with a tag for each word"
    for name in ("README", "labels.txt", "LICENSE"):
        (tmp_path / "parts" / name).write_text("not data")
    (tmp_path / "usual").mkdir()
    for name in ("train.conll", "test.conll", "README", "notes.txt"):
        (tmp_path / "usual" / name).write_text("Ann B-per\n")
    assert {shown(tmp_path / "usual", task) for task in (TaskName.auto, TaskName.token_classification)} == {
        "files with a tag for each word"
    }
    form = form_of(tmp_path / "parts", TypedMasks(TaskName.token_classification), "error")
    pools = form.pools(tfft.tasks.token_classification(["per"]).labels)
    assert {part: pool.targets for part, pool in pools.items()} == {
        part: [["B-per", "O"]] for part in ("train", "test")
    }


def test_places_of_entities_become_tags(tmp_path):
    form = form_of(marked(tmp_path / "rows.jsonl", range(12)), TypedMasks(TaskName.token_classification), "error")
    data = form.splits(3)
    assert (data.labels.kind, data.seed, form.texts) == ("tags", 3, True)
    assert len(form.pools(data.labels)["train"].inputs) == 12


def masked(home, values):
    """Images and masks of two values."""
    for kind in ("images", "masks"):
        (home / kind).mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(10):
        Image.fromarray(random.integers(0, 255, (12, 12, 3), np.uint8)).save(home / "images" / f"{number}.png")
        mask = np.full((12, 12), values[0], np.uint8)
        mask[: 3 + number % 4] = values[1]
        Image.fromarray(mask).save(home / "masks" / f"{number}.png")
    return home


def test_values_of_masks_without_a_file_of_classes_are_the_names_of_the_model(tmp_path):
    """Masks of 1 and 2 must not be read as the second class and an unknown one."""
    home = masked(tmp_path / "scenes", (1, 2))
    form = form_of(home, TypedMasks(TaskName.segmentation), "error")
    labels = form.splits(0).labels
    assert labels.names == ("1", "2")
    pool = form.pools(labels)["train"]
    assert sorted(set(np.concatenate([mask.ravel() for mask in pool.targets]).tolist())) == [0, 1]
    assert pool.targets[0][-1, -1] == 0
    with pytest.raises(DataError, match=r"values without a class .*: 1"):
        form.pools(LabelSpace(("0", "2"), "masks"))


def test_values_of_masks_are_those_of_the_training_without_a_file_of_classes(tmp_path):
    home = masked(tmp_path / "scenes", (0, 2))
    (tmp_path / "classes.txt").write_text("sky\nvoid\nroad")
    form = form_of(home, TypedMasks(TaskName.segmentation, tmp_path / "classes.txt", "void"), "error")
    labels = form.splits(0).labels
    alone = form_of(home, TypedMasks(TaskName.segmentation), "error").pools(labels)["train"].targets
    with_file = form.pools(labels)["train"].targets
    drawn = form_of(home, TypedMasks(TaskName.segmentation), "error").splits(0, labels)
    assert (drawn.labels, drawn.train.targets.digests()) == (labels, form.splits(0).train.targets.digests())
    assert (alone[0].tolist(), alone.digests()) == (with_file[0].tolist(), with_file.digests())


@pytest.mark.parametrize("names", [("sky", "road"), ("1", "road"), ("01", "2"), ("1", "\u00b2")])
def test_masks_of_named_classes_are_measured_with_a_file_of_classes_alone(tmp_path, names):
    home = masked(tmp_path / "scenes", (0, 1))
    form = form_of(home, TypedMasks(TaskName.segmentation), "error")
    with pytest.raises(DataError, match=r"does not say which values .*Pass --classes-file"):
        form.pools(LabelSpace(names, "masks"))
    (tmp_path / "classes.txt").write_text("\n".join(names))
    given = form_of(home, TypedMasks(TaskName.segmentation, tmp_path / "classes.txt"), "error")
    assert len(given.pools(LabelSpace(names, "masks"))["train"].inputs) == 10


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("write", "name", "task", "metric"),
    [
        (marked, "rows.jsonl", "token_classification", "entity_f1"),
        (asked, "rows.json", "question_answering", "exact_match"),
    ],
)
def test_a_model_is_trained_measured_and_answers(tmp_path, write, name, task, metric):
    data, bundle = write(tmp_path / name, range(30)), tmp_path / "m.tfft"
    fitted = run(
        "fit", "--data", data, "--task", task, "--backbone", "toy_text", "--out", bundle, "--plan", "head_only",
        "--head-epochs", 1,
    )  # fmt: skip
    assert fitted.exit_code == 0, fitted.output
    new = write(tmp_path / f"new_{name}", range(30, 34))
    measured = run("evaluate", bundle, "--data", new)
    assert measured.exit_code == 0, measured.output
    assert f"| {metric} " in measured.output
    given = new if task == "question_answering" else "Ann1 sleeps"
    answered = run("predict", bundle, given, "--json")
    values = [json.loads(line) for line in answered.output.splitlines()]
    assert [each["name"] for each in values] == (["30", "31", "32", "33"] if given == new else ["Ann1 sleeps"])
    assert all(("entities" in each) == (task == "token_classification") for each in values)


def test_another_task_than_that_of_the_labels_is_refused(tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\n" + "".join(f"text {i},{i % 2}\n" for i in range(20)))
    with pytest.raises(
        DataError, match=r"The data is not for the task 'regression'.*labels for 'classification'.*20\.0"
    ):
        run("fit", "--data", tmp_path / "rows.csv", "--task", "regression", "--backbone", "toy_text")


def test_options_of_masks_have_no_effect_on_files(tmp_path):
    path = marked(tmp_path / "marked.jsonl", range(3))
    for given in ({"ignore": "255"}, {"classes_file": tmp_path / "classes.txt"}):
        with pytest.raises(DataError, match="--classes-file and --ignore are for folders of images and masks"):
            form_of(path, TypedMasks(**given), "error")


def test_data_for_another_task_than_that_of_the_model_is_refused(tmp_path):
    bundle = tmp_path / "q.tfft"
    tfft.export(tfft.build("toy_text", tfft.tasks.question_answering()), bundle)
    (tmp_path / "test.conll").write_text("Ann\tB-per\nsleeps\tO\n")
    (tmp_path / "rows.csv").write_text("text,label\n" + "".join(f"text {i},{i % 2}\n" for i in range(20)))
    for data, shown in (("test.conll", "files with a tag for each word"), ("rows.csv", "class folders or a table")):
        with pytest.raises(DataError, match=rf"not for the task of the model. Got: {shown} for 'question_answering'"):
            run("evaluate", bundle, "--data", tmp_path / data)
