"""Table files keep their spelling: "None" is a class, an empty cell is missing, and "007" is not a number."""

import json
import sys

import pandas as pd
import pytest

from tfft.core.errors import DataError
from tfft.data.tables.table_files import Writing, column_names, read_table


def _write(path, *labels):
    path.write_text("path,label\n" + "".join(f"{index}.png,{label}\n" for index, label in enumerate(labels)))
    return path


@pytest.mark.parametrize("word", ["None", "NA", "null", "nan", "n/a"])
def test_a_class_may_be_called_like_a_missing_value(tmp_path, word):
    assert read_table(_write(tmp_path / "t.csv", word, "crack"), ["label"])["label"].tolist() == [word, "crack"]


@pytest.mark.parametrize("gap", ["", "nan", "NA"])
@pytest.mark.parametrize("number", ["1", "0.5"])
def test_a_gap_among_numbers_is_missing_and_not_a_class(tmp_path, gap, number):
    labels = read_table(_write(tmp_path / "t.csv", number, gap, number), ["label"])["label"]
    assert labels.isna().tolist() == [False, True, False]
    assert labels.dtype.kind == "f"


def test_other_columns_are_text_in_which_an_empty_cell_is_missing(tmp_path):
    frame = read_table(_write(tmp_path / "t.csv", "NA", "", "7"), ["path"])
    assert frame["label"].isna().tolist() == [False, True, False]
    assert frame["label"].tolist()[::2] == ["NA", "7"]


def test_only_the_columns_that_are_chosen_are_read(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c\n1,2,3\n")
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": 2, "c": 3}\n')
    pd.DataFrame({"a": [1], "b": [2], "c": [3]}).to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        seen = []
        frame = read_table(tmp_path / name, ["b"], choose=lambda names, seen=seen: seen.extend(names) or ["b"])
        assert (seen, list(frame.columns), frame["b"].tolist()) == (["a", "b", "c"], ["b"], [2]), name
        assert column_names(tmp_path / name) == ["a", "b", "c"]


def test_json_lines_are_read_as_they_are_written(tmp_path):
    rows = [{"date": "007", "tags": ["a"], "score": 1}, {"date": "2024-01-01", "tags": [], "score": 2}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert read_table(tmp_path / "t.jsonl", "date").to_dict("records") == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.xlsx", b"", r"t.xlsx' is not a table.*Save it as CSV"),
        ("t.csv", b"", r"t.csv' is empty.*header line"),
        ("t.csv", b"path,label\n\xff\xfe,1\n", r"cannot be read as CSV.*UTF-8"),
        ("t.csv", b'path,label\n"a,1\n', r"Line 2 of .*t.csv' begins a quoted cell that never ends.*quotes=False"),
        ("t.csv", b"\x1f\x8b\x08\xff", r"t.csv' is not CSV but compressed by gzip. Unpack it"),
        ("t.csv", b"PK\x03\x04\xff\xff", r"t.csv' is not CSV but compressed by zip \(an Excel workbook is one\)"),
        ("t.jsonl", b"{not json}", r"Line 1 of .*t.jsonl' is not valid JSON: Expecting property name"),
        ("t.jsonl", b"[1, 2]", r"Line 1 of .*t.jsonl' is not a JSON object.*Write"),
        ("t.parquet", b"PAR?", r"cannot be read as PARQUET"),
    ],
)
def test_files_that_are_no_table_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name, ["label"])


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file .*gone.csv.*Check the path"):
        read_table(tmp_path / "gone.csv", ["label"])


def test_a_missing_parquet_reader_is_said_with_the_install_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "t.parquet").touch()
    with pytest.raises(DataError, match=r"needs a Parquet reader.*pyarrow.*pip install pyarrow"):
        read_table(tmp_path / "t.parquet", ["label"])


def test_semicolons_of_spreadsheets_are_read_and_commas_inside_them_left_alone(tmp_path):
    (tmp_path / "a.csv").write_text("path;label\n1.jpg;3,5\n2.jpg;x\n")
    assert read_table(tmp_path / "a.csv", ["label"])["label"].tolist() == ["3,5", "x"]
    (tmp_path / "b.csv").write_text("path,label;odd\n1.jpg,a;b\n")
    assert read_table(tmp_path / "b.csv", ["label;odd"])["label;odd"].tolist() == ["a;b"]


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["007", "7", "010"], ["007", "7", "010"]),
        (["7", "8", "10"], [7, 8, 10]),
        (["1.0", "2.0"], [1.0, 2.0]),
        (["1.0", "x"], ["1.0", "x"]),
        (["1e3", "2"], [1000.0, 2.0]),
        (["NA", "b"], ["NA", "b"]),
        (["-", "5"], ["-", "5"]),
        (["e5", "e6"], ["e5", "e6"]),
        ([".5", "-1."], [0.5, -1.0]),
        (["-3", "4"], [-3, 4]),
        (["True", "False"], ["True", "False"]),
    ],
)
def test_labels_and_groups_keep_their_spelling(tmp_path, cells, read):
    (tmp_path / "t.csv").write_text("path,label,site\n" + "".join(f"{i}.jpg,{c},{c}\n" for i, c in enumerate(cells)))
    frame = read_table(tmp_path / "t.csv", ["label", "site"])
    assert frame["label"].tolist() == frame["site"].tolist() == read


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "text,label\nSchön,1\n".encode("latin-1"),
            r"cannot be read as CSV: line 2, not UTF-8.*Sch\\xf6n.*Save it as UTF-8",
        ),
        ("text,label\none,1\n".encode("utf-16"), r"cannot be read as CSV: it is UTF-16, not UTF-8"),
    ],
)
def test_another_encoding_is_named_with_its_line(tmp_path, content, reason):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        read_table(tmp_path / "t.csv", ["label"])


