"""Terminals obey nothing that came from elsewhere."""

import json

import pytest

from tfft.core.terminal import plain

ESCAPES = {
    "\x1b[31m": "\\u001b[31m",
    "\x1b]8;;http://evil\x07": "\\u001b]8;;http://evil\\u0007",
    "\x9b2J": "\\u009b2J",
    "\x00\x7f\r\b": "\\u0000\\u007f\\u000d\\u0008",
    "\u202egpj.exe": "\\u202egpj.exe",
    "\u2066a\u2069": "\\u2066a\\u2069",
    "a\u2028b\u2029c\u0085d": "a\\u2028b\\u2029c\\u0085d",
    "\u200b\ufeff\u2060": "\\u200b\\ufeff\\u2060",
    "\U000e0041": "\\udb40\\udc41",
    "\udcff": "\\udcff",
    "a\nb\tc": "a\\u000ab\\u0009c",
}


@pytest.mark.parametrize(("text", "shown"), ESCAPES.items())
def test_a_character_that_is_obeyed_is_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown
    plain(text).encode()


@pytest.mark.parametrize(
    "text", ["bees", "蜂 Bienen", "أهلا", "👩\u200d👧 \ufe0f", "می\u200cخواهم", "\u0601", "a b", "\U0001fae8\ue000"]
)
def test_letters_of_every_script_stay(text: str) -> None:
    assert plain(text) == text


def test_lines_stay_where_there_may_be_several() -> None:
    assert plain("a\n\tb\r", lines=True) == "a\n\tb\\u000d"


@pytest.mark.parametrize("text", ESCAPES)
def test_json_stays_the_same_document(text: str) -> None:
    written = plain(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(written) == {text: [text]}
    assert written.isprintable()
