"""Answers are written to tables and JSON lines that other programs read."""

import csv
import json
import os

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


def test_scores_are_matched_by_name_and_not_by_position(tmp_path):
    found = [
        Prediction("1", Answer("bees", 0.75, {"bees": 0.75, "ants": 0.25})),
        Prediction("2", Answer("ants", 1.0, {"ants": 1.0})),
    ]
    table = pandas.read_csv(written(tmp_path / "a.csv", CLASSES, found))
    assert table["ants"].tolist() == [0.25, 1.0]
    assert table["bees"].fillna(-1).tolist() == [0.75, -1]


def test_each_class_has_a_column_of_its_own_whatever_its_name():
    task = tfft.tasks.classification(["name", "score of name", "problem"])
    assert columns_of(task) == [
        "name", "label", "probability", "score of score of name", "score of name", "score of problem", "problem"
    ]  # fmt: skip
    answer = Answer("problem", 0.5, {"problem": 0.5, "score of name": 0.3, "name": 0.2})
    assert len(set(columns_of(task))) == 7
    assert answer.scores.keys() == set(task.labels.names)


def test_no_entities_and_no_answer_are_told_apart(tmp_path):
    found = [Prediction("1", Answer(None, None, {}, ())), Prediction("2", None, "it is empty")]
    table = pandas.read_csv(written(tmp_path / "a.csv", tfft.tasks.token_classification(["per"]), found))
    assert table["entities"].fillna("").tolist() == ["[]", ""]


def test_labels_with_the_sign_between_labels_are_a_list(tmp_path):
    task = tfft.tasks.multi_label(["a|b", "c"])
    found = [Prediction("1", Answer(("a|b", "c"), None, {"a|b": 0.9, "c": 0.8}))]
    table = pandas.read_csv(written(tmp_path / "a.csv", task, found))
    assert json.loads(table["label"][0]) == ["a|b", "c"]


def with_rows(path, kept, rows):
    with answer_file(path, CLASSES, kept) as write:
        for prediction, row in zip(FOUND, rows, strict=False):
            write(prediction, row)
    return path


def test_columns_of_the_inputs_are_copied_and_none_is_overwritten(tmp_path):
    kept = ("id", "label", "ants")
    rows = [("007", "wasps", 1), (None, float("nan"), True), ("x", ["a", 2], 2.5)]
    with with_rows(tmp_path / "a.csv", kept, rows).open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["id"] for row in table] == ["007", "", "x"]
    assert [row["label of input"] for row in table] == ["wasps", "", '["a", 2]']
    assert [row["ants of input"] for row in table] == ["1", "True", "2.5"]
    assert [row["label"] for row in table] == ["bees", "", "ants"]
    lines = with_rows(tmp_path / "a.jsonl", kept, rows).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["row"] for line in lines] == [
        {"id": "007", "label": "wasps", "ants": 1},
        {"id": None, "label": None, "ants": True},
        {"id": "x", "label": ["a", 2], "ants": 2.5},
    ]
    assert columns_of(CLASSES, ["ants of input", "ants"])[1:3] == ["ants of input", "ants of input of input"]


def test_dates_and_infinite_numbers_are_written_as_text_that_json_knows(tmp_path):
    rows = [(pandas.Timestamp("2024-05-01"), float("inf"))]
    (line,) = with_rows(tmp_path / "a.jsonl", ("when", "size"), rows).read_text().splitlines()
    assert json.loads(line, parse_constant=lambda name: pytest.fail(name))["row"] == {
        "when": "2024-05-01 00:00:00", "size": "inf"
    }  # fmt: skip


def failing(error):
    yield from FOUND[:2]
    raise error


@pytest.mark.parametrize("error", [DataError("an image is broken"), KeyboardInterrupt(), SystemExit(143)])
def test_finished_answers_are_kept_under_another_name_when_the_rest_fails(tmp_path, capsys, error):
    path = tmp_path / "answers.csv"
    for number in ("", "-2"):
        with pytest.raises(type(error)):
            written(path, CLASSES, failing(error))
        kept = tmp_path / f"answers-unfinished{number}.csv"
        assert pandas.read_csv(kept)["name"].tolist() == [FOUND[0].name, FOUND[1].name]
        assert capsys.readouterr().err == f"Stopped; the answers to the first 2 inputs are in {kept}.\n"
    assert not path.exists()


def test_answers_can_be_read_while_the_rest_is_computed(tmp_path):
    with answer_file(tmp_path / "answers.jsonl", CLASSES) as write:
        write(FOUND[0])
        assert json.loads((tmp_path / "answers-unfinished.jsonl").read_text()) == FOUND[0].to_dict()
        assert not (tmp_path / "answers.jsonl").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["answers.jsonl"]


def test_nothing_is_left_when_there_was_no_answer(tmp_path, capsys):
    with pytest.raises(DataError), answer_file(tmp_path / "a.csv", CLASSES):
        raise DataError("the first image is broken")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_a_file_that_appears_in_the_meantime_is_not_overwritten(tmp_path, capsys):
    def found():
        yield FOUND[0]
        (tmp_path / "a.csv").write_text("precious")

    with pytest.raises(DataError, match="exists, and is not overwritten"):
        written(tmp_path / "a.csv", CLASSES, found())
    assert (tmp_path / "a.csv").read_text() == "precious"
    assert "a-unfinished.csv" in capsys.readouterr().err


def test_names_that_are_not_utf_8_are_written(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    found = [Prediction(name, Answer("ants", 1.0, {"ants": 1.0, "bees": 0.0}))]
    assert pandas.read_csv(written(tmp_path / "a.csv", CLASSES, found))["name"].tolist() == ["caf\\udce9.png"]
    path = written(tmp_path / "a.jsonl", CLASSES, found)
    assert json.loads(path.read_text(encoding="utf-8"))["name"] == name, "the name of the file itself"


def test_cells_that_spreadsheets_run_are_counted_and_left_as_they_are(tmp_path, capsys):
    cells = ["=1+2", "-1.5", "+1", "@SUM(A1)", "- a", "a=b", "\tx", "safe"]
    found = [Prediction(cell, Answer("ants", 1.0, {"ants": 1.0, "bees": 0.0})) for cell in cells]
    table = pandas.read_csv(written(tmp_path / "a.csv", CLASSES, found), dtype=str)
    assert table["name"].tolist() == cells
    assert capsys.readouterr().err.startswith("4 cells begin with '=', '+', '-' or '@', which spreadsheets take for")
    written(tmp_path / "a.jsonl", CLASSES, found)
    written(tmp_path / "b.csv", CLASSES, found[-1:])
    assert capsys.readouterr().err == ""


def test_files_that_exist_and_other_endings_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("precious")
    for name, message in (("a.csv", "exists, and is not overwritten"), ("a.xlsx", "ends in .csv, .tsv or .jsonl")):
        with pytest.raises(DataError, match=message):
            check_file(tmp_path / name)
    assert (tmp_path / "a.csv").read_text() == "precious"
