"""A graph makes the tokens of strings that training and prediction make."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.odd_texts import ODD
from tfft.formats.text_graph import tokens_of
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import byte_pairs
from tfft.tokenizers.tokenizer import Tokenizer
from tfft.tokenizers.tokenizer_tables import byte_signs

# a graph for each tokenizer takes some seconds to make
pytestmark = pytest.mark.slow
LENGTH = 16
LONG = "how far is it to the next town " * 9


@pytest.fixture(scope="module")
def words():
    return tfft.load_backbone("toy_text", length=LENGTH).preprocessor


@pytest.fixture(scope="module")
def pairs(words):
    """RoBERTa's tokenizer, which has two end tokens between texts, for a net without segments."""
    signs = {sign: id for id, sign in enumerate(["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "ho", "how"])}
    made = JsonTokenizer(*byte_pairs(signs, ["h o", "ho w"]))
    return replace(words, tokenizer=Tokenizer("bytes", 2, lambda: made), segments=False)


@pytest.mark.parametrize("kind", ["words", "pairs"])
@pytest.mark.parametrize("texts", [1, 2])
def test_tokens_are_those_of_training(request, kind, texts):
    preprocessor = request.getfixturevalue(kind)
    run, _ = tokens_of(preprocessor, texts)
    some = [text for text in [*ODD[:40], LONG, "how", "a b c"] if text.strip()]
    items = list(zip(some, reversed(some), strict=True)) if texts == 2 else some
    columns = list(zip(*items, strict=True)) if texts == 2 else [some]
    found = run(*(tf.constant(list(column)) for column in columns))
    rows = [preprocessor(item) for item in items]
    wanted = preprocessor.padded_to(LENGTH).collate(rows)
    assert set(found) == set(wanted)
    for name, values in found.items():
        width = values.shape[1]
        assert width == max(map(len, rows))
        np.testing.assert_array_equal(values, wanted[name][:, :width])


def test_no_texts_give_no_rows(words):
    run, _ = tokens_of(words)
    assert run(tf.constant([], tf.string))["token_ids"].shape[0] == 0
