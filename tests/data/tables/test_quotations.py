"""Stray quotation marks do not swallow rows, and real quoted cells may span several lines."""

import csv
import json
import random
from pathlib import Path

import pandas as pd
import pytest

from tfft.core.errors import DataError
from tfft.data.tables.table_files import Writing, read_table

DATA = Path(__file__).parents[4] / "shared" / "data"
LABELS = ("pos", "neg")


def _rows(count):
    return [(f"review number {row} of some length", LABELS[row % 2]) for row in range(count)]


def _written(path, lines, header="text,label"):
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def _plain(rows, separator=","):
    return [separator.join(row) for row in rows]


@pytest.mark.parametrize("labels_first", [False, True])
@pytest.mark.parametrize("swallowed", [1, 2, 5, 651])
@pytest.mark.parametrize("ends", ['he said "wow" to us', 'he said "wow', 'wow" he said'])
def test_rows_between_two_stray_marks_are_an_error_with_the_line_of_the_first(tmp_path, labels_first, swallowed, ends):
    rows = _rows(2000)
    rows[100] = ('"Great film', "pos")
    rows[100 + swallowed] = (ends, "neg")
    turn = -1 if labels_first else 1
    path = _written(tmp_path / "t.csv", _plain([row[::turn] for row in rows]), ",".join(("text", "label")[::turn]))
    with pytest.raises(
        DataError, match=rf"Line 102 of .*t.csv' begins a quoted cell that spans {swallowed + 1} lines, and"
    ) as caught:
        read_table(path, ["label"], ["text"])
    assert "quotes=False" in str(caught.value)
    frame = read_table(path, ["label"], ["text"], Writing(quotes=False))
    assert list(zip(frame["text"], frame["label"], strict=True)) == rows
    assert len(read_table(path, ["label"], ["text"], Writing(quotes=True))) == 2000 - swallowed


def test_a_stray_mark_without_a_second_one_is_an_error_with_its_line(tmp_path):
    rows = _rows(50)
    rows[10] = ('"Great film', "pos")
    with pytest.raises(DataError, match=r"Line 12 of .* begins a quoted cell that (never ends|spans 40 lines)"):
        read_table(_written(tmp_path / "t.csv", _plain(rows)), ["label"], ["text"])


@pytest.mark.parametrize("labels", [("0.5", "2.25", "1e3"), ("1", "2", "3")])
def test_quantities_are_known_as_numbers(tmp_path, labels):
    rows = [(f"review {row}", f"{labels[row % 3]}") for row in range(60)]
    rows[5], rows[9] = ('"Great', "7.125"), ('a "b" c', "8.5")
    with pytest.raises(DataError, match=r"Line 7 of .* spans 5 lines"):
        read_table(_written(tmp_path / "t.csv", _plain(rows)), ["label"], ["text"])


def test_odd_lines_among_those_that_are_swallowed_hide_nothing(tmp_path):
    rows = _rows(200)
    rows[20], rows[60] = ('"Great', "pos"), ('a "b" c', "neg")
    rows[30] = ("one, more comma", "rare")
    with pytest.raises(DataError, match=r"Line 22 of .* spans 41 lines, and 40 of them look like rows"):
        read_table(_written(tmp_path / "t.csv", _plain(rows)), ["label"], ["text"])


def test_nearly_everything_swallowed_is_found_by_the_number_of_cells(tmp_path):
    rows = _rows(100)
    rows[0], rows[-1] = ('"Great', "pos"), ('a "b" c', "neg")
    with pytest.raises(DataError, match=r"Line 2 of .* spans 100 lines"):
        read_table(_written(tmp_path / "t.csv", _plain(rows)), ["label"], ["text"])


def test_tabs_say_what_a_row_is_and_one_line_with_a_tab_too_many_hides_nothing(tmp_path):
    rows = _rows(2000)
    rows[100], rows[751] = ('"Great film', "pos"), ('he said "wow" to us', "neg")
    path = _written(tmp_path / "t.tsv", _plain(rows, "\t"), "text\tlabel")
    frame = read_table(path, ["label"], ["text"])
    assert list(zip(frame["text"], frame["label"], strict=True)) == rows
    for odd in (400, 1500):
        lines = _plain(rows, "\t")
        lines[odd] = "one\ttab more\tpos"
        with pytest.raises(DataError, match=r"Line 102 of .*t.tsv' begins a quoted cell that spans 652 lines"):
            read_table(_written(path, lines, "text\tlabel"), ["label"], ["text"])


REVIEWS = [
    "I liked it, mostly.\nThe end, though, was bad",
    "Plot: thin, very thin\nMusic: good, very good\nAll in all: so, so",
    "one, two\nthree, four\n\nfive, six",
    "a poem,\nwithout an end,\nand nothing in it,",
    "no comma\nat all\nin it",
    'he said ""no, no""\nand left, angry',
    "yes, no\nno, yes",
]


@pytest.mark.parametrize("labels", [LABELS, ("0.5", "1.5", "2.25"), ("yes", "no")])
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("copies", [1, 20])
def test_reviews_of_several_lines_with_commas_are_read(tmp_path, labels, turn, copies):
    rows = [(text, labels[row % len(labels)]) for row, text in enumerate(REVIEWS * copies)] + [
        ("short", label) for label in labels
    ]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label")[::turn], *(row[::turn] for row in rows)])
    frame = read_table(tmp_path / "t.csv", ["label"], ["text"])
    assert frame["text"].tolist() == [text for text, _ in rows]


def test_a_cell_that_really_holds_rows_is_settled_by_the_user(tmp_path):
    rows = [("text,pos\nmore,neg\nlast,pos", "pos"), ("plain", "neg"), ("plain too", "pos")]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=r"Line 2 .*quotes=True if the cell is right"):
        read_table(tmp_path / "t.csv", ["label"], ["text"])
    assert read_table(tmp_path / "t.csv", ["label"], ["text"], Writing(quotes=True))["text"].iloc[0] == rows[0][0]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the project's test material in ../shared/data")
@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("turn", [1, -1])
def test_real_dialogues_paragraphs_and_reviews_of_many_lines_raise_no_alarm(tmp_path, ending, turn):
    texts = []
    for name in ("train", "dev", "test"):
        lines = (DATA / "summarization" / "dialogsum_slice" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        texts += [json.loads(line)["dialogue"] for line in lines]
    texts += [
        path.read_text(encoding="utf-8").replace(". ", ".\n").replace("<br />", "\n")
        for path in sorted((DATA / "text_classification" / "imdb_slice" / "train").rglob("*.txt"))
    ]
    random.Random(0).shuffle(texts)
    rows = [(text.replace("\t", " "), LABELS[row % 2]) for row, text in enumerate(texts)]
    with (tmp_path / f"t.{ending}").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="," if ending == "csv" else "\t").writerows(
            [("text", "label")[::turn], *(row[::turn] for row in rows)]
        )
    frame = read_table(tmp_path / f"t.{ending}", ["label"], ["text"])
    assert list(zip(frame["text"], frame["label"], strict=True)) == rows
