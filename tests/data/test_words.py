"""Words have places in their text; punctuation around a word is apart, and signs inside of it stay."""

import pytest

from tfft.data.words import has_no_space, joined_words, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ask @ann (U.S.), don't wait!", ["Ask", "@ann", "(", "U.S", ".", ")", ",", "don't", "wait", "!"]),
        ("see https://t.co/ab_c?x=1 :) #yay!!", ["see", "https://t.co/ab_c?x=1", ":", ")", "#yay", "!", "!"]),
        ("$5 100% @", ["$5", "100", "%", "@"]),
        ("去北京，2024年A股", ["去", "北", "京", "，", "2024", "年", "A", "股"]),
        ("タワー", ["タ", "ワ", "ー"]),
        ("e\u0301te\u0301 की है।", ["e\u0301te\u0301", "की", "है", "।"]),
        ("...", [".", ".", "."]),
        ("Ann's 'Bo’S' friends'", ["Ann", "'s", "'", "Bo", "’S", "'", "friends", "'"]),
        ("'s A's. it's's l'eau 京's", ["'", "s", "A", "'s", ".", "it's", "'s", "l'eau", "京", "'", "s"]),
        ("@@@ann@@", ["@", "@", "@ann", "@", "@"]),
        ("  a\n\tb ", ["a", "b"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_found_in_order(text, words):
    places = split_words(text)
    assert [text[begin:end] for begin, end in places] == words
    assert all(begin < end for begin, end in places)
    assert list(places) == sorted(places)


def test_words_of_letters_are_joined_with_spaces_and_han_without():
    assert joined_words(["in", "Paris", "."]) == ("in Paris .", ((0, 2), (3, 8), (9, 10)))
    assert joined_words(["去", "北", "京", "!"]) == ("去北京!", ((0, 1), (1, 2), (2, 3), (3, 4)))
    assert joined_words(["去", "Paris"])[0] == "去 Paris"
    assert joined_words(["a", "b"])[0] == "a b", "single letters are not Han"


def test_only_single_han_and_kana_characters_have_no_space_before_them():
    assert [has_no_space(word) for word in ("京", "タ", "a", "1", "，", "北京", "")] == [True, True, *[False] * 5]
