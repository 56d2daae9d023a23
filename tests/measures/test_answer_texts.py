"""Answers are compared as the official scripts do; their values are written down here, because they are no dependencies."""

import pytest

from tfft.measures.answer_texts import by_character, exact, f1

# (answer, accepted, exact, F1) from evaluate-v2.0.py of SQuAD
ENGLISH = [
    ("Denver Broncos", ["Denver Broncos"], 1.0, 1.0),
    ("the denver broncos.", ["Denver Broncos"], 1.0, 1.0),
    ("in Denver, Colorado", ["Denver Colorado"], 0.0, 0.8),
    ("Broncos", ["Denver Broncos", "Broncos"], 1.0, 1.0),
    ("1990", ["in 1990", "1991"], 0.0, 2 / 3),
    ("a an the", ["the"], 1.0, 1.0),
    ("", [], 1.0, 1.0),
    ("Denver", [], 0.0, 0.0),
    ("", ["Denver"], 0.0, 0.0),
    ("state-of-the-art", ["stateoftheart"], 1.0, 1.0),
]
# from cmrc2018_evaluate.py with NLTK 3.9
CHINESE = [
    ("北京市", ["北京"], 0.0, 0.8),
    ("《红楼梦》", ["红楼梦"], 1.0, 1.0),
    ("1990年3月", ["1990年"], 0.0, 2 / 3),
    ("于1990年", ["1990年", "1990年代"], 0.0, 0.8),
    ("东西", ["南北"], 0.0, 0.0),
    ("南京路和北京路", ["南京路北京路"], 0.0, 6 / 13),
    ("GAME BOY", ["game boy游戏机"], 0.0, 4 / 7),
    ("", [], 1.0, 1.0),
    ("北京", [], 0.0, 0.0),
]


@pytest.mark.parametrize(("answer", "accepted", "same", "share"), ENGLISH)
def test_words_are_compared_as_in_squad(answer, accepted, same, share):
    assert exact(answer, accepted, False) == same
    assert f1(answer, accepted, False) == pytest.approx(share)


@pytest.mark.parametrize(("answer", "accepted", "same", "share"), CHINESE)
def test_characters_are_compared_as_in_cmrc(answer, accepted, same, share):
    assert exact(answer, accepted, True) == same
    assert f1(answer, accepted, True) == pytest.approx(share)


def test_the_letters_of_the_context_choose_the_rules():
    assert by_character("北京大学 (Peking University) 是一所位于北京市海淀区的综合性公立研究型大学")
    assert by_character("さくらの花")
    assert not by_character("Peking University (北京大学) is a university")
    assert not by_character("1990 - 2001")
    assert not by_character("")
