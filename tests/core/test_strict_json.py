"""JSON is read within limits; each kind of invalid document raises an error of tfft."""

import sys
import time
from pathlib import Path

import pytest

from tfft.core.errors import BundleError, DataError
from tfft.core.strict_json import count, depth, read, read_file


def test_valid_json_gives_the_same_values_as_the_json_module() -> None:
    text = '{"a": [1, 2.5, null, true, "\\ud83d\\ude00 \\u00e9"], "b": {"c": -1e-3}}'
    assert read(text, "x") == {"a": [1, 2.5, None, True, "\U0001f600 é"], "b": {"c": -0.001}}


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}', "x") == {"a": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' appears twice"),
        ("[NaN]", "NaN is not a valid JSON number"),
        ("[-Infinity]", "-Infinity is not a valid JSON number"),
        ("[1e999]", "the number 1e999 is too large"),
        ("[" + "9" * 5000 + "]", "a number has 5,000 digits"),
        ('["\\ud83d"]', "half of a surrogate pair"),
        ('{"\\udc00": 1}', "half of a surrogate pair"),
        ('["\udc00"]', "half of a surrogate pair"),
        (b"\xff\xfe{\x00}\x00", "it is not UTF-8"),
        ("", "Expecting value"),
        ('{"a": 1', "Expecting ',' delimiter"),
        ('"abc', "Unterminated string"),
        ("[1] [2]", "Extra data"),
    ],
)
def test_the_error_names_an_invalid_document(content: str | bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(content, "Line 3 of 'a.jsonl'")
    assert caught.value.what.startswith("Line 3 of 'a.jsonl' is not valid JSON: ")
    assert said in caught.value.what


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_nesting_is_refused_without_recursion(opening: str, closed: bool) -> None:
    closing = opening[::-1].translate({ord("["): "]", ord("{"): "}", ord(":"): None, ord('"'): None, ord("a"): None})
    text = opening * 100_000 + "1" + (closing * 100_000 if closed else "")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)  # json.loads itself would end the process
    try:
        with pytest.raises(BundleError, match=r"levels are more than the limit\. Got: limit 200"):
            read(text, "x", BundleError)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_strings_are_not_levels() -> None:
    assert read('["' + "[{" * 1000 + '\\"[[["]', "x") == ["[{" * 1000 + '"[[[']
    assert depth('"' + "[" * 1000) == 0
    assert depth("[[1], [[2]], {}]") == 3
    assert depth("17") == 0


@pytest.mark.parametrize("text", ['["' + '\\"' * 500_000, '[["' + "a" * 1_000_000, "[[" + '"\\' * 500_000])
def test_depth_takes_one_pass(text: str) -> None:
    begun = time.monotonic()
    assert depth(text) <= 2
    assert time.monotonic() - begun < 2


def test_size_is_checked_before_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(2**40)  # a sparse file, which takes no space
    with pytest.raises(DataError, match="1,099,511,627,776 bytes are more than the limit"):
        read_file(path, "'a.json'")
    monkeypatch.setenv("TFFT_MAX_JSON_BYTES", "8")
    with pytest.raises(DataError, match="TFFT_MAX_JSON_BYTES=9"):
        read(b'["abcde"]', "x")


def test_the_error_names_a_missing_file_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'a\.json' cannot be read: No such file"):
        read_file(tmp_path / "a.json", "'a.json'")
    with pytest.raises(DataError, match=r"'a\.json' cannot be read: it is a folder"):
        read_file(tmp_path, "'a.json'")


def test_commas_in_strings_are_not_counted_above_the_number_that_is_allowed():
    text = '{"texts": ["a, b, c, d", "[[[["]}'
    assert count(text) == 10
    assert count(text, 5) == 3
    assert count('{"texts": [1, 2, 3, 4, 5, 6]}', 5) == 7
