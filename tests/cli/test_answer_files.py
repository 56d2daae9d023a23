"""Answers are written to tables and JSON lines that other programs read."""

import json

import pandas
import pytest

import tfft
from tfft.bundles.prediction import Prediction
from tfft.cli.answer_files import answer_file, check_file, columns_of
from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.tasks.answers import Answer, Entity

CLASSES = tfft.tasks.classification(["ants", "bees"])
FOUND = [
    Prediction('a "b", c.jpg', Answer("bees", 0.75, {"ants": 0.25, "bees": 0.75})),
    Prediction("broken.jpg", None, "broken.jpg cannot be read"),
    Prediction("照片\n.jpg", Answer("ants", 1.0, {"ants": 1.0, "bees": 0.0})),
]


def written(path, task, predictions):
    with answer_file(path, task) as write:
        for prediction in predictions:
            write(prediction)
    return path


@pytest.mark.parametrize(("ending", "separator"), [("csv", ","), ("tsv", "\t")])
def test_a_table_has_a_row_for_each_input_and_a_column_for_each_class(tmp_path, ending, separator):
    path = written(tmp_path / "new" / f"answers.{ending}", CLASSES, FOUND)
    table = pandas.read_csv(path, sep=separator)
    assert table["name"].tolist() == [each.name for each in FOUND]
    assert table["label"].fillna("").tolist() == ["bees", "", "ants"]
    assert table["ants"].fillna(-1).tolist() == [0.25, -1, 1.0]
    assert table["probability"].fillna(-1).tolist() == [0.75, -1, 1.0]
    assert table["problem"].fillna("").tolist() == ["", "broken.jpg cannot be read", ""]


def test_json_lines_have_all_values(tmp_path):
    path = written(tmp_path / "answers.jsonl", CLASSES, FOUND)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        each.to_dict() for each in FOUND
    ]


def test_other_tasks_have_their_own_columns(tmp_path):
    several = tfft.tasks.multi_label(["dog", "indoor"])
    table = pandas.read_csv(
        written(
            tmp_path / "a.csv", several, [Prediction("1", Answer(("dog", "indoor"), None, {"dog": 0.9, "indoor": 0.8}))]
        )
    )
    assert (table["label"][0], table["indoor"][0]) == ("dog|indoor", 0.8)
    age = tfft.tasks.regression(LabelSpace(("age",), "real", mean=(1.0,), scale=(1.0,)))
    table = pandas.read_csv(written(tmp_path / "b.csv", age, [Prediction("1", Answer(None, None, {"age": 41.5}))]))
    assert table["age"][0] == 41.5
    people = tfft.tasks.token_classification(["per"])
    entity = Entity("Ann", "per", 0, 3, 0.9)
    table = pandas.read_csv(written(tmp_path / "c.csv", people, [Prediction("1", Answer(None, None, {}, (entity,)))]))
    assert json.loads(table["entities"][0])[0]["text"] == "Ann"
    asked = tfft.tasks.question_answering()
    table = pandas.read_csv(
        written(tmp_path / "d.csv", asked, [Prediction("q", Answer("Rome", 0.7, {"Rome": 0.7}, place=(3, 7)))])
    )
    assert (table["label"][0], table["start"][0], table["end"][0]) == ("Rome", 3, 7)


def test_classes_with_the_names_of_other_columns_are_told_from_them():
    assert columns_of(tfft.tasks.classification(["name", "other"])) == [
        "name", "label", "probability", "score of name", "other", "problem"
    ]  # fmt: skip


def test_files_that_exist_and_other_endings_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("precious")
    for name, message in (("a.csv", "exists, and is not overwritten"), ("a.xlsx", "ends in .csv, .tsv or .jsonl")):
        with pytest.raises(DataError, match=message):
            check_file(tmp_path / name)
    assert (tmp_path / "a.csv").read_text() == "precious"
