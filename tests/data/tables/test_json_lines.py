"""JSON lines hold one object on each line; missing keys are allowed, and errors name the line."""

import pytest

from tfft.core import strict_json
from tfft.core.errors import DataError
from tfft.data.tables.json_lines import read_json_lines


def _read(path, content, choose=lambda names: names):
    path.write_bytes(content.encode())
    return read_json_lines(path, choose).columns


def test_values_are_as_they_are_written_and_missing_keys_are_missing(tmp_path):
    content = '\ufeff{"a": "007", "b": 1}\r\n\n{"b": [1, "x"]}\n   \n{"a": null, "c": true}'
    assert _read(tmp_path / "t.jsonl", content) == {
        "a": ["007", None, None],
        "b": [1, [1, "x"], None],
        "c": [None, None, True],
    }


@pytest.mark.parametrize(
    ("rows", "times"),
    [
        (['{"text": "a", "n": 1}', '{"text": "b"}'], 1),
        (['{"n": 1}', '{"text": "b"}'], 2),
        (['{"text": "a"}', '{"path": "b"}'], 2),
    ],
)
def test_a_file_is_parsed_again_only_when_later_keys_change_the_choice(tmp_path, monkeypatch, rows, times):
    calls, read = [], strict_json.read
    monkeypatch.setattr(strict_json, "read", lambda *args, **options: calls.append(args) or read(*args, **options))

    def choose(names):
        if not {"path", "text"} & set(names):
            raise DataError("There is no such column.")
        return ["path"] if "path" in names else ["text"]

    found = _read(tmp_path / "t.jsonl", "\n".join(rows), choose)
    assert found in ({"text": ["a", "b"]}, {"text": [None, "b"]}, {"path": [None, "b"]})
    assert len(calls) == times * len(rows)


def test_a_choice_that_fails_for_all_rows_is_an_error(tmp_path):
    def choose(names):
        raise DataError(f"There is no column 'label' among {names}.")

    with pytest.raises(DataError, match=r"among \['a', 'b'\]"):
        _read(tmp_path / "t.jsonl", '{"a": 1}\n{"b": 2}\n', choose)


def test_odd_characters_end_no_line(tmp_path):
    content = '{"a": "one\u2028two\x85three"}\n{"a": "b"}\n'
    assert _read(tmp_path / "t.jsonl", content) == {"a": ["one\u2028two\x85three", "b"]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json}", "is not valid JSON"),
        ("[1, 2]", "is not a JSON object.*Write"),
        ('"text"', "is not a JSON object"),
        ('{"a": 1, "a": 2}', "the key 'a' appears twice"),
        ('{"a": "\\ud83d"}', "half of a surrogate pair"),
        ("[" * 300, "300 levels are more than the limit"),
    ],
)
def test_a_line_that_is_no_object_is_named(tmp_path, line, reason):
    with pytest.raises(DataError, match=rf"Line 3 of .*t.jsonl'.*{reason}"):
        _read(tmp_path / "t.jsonl", f'{{"a": 1}}\n\n{line}\n')


def test_limits_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_TEXT_BYTES", "30")
    with pytest.raises(DataError, match=r"Line 2 of .*: 31 bytes are more than the limit"):
        _read(tmp_path / "t.jsonl", '{"a": 1}\n{"a": "' + "x" * 100 + '"}\n')
    monkeypatch.setenv("TFFT_MAX_TABLE_COLUMNS", "1")
    with pytest.raises(DataError, match="2 columns are more than the limit"):
        _read(tmp_path / "t.jsonl", '{"a": 1}\n{"b": 1}\n')
    monkeypatch.setenv("TFFT_MAX_TABLE_CELLS", "1")
    with pytest.raises(DataError, match="2 cells are more than the limit"):
        _read(tmp_path / "t.jsonl", '{"a": 1}\n{"a": 1}\n')
