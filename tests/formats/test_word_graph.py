"""A graph splits texts into the words of ``split_words``."""

import random

import tensorflow as tf

from tests.odd_texts import ODD
from tfft.data.words import has_no_space, split_words
from tfft.formats.word_graph import words_of

SIGNS = [*"ab1s.,'’@#$-( )\u3000 北京・。\n\x1c\u0301é!?$5@a", "\U00020001", "Ⓐ", "①", "〇", "€"]


def words(texts):
    """The words of each text, as ``words_of`` finds them: start, end and string."""
    run = tf.function(words_of, input_signature=[tf.TensorSpec([None], tf.string)])
    found = run(tf.constant(texts, tf.string))
    rows = list(zip(found.starts.numpy().tolist(), found.ends.numpy().tolist(), found.words.numpy(), strict=True))
    ends = found.counts.numpy().cumsum().tolist()
    return [rows[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def test_words_and_places_are_those_of_training():
    draw = random.Random(1)
    some = ["".join(draw.choices(SIGNS, k=draw.randrange(13))) for _ in range(5000)]
    some += ["".join(draw.choices("as'’S. 京", k=draw.randrange(9))) for _ in range(3000)]
    texts = [*ODD, "Ask @ann (U.S.), don't wait!", "@@@ann@@ $5 100%", *some]
    for text, found in zip(texts, words(texts), strict=True):
        assert [place[:2] for place in found] == list(split_words(text)), repr(text)
        parts = [text[begin:end] for begin, end, _ in found]
        assert [word.decode() for _, _, word in found] == [
            part if has_no_space(part) else f" {part}" for part in parts
        ], repr(text)


def test_texts_without_words_have_none():
    assert words([]) == []
    assert words(["", " \n"]) == [[], []]
