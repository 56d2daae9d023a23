"""Tables of characters are those of the library, for all of Unicode."""

import pytest

from tfft.tokenizers.characters import cleaning, ranges
from tfft.tokenizers.pipelines import word_pieces

BERT = word_pieces(["[UNK]"])[0]


@pytest.fixture(scope="module")
def uncased():
    return cleaning(BERT["normalizer"], BERT["pre_tokenizer"])


@pytest.mark.parametrize("sign", " \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2009\u2028\u2029\u202f\u205f\u3000")
def test_every_space_of_unicode_is_one(uncased, sign):
    assert sign in uncased.spaces
    assert uncased.becomes.get(sign, sign).strip(" ") == ""


@pytest.mark.parametrize(
    ("sign", "after"),
    [
        ("A", "a"),
        ("É", "e"),
        ("，", " ， "),
        ("好", " 好 "),
        ("\0", ""),
        ("\u200b", ""),
        ("\u0301", ""),
        ("\ufffd", ""),
        ("Σ", "σ"),
    ],
)
def test_a_character_becomes_what_bert_makes_of_it(uncased, sign, after):
    assert uncased.becomes[sign] == after


def test_most_letters_stay(uncased):
    assert not {"a", "ß", "ж", "\u2603", "ｈ", "1"} & set(uncased.becomes)
    assert "a" in uncased.letters
    assert "1" in uncased.numbers
    assert cleaning().becomes == {}


def test_ranges_are_short():
    assert ranges("") == ""
    assert ranges("cab") == r"\x{61}-\x{63}"
    assert ranges("a\U0010fffd") == r"\x{61}\x{10fffd}"
