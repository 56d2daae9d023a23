"""The TensorFlow graph gives each token the place that the ``tokenizers`` library gives it."""

import random

import numpy as np
import pytest
import tensorflow as tf

from tests.odd_texts import ODD
from tests.tokenizers import test_piece_graph, test_token_graph
from tfft.tokenizers import place_graph
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import word_pieces
from tfft.tokenizers.place_graph import places_of
from tfft.tokenizers.token_graph import parts_of

# a graph for each tokenizer takes ten seconds to make
pytestmark = pytest.mark.slow
MADE = {
    **{name: lambda make=make: JsonTokenizer(*make()) for name, make in test_token_graph.MADE.items()},
    **{
        name: lambda steps=steps: test_piece_graph.tokenizer(*steps)
        for name, steps in test_piece_graph.PIPELINES.items()
    },
}


def mixed(count):
    """Texts of characters that tokenizers treat specially, in an order in which no text has them."""
    signs = [sign for text in ODD if len(text) < 300 for sign in text] + list("abcdefgh  how far 好的éß,.")
    drawn = random.Random(0)
    return ["".join(drawn.choices(signs, k=drawn.randint(1, 30))) for _ in range(count)]


def known(places):
    """Places, and -1 for tokens that stand for nothing of the text."""
    return np.where((places[:, 1] > places[:, 0])[:, None], places, -1).tolist()


@pytest.mark.parametrize("name", MADE)
def test_places_are_those_of_training(name):
    made = MADE[name]()
    parts = parts_of(made)
    run = tf.function(lambda texts: places_of(parts, texts), input_signature=[tf.TensorSpec([None], tf.string)])
    # the library cuts texts of more than 40,000 characters, and "Strip" removes the space before each part
    odd = [text for text in ODD if len(text) < 20_000 or name != "stripped"]
    # merging takes the time of the longest word for all texts of a call
    for texts in (odd, mixed(1000)):
        assert_places_are_those_of_training(run, made, list(dict.fromkeys(texts)))
    assert [each.shape[0] for each in run(tf.constant([], tf.string))[1:]] == [0, 0]


def assert_places_are_those_of_training(run, made, texts):
    found, (ids, counts, places) = run(tf.constant(texts)), made.encode_with_places(texts)
    rows, wanted = found.ids.to_list(), np.split(ids, np.cumsum(counts)[:-1])
    assert [text for text, one, other in zip(texts, rows, wanted, strict=True) if one != other.tolist()] == []
    ours = np.split(np.stack([found.begins, found.ends], 1), np.cumsum(counts)[:-1])
    theirs = np.split(places, np.cumsum(counts)[:-1])
    assert [text for text, one, other in zip(texts, ours, theirs, strict=True) if known(one) != known(other)] == []


def test_tokens_that_do_not_take_all_characters_are_an_error():
    """A wrong place must never be silent."""
    made = JsonTokenizer(*word_pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far"]))
    parts = parts_of(made)

    def shorter(texts):
        found = parts.kind.placed(texts)
        return found._replace(sizes=found.sizes - 1)

    wrong = parts._replace(kind=parts.kind._replace(placed=shorter))
    with pytest.raises(tf.errors.InvalidArgumentError, match="places of the tokens of a text are not known"):
        places_of(wrong, tf.constant(["how far"]))


def test_the_classes_of_characters_are_asked_for_once():
    assert place_graph._classes() is place_graph._classes()
