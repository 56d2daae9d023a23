"""Rows of a file are named by the line in which they begin, rows of a frame by their position."""

import pandas as pd
import pytest

from tfft.data.tables.places import LinesOf, numbered, place, places
from tfft.data.tables.table_files import read_table

CONTENTS = {
    "t.csv": '\ntext,label\n"two\nlines",a\n\nplain,b\nlast,c\n',
    "t.tsv": '\ntext\tlabel\n"two\nlines"\ta\n\nplain\tb\nlast\tc\n',
    "t.jsonl": '\n\n{"text": "one", "label": "a"}\n\n\n{"text": "plain", "label": "b"}\n{"text": "last", "label": "c"}\n',
}


@pytest.mark.parametrize("name", CONTENTS)
def test_rows_of_a_file_are_named_by_the_line_in_which_they_begin(tmp_path, name):
    path = tmp_path / name
    path.write_text(CONTENTS[name])
    index = read_table(path, ["label"], ["text"]).index
    assert place(index, 1) == f"line 6 of {str(path)!r}"
    assert places(index, [0, 2]) == f"lines 3, 7 of {str(path)!r}"
    assert places(index, [1]) == f"line 6 of {str(path)!r}"


def test_rows_of_a_frame_are_named_by_position_whatever_its_index_is_called():
    frame = pd.DataFrame({"text": ["a", "b", "c"]}, index=pd.Index([7, 8, 9], name="line"))
    assert place(frame.index, 2) == "row 2"
    assert places(frame.index, [0, 2]) == "rows 0, 2, counted from 0"
    assert places(frame.index, [2]) == "row 2, counted from 0"


def test_rows_that_were_chosen_keep_their_lines(tmp_path):
    frame = numbered(pd.DataFrame({"text": list("abc")}), [2, 5, 6], tmp_path / "t.csv")
    assert frame.index.name == LinesOf(str(tmp_path / "t.csv"))
    assert place(frame[frame["text"] != "b"].index, 1).startswith("line 6 of")


def test_at_most_ten_lines_are_listed():
    said = places(pd.RangeIndex(30), range(12))
    assert said == "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... (12 in all), counted from 0"
