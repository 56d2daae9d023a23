"""A map of characters becomes a normalizer of the tokenizers library that does the same."""

import base64

import pytest
from tokenizers import normalizers

from tfft.core.errors import BackboneError
from tfft.tokenizers.character_map import precompiled
from tfft.tokenizers.tokenizer_tables import is_sound

CHARACTERS = {"\u3000": " ", "\x01": "", "\u2460": "1", "\ufb01": "fi", "\U0002f800": "\u4e3d", "a": "a", "\x7f": ""}


def normalizer(characters):
    table = precompiled(characters, "here")["precompiled_charsmap"]
    assert is_sound(table)
    return normalizers.Precompiled(base64.b64decode(table))


def test_each_character_becomes_what_the_map_says_and_all_others_stay(capfd):
    made = normalizer(CHARACTERS)
    for point in (*range(1, 0x3100), *range(0xFB00, 0xFB10), *range(0x2F800, 0x2F810)):
        assert made.normalize_str(chr(point)) == CHARACTERS.get(chr(point), chr(point)), hex(point)
    assert made.normalize_str("\u2460\u3000\x01\ufb01n") == "1 fin"
    assert capfd.readouterr().err == "", "SentencePiece prints nothing"


def test_the_rest_of_a_short_letter_is_lost_as_the_docstring_says():
    assert normalizer(CHARACTERS).normalize_str("\ufb01\u0301x") == "fix"


def test_what_cannot_be_compiled_is_refused():
    with pytest.raises(BackboneError, match=r"The characters of here cannot be read.*Copy the model again"):
        precompiled({"a": "\ud800"}, "here")
