"""CSV and TSV files: how rows are split, how errors name lines, and which cells are kept."""

import csv

import pytest

from tfft.core.errors import DataError
from tfft.data.tables.delimited import header, read_delimited
from tfft.data.tables.table_files import column_names, read_table


def _read(path, content, separator=",", **options):
    path.write_bytes(content.encode())
    return read_delimited(path, separator, lambda names: names, ["label"], **options).columns


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_marks_and_blank_lines_are_no_content(tmp_path, end, mark):
    found = _read(tmp_path / "t.csv", mark + end.join(["", "text,label", "", "a,b", "   ", '"c, d",e', ""]))
    assert found == {"text": ["a", "c, d"], "label": ["b", "e"]}
    assert header(tmp_path / "t.csv", ",") == ("text", "label")


def test_odd_characters_stay_in_their_cells(tmp_path):
    found = _read(tmp_path / "t.csv", "text,label\na\u2028b,c\x85d\ne\x0bf\x0c,g\x1c\n")
    assert found == {"text": ["a\u2028b", "e\x0bf\x0c"], "label": ["c\x85d", "g\x1c"]}


def test_a_short_row_lacks_its_cells(tmp_path):
    assert _read(tmp_path / "t.csv", "text,label\na\nb,c\n") == {"text": ["a", "b"], "label": [None, "c"]}


def test_a_row_that_is_too_wide_is_named_by_its_first_line(tmp_path):
    with pytest.raises(DataError, match=r"Line 4 of .* has 3 cells, but the header has 2.*Put quotation marks"):
        _read(tmp_path / "t.csv", 'text,label\n"two\nlines",a\n"three\n\nlines",b,c\n')


def test_separators_at_the_end_of_a_line_are_no_cells(tmp_path):
    assert _read(tmp_path / "t.csv", "text,label\na,b,\nc,d,, \n") == {"text": ["a", "c"], "label": ["b", "d"]}
    with pytest.raises(DataError, match=r"Line 2 of .* has 4 cells"):
        _read(tmp_path / "t.csv", "text,label\na,b,,c\n")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_line_that_tells_excel_the_separator_is_no_header(tmp_path, separator):
    content = f"sep={separator}\ntext{separator}label\na{separator}b\n"
    assert _read(tmp_path / "t.csv", content, separator) == {"text": ["a"], "label": ["b"]}
    assert header(tmp_path / "t.csv", separator) == ("text", "label")
    assert column_names(tmp_path / "t.csv") == ["text", "label"]
    assert read_table(tmp_path / "t.csv", ["label"])["label"].tolist() == ["b"]


def test_marks_belong_to_texts_where_the_user_says_so(tmp_path):
    assert _read(tmp_path / "t.csv", 'text,label\n"a,b\nc",d\n', quotes=False) == {
        "text": ['"a', 'c"'],
        "label": ["b", "d"],
    }
    assert _read(tmp_path / "t.csv", 'text,label\n"a,b\nc",d\n', quotes=True) == {"text": ["a,b\nc"], "label": ["d"]}
    with pytest.raises(DataError, match="never ends"):
        _read(tmp_path / "t.csv", 'text,label\n"a,b\n', quotes=True)


def test_the_limit_of_pythons_reader_is_put_back(tmp_path):
    before = csv.field_size_limit()
    assert len(_read(tmp_path / "t.csv", f"text,label\n{'a' * 200_000},b\n")["text"][0]) == 200_000
    assert csv.field_size_limit() == before


def test_limits_hold_while_a_file_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_TABLE_CELLS", "19999")
    with pytest.raises(DataError, match="20,000 cells are more than the limit"):
        _read(tmp_path / "t.csv", "text,label\n" + "a,b\n" * 20_000)
    monkeypatch.setenv("TFFT_MAX_TEXT_BYTES", "100")
    with pytest.raises(DataError, match=r"A line of .*: 101 bytes are more than the limit"):
        _read(tmp_path / "t.csv", f"text,label\n{'a' * 200},b\n")
    with pytest.raises(DataError, match=r"Line 2 of .* begins a row that cannot be read: field larger"):
        _read(tmp_path / "t.csv", 'text,label\n"' + "a\n" * 200 + '",b\n')
