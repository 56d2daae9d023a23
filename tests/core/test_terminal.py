"""Text from other people cannot control a terminal."""

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
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert plain(text) == shown
    plain(text).encode()


@pytest.mark.parametrize(
    "text", ["bees", "蜂 Bienen", "أهلا", "👩\u200d👧 \ufe0f", "می\u200cخواهم", "\u0601", "a b", "\U0001fae8\ue000"]
)
def test_letters_of_every_script_are_kept(text: str) -> None:
    assert plain(text) == text


def test_line_breaks_are_kept_if_asked_for() -> None:
    assert plain("a\n\tb\r", lines=True) == "a\n\tb\\u000d"


@pytest.mark.parametrize("text", ESCAPES)
def test_an_escaped_json_document_keeps_its_meaning(text: str) -> None:
    written = plain(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(written) == {text: [text]}
    assert written.isprintable()
