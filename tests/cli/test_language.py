"""The default backbone for texts follows from their letters."""

import pytest

import tfft
from tfft.cli.language import outside_ascii, text_backbone
from tfft.core.specs import Text


def data(text: str, count: int = 40):
    return tfft.data.from_arrays([text.format(number) for number in range(count)], [0, 1] * (count // 2)).train


@pytest.mark.parametrize(
    ("text", "chosen", "other"),
    [
        ("how far is it from {} to Denver", "minilm_l6", "multilingual_e5_small"),
        ("{} + 1 = ?", "minilm_l6", "multilingual_e5_small"),
        ("第{}号包裹到了吗", "multilingual_e5_small", "minilm_l6"),
        ("Wo ist mein Päckchen mit der Nummer {} geblieben?", "multilingual_e5_small", "minilm_l6"),
        ("где посылка {}", "multilingual_e5_small", "minilm_l6"),
        ("A review of hotel {}, mostly in English, with a 酒店 in it", "multilingual_e5_small", "minilm_l6"),
    ],
)
def test_english_and_other_languages_have_a_backbone_of_their_own(text, chosen, other):
    name, why = text_backbone(data(text))
    assert name == chosen
    assert why.startswith(f"backbone: {chosen}, because ")
    assert f"--backbone {other} overrides this" in why
    assert "\n" not in why


def test_a_foreign_word_in_a_thousand_letters_is_english():
    sentence = "The parcel arrived late, and the clerk had lost its receipt. "
    assert text_backbone(data("Number {}: a naïve remark. " + sentence * 15))[0] == "minilm_l6"


def test_texts_are_looked_at_everywhere_and_not_only_at_the_beginning():
    texts = [f"message number {n}" if n % 4 else f"第{n}号包裹到了吗" for n in range(5000)]
    train = tfft.data.from_arrays(texts, [0, 1] * 2500).train
    assert text_backbone(train)[0] == "multilingual_e5_small"


def test_letters_of_both_texts_of_a_pair_count_and_nothing_else_does():
    assert outside_ascii([Text("ab", "cé"), Text("12 ，。！")]) == 0.25
    assert outside_ascii([Text("123"), Text("")]) == 0