@pytest.mark.parametrize(
    "rows", ["The film was dull, and so on,bad\n" * 3, "good film,good\nhello, world,bad\n", "a,b\n" * 50 + "a,b,c\n"]
)
def test_a_row_with_more_cells_than_the_header_is_named_and_nothing_is_moved(tmp_path, rows):
    table = tmp_path / "reviews.csv"
    table.write_text(f"text,label\n{rows}")
    line = next(number for number, row in enumerate(rows.splitlines(), start=2) if row.count(",") == 2)
    with pytest.raises(
        DataError, match=rf"Line {line} of '.*reviews\.csv' has 3 cells, but the header has 2.*quotation marks"
    ):
        read_table(table, ["label"], ["text"])


def test_an_empty_table_and_a_line_that_is_no_json_are_named(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match=r"empty\.csv' is empty\. Pass a table"):
        read_table(tmp_path / "empty.csv", ["label"])
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "b"}\n{"text": "a"')
    with pytest.raises(DataError, match=r"Line 2 of '.*rows\.jsonl' is not valid JSON.*Repair it"):
        read_table(tmp_path / "rows.jsonl", ["label"])


def test_very_long_texts_are_read(tmp_path):
    (tmp_path / "long.csv").write_text(f"text,label\n{'a' * 200_000},b\n")
    assert len(read_table(tmp_path / "long.csv", ["label"], ["text"])["text"].iloc[0]) == 200_000
    (tmp_path / "long.csv").write_text(f"text,label\n{'a' * 200_000},b\nc,d,e\n")
    with pytest.raises(DataError, match=r"Line 3 of .*long\.csv' has 3 cells"):
        read_table(tmp_path / "long.csv", ["label"], ["text"])


@pytest.mark.parametrize(
    "header", ["text,label,label", "text,label, label", "text,\ufefflabel,label", "text,text,label"]
)
def test_two_columns_of_one_name_are_refused_and_named(tmp_path, header):
    (tmp_path / "t.csv").write_text(f"{header}\na,b,c\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"t\.csv' has two columns with the same name: '(text|label)'.*Rename or remove"
    ):
        read_table(tmp_path / "t.csv", ["label"], ["text"])


@pytest.mark.parametrize(
    "line", ['{"text": "a", "label": "b", "label": "c"}', '{"text": "a", "label": "b", "label ": "c"}']
)
def test_two_keys_of_one_name_are_refused_and_named(tmp_path, line):
    (tmp_path / "t.jsonl").write_text(f"{line}\n")
    with pytest.raises(DataError, match="'label'"):
        read_table(tmp_path / "t.jsonl", ["label"])


def test_columns_without_names_may_stand_beside_each_other(tmp_path):
    (tmp_path / "t.csv").write_text("text,label,,\na,b,,\nc,d,,\n")
    assert read_table(tmp_path / "t.csv", ["label"], choose=lambda names: ["label"])["label"].tolist() == ["b", "d"]


@pytest.mark.parametrize(
    ("cells", "options", "read"),
    [
        (["1,5", "2,25", "3"], {}, [1.5, 2.25, 3.0]),
        (["-1,5", "", "1.000,25"], {}, [-1.5, None, 1000.25]),
        (
            ["1,234", "5,678"],
            {},
            ["1,234", "5,678"],
        ),  # the comma may group thousands: the code that reads labels raises
        (["1,234", "5,678"], {"decimal": ","}, [1.234, 5.678]),
        (["1,5", "2,25"], {"decimal": "."}, ["1,5", "2,25"]),
        (["1,5", "2"], {"separator": ","}, ["1,5", "2"]),
    ],
)
def test_commas_are_decimal_signs_between_semicolons(tmp_path, cells, options, read):
    (tmp_path / "t.csv").write_text("path;label\n" + "".join(f"{i}.jpg;{cell}\n" for i, cell in enumerate(cells)))
    values = read_table(tmp_path / "t.csv", ["label"], writing=Writing(**options))["label"]
    assert [None if value != value else value for value in values.tolist()] == read


@pytest.mark.parametrize("options", [{"quotes": "no"}, {"decimal": ";"}, {"separator": ""}])
def test_invalid_options_for_cells_are_refused(options):
    with pytest.raises(DataError, match=next(iter(options))):
        Writing(**options)


def test_nan_in_json_lines_is_a_missing_number(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"label": 0.5, "other": NaN}\n{"label": NaN, "other": 1}\n')
    assert read_table(tmp_path / "t.jsonl", ["label"])["label"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("x.xlsx", r"Save it as CSV.*pandas\.read_excel"),
        ("x.csv.gz", "Unpack it first"),
        ("x.txt", r"Rename it to \.csv"),
        ("x.json", r"\.jsonl file"),
        ("x.doc", r"Use one of '\.csv'.*from_folder"),
    ],
)
def test_other_files_are_said_what_to_do_with(tmp_path, name, advice):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"not a table that can be read.*{advice}"):
        column_names(tmp_path / name)


def test_a_folder_is_not_offered_itself(tmp_path):
    with pytest.raises(DataError, match=r"is a folder, not a table.*from_folder\('"):
        read_table(tmp_path, ["label"])


def test_columns_of_texts_are_not_read_as_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("id,n\n007,1.0\n1.10,\n")
    found = read_table(tmp_path / "t.csv", ["id", "n"], ["id"])
    assert found["id"].tolist() == ["007", "1.10"]
    assert found["n"].tolist()[0] == 1.0, "labels are"
    (tmp_path / "t.jsonl").write_text('{"id": 9007199254740993}\n{"id": null}\n')
    assert read_table(tmp_path / "t.jsonl", [], ["id"])["id"].tolist() == [9007199254740993, None]
