"""A table of inputs keeps its rows, in order and exactly as they are written."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.random_images import add
from tfft.cli.typed_inputs import Unreadable
from tfft.cli.typed_tables import TypedTable, is_table, typed_table
from tfft.core.errors import DataError
from tfft.core.specs import Text


def model(noun="text", texts=None, answers=None):
    return SimpleNamespace(
        preprocessor=SimpleNamespace(noun=noun, answers=answers),
        seen=None if texts is None else SimpleNamespace(texts=texts),
    )


READER, PAIRS, ASKED, IMAGES = model(texts=1), model(texts=2), model(answers="places"), model("image")


def written(folder, content, name="t.csv"):
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def read(path, predictor=READER, skip=True, **options):
    return TypedTable(path, **options).read(predictor, skip)


def test_each_row_is_an_input_named_by_its_number(tmp_path):
    path = written(tmp_path, '\ufeffid;text\n1;good, so good\n2;"two\nlines"\n\n3;last\n')
    rows = read(path, skip=False)
    assert rows.inputs == [Text("good, so good"), Text("two\nlines"), Text("last")]
    assert [each.name for each in rows.inputs] == ["1", "2", "3"]
    assert rows.numbered
    assert rows.kept == {}


@pytest.mark.parametrize("empty", ['""', "  ", ""])
def test_a_row_without_a_text_keeps_its_place_or_is_an_error_with_its_line(tmp_path, empty):
    path = written(tmp_path, f'id,text\n1,"a\nb"\n2,{empty}\n3,c\n')
    rows = read(path, keep="id")
    assert rows.inputs == [Text("a\nb"), Unreadable("2", f"line 4 of {str(path)!r}: no 'text'"), Text("c")]
    assert rows.kept == {"id": ["1", "2", "3"]}
    with pytest.raises(DataError, match=r'^1 of 3 rows cannot be answered.*line 4 of .*no \'text\'.*on_corrupt="skip"'):
        read(path, skip=False)


def test_a_table_without_any_input_is_an_error_also_when_rows_may_be_skipped(tmp_path):
    with pytest.raises(DataError, match=r"^2 of 2 rows cannot be answered.*Name another column"):
        read(written(tmp_path, "id,text\n1,\n2,\n"))
    with pytest.raises(DataError, match="has no rows below its header"):
        read(written(tmp_path, "id,text\n"))
    with pytest.raises(DataError, match="is empty"):
        read(written(tmp_path, ""))


def test_of_a_pair_one_text_may_be_empty_and_of_a_question_none(tmp_path):
    path = written(tmp_path, "question,context\nwho?,\n,\n,Ann\nwho?,Ann\n")
    found = read(path, PAIRS, text_column="question,context").inputs
    assert [type(each) for each in found] == [Text, Unreadable, Text, Text]
    assert found[2] == Text("", "Ann")
    found = read(path, ASKED).inputs
    assert [type(each) for each in found] == [Unreadable, Unreadable, Unreadable, Text]
    assert [each.problem.rpartition("no ")[2] for each in found[:3]] == ["'context'", "'question'", "'question'"]


IDS = ["00123", "9007199254740993", "1.10", "NA", ""]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_kept_columns_are_copied_as_they_are_written(tmp_path, separator):
    rows = "".join(f"{each}{separator}a text\n" for each in IDS)
    path = written(tmp_path, f"id{separator}text\n{rows}", "t.tsv" if separator == "\t" else "t.csv")
    assert read(path, keep="id, text").kept == {"id": IDS, "text": ["a text"] * 5}


def test_whole_numbers_stay_whole_where_others_are_missing(tmp_path):
    lines = '{"id": 9007199254740993, "text": "a"}\n{"id": null, "text": "b"}\n{"text": "c"}\n'
    assert read(written(tmp_path, lines, "t.jsonl"), keep="id").kept == {"id": [9007199254740993, None, None]}
    columns = {"id": pa.array([9007199254740993, None], pa.int64()), "text": ["a", "b"]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet", keep="id").kept == {"id": [9007199254740993, None]}


def test_rows_of_a_file_without_lines_are_counted_from_one(tmp_path):
    frame = pd.DataFrame({"text": ["a", None, "c"]}, index=[7, 8, 9])
    frame.to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet").inputs
    assert found[1] == Unreadable("2", f"row 2 of {str(tmp_path / 't.parquet')!r}: no 'text'")
    assert found[2].name == "3"


def test_a_cell_that_is_no_text_is_a_problem_of_its_row(tmp_path):
    found = read(written(tmp_path, '{"text": "a"}\n{"text": 5}\n', "t.jsonl")).inputs
    assert found[1].problem.endswith(
        "line 2 of " + repr(str(tmp_path / "t.jsonl")) + ": 'text' is not a text but an int"
    )


def test_images_start_at_the_folder_of_the_table_and_keep_their_order(tmp_path):
    add(tmp_path / "in", "0.png", "1.png")
    path = written(tmp_path / "in", "file\n1.png\n\n.\n0.png\n1.png\nhttps://a.b/c.png\n")
    found = read(path, IMAGES, image_column="file").inputs
    home = tmp_path / "in"
    assert [each if isinstance(each, str) else each.name for each in found] == [
        str(home / "1.png"), "2", str(home / "0.png"), str(home / "1.png"), "https://a.b/c.png"
    ]  # fmt: skip
    assert found[1].problem.endswith("is a folder"), "a folder would be several images"


def test_encoded_images_are_read_from_parquet(tmp_path):
    pd.DataFrame({"path": [b"one", None, b"two"]}).to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet", IMAGES).inputs
    assert [found[0], found[2]] == [b"one", b"two"]
    pd.DataFrame({"path": [np.array([1, 2]), np.array([3])]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="is not the path of an image but an ndarray"):
        read(tmp_path / "t.parquet", IMAGES)


def test_a_stray_quotation_mark_does_not_swallow_rows(tmp_path):
    path = written(tmp_path, 'id,text,source\n1,"good,web\n2,bad,web\n3,fine,app\n4,so"so,web\n5,last,app\n')
    with pytest.raises(
        DataError, match=r"Line 2 .*begins a quoted cell that spans 4 lines, and 4 of them look like rows"
    ):
        read(path)
    assert len(read(path, quotes=True).inputs) == 2
    assert [each.first for each in read(path, quotes=False).inputs] == ['"good', "bad", "fine", 'so"so', "last"]


@pytest.mark.parametrize(
    ("predictor", "options", "message"),
    [
        (READER, {"text_column": "txt"}, r"no column 'txt'.*the columns 'id', 'text', 'a,b'\. Did you mean 'text'"),
        (READER, {"text_column": "id,text"}, r"reads single texts\. Got: the columns 'id', 'text'\. Name one column"),
        (READER, {"keep": "date"}, r"no column 'date'.*Name an existing column with --keep"),
        (PAIRS, {}, r"reads pairs of texts, and no columns were named.*--text-column first,second"),
        (PAIRS, {"text_column": "text"}, r"reads pairs of texts\. Got: the columns 'text'\. Name two columns"),
        (PAIRS, {"text_column": "text,text"}, r"reads pairs of texts"),
        (ASKED, {}, r"no column 'question'"),
        (model(), {"text_column": "id,text,a,b"}, r"no column 'a'"),
        (IMAGES, {}, r"no column 'path'.*Name an existing column with --image-column"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, predictor, options, message):
    path = written(tmp_path, 'id,text,"a,b"\n1,one,two\n')
    with pytest.raises(DataError, match=message):
        read(path, predictor, **options)


def test_a_column_may_have_a_comma_in_its_name(tmp_path):
    path = written(tmp_path, 'id,"a,b"\n1,two\n')
    assert read(path, text_column="a,b", keep="a,b").kept == {"a,b": ["two"]}


def test_names_of_images_are_not_taken_for_texts(tmp_path):
    with pytest.raises(DataError, match=r"2 of 2 inputs are paths of images.*--text-column"):
        read(written(tmp_path, "text\n1.png\n2.png\n"))


def test_options_for_tables_need_a_table_and_a_table_is_alone():
    assert typed_table(["a film"], None, None, None, None) is None
    for option, value in (("--text-column", "a"), ("--image-column", "a"), ("--keep", "a"), ("--quotes", False)):
        values = [
            value if each == option else None for each in ("--text-column", "--image-column", "--keep", "--quotes")
        ]
        with pytest.raises(DataError, match=f"^{option} is for tables, and no input is a table"):
            typed_table(["a film"], *values)
        assert typed_table(["a.csv"], *values).path.name == "a.csv"
    with pytest.raises(DataError, match=r"must be the only input.*once for each table"):
        typed_table(["a.csv", "b.csv"], None, None, None, None)


def test_a_sentence_about_a_table_is_a_text_unless_it_is_a_file(tmp_path, monkeypatch):
    assert not is_table("I cannot open report.csv")
    assert is_table("REPORT.CSV")
    written(tmp_path, "", "my report.csv")
    monkeypatch.chdir(tmp_path)
    assert is_table("my report.csv")


def test_a_table_is_checked_before_tensorflow_starts(tmp_path):
    table = TypedTable(written(tmp_path, "text\na\n"), text_column="text")
    table.check(True, masks=False)
    table.check(None, masks=False)
    for texts, masks, message in (
        (False, False, "--text-column has no effect: the model reads images"),
        (False, True, "answers of this model are masks"),
    ):
        with pytest.raises(DataError, match=message):
            table.check(texts, masks)
    with pytest.raises(DataError, match="--image-column has no effect: the model reads texts"):
        TypedTable(table.path, image_column="path").check(True, masks=False)
    with pytest.raises(DataError, match=re.escape(f"There is no file {str(tmp_path / 'no.csv')!r}")):
        TypedTable(tmp_path / "no.csv").check(True, masks=False)


def test_a_missing_image_is_a_problem_of_its_line(tmp_path):
    add(tmp_path / "in", "0.png")
    path = written(tmp_path / "in", "file\n0.png\ngone.png\n")
    with pytest.raises(
        DataError, match=r"1 of 2 rows cannot be answered\. Got: line 3 of .*: there is no file '.*gone\.png'"
    ):
        TypedTable(path, image_column="file").read(IMAGES, skip_corrupt=False)
