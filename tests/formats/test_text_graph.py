"""A graph makes the tokens of strings that training and prediction make."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.modules import reader
from tests.odd_texts import ODD
from tfft.formats.text_graph import tokens_of
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import byte_pairs
from tfft.tokenizers.saved_tokenizer import SavedTokenizer
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


def of_kerashub():
    import keras_hub

    signs = {sign: id for id, sign in enumerate(["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "ho", "how"])}
    return keras_hub.tokenizers.RobertaTokenizer(vocabulary=signs, merges=["h o", "ho w"])


@pytest.mark.parametrize("kind", ["saved", "of KerasHub"])
def test_other_tokenizers_come_into_a_saved_model_with_their_tables(tmp_path, words, kind):
    """The tables of KerasHub's byte pairs were not tracked, and saving failed with an AssertionError of TensorFlow."""
    made = SavedTokenizer(reader(tmp_path / "reader")) if kind == "saved" else of_kerashub()
    preprocessor = replace(words, tokenizer=Tokenizer("other", 1, lambda: made))
    run, tracked = tokens_of(preprocessor)
    module = tf.Module()
    module.tables = tracked
    texts = tf.TensorSpec([None], tf.string)
    function = tf.function(run, input_signature=[texts], autograph=False).get_concrete_function()
    tf.saved_model.save(module, str(tmp_path / "graph"), signatures=function)
    some = ["a good film", "how", "good " * 40]
    found = tf.saved_model.load(str(tmp_path / "graph")).signatures["serving_default"](tf.constant(some))
    wanted = preprocessor.padded_to(LENGTH).collate([preprocessor(text) for text in some])
    assert set(found) == set(wanted)
    for name, values in found.items():
        np.testing.assert_array_equal(values, wanted[name][:, : values.shape[1]])


@pytest.mark.parametrize("text", ["how far " * 3, b"\x80" * 81])
def test_texts_above_the_limit_of_characters_are_refused(words, monkeypatch, text):
    monkeypatch.setenv("TFFT_MAX_TEXT_CHARACTERS", "20")
    run, _ = tokens_of(words)
    assert run(tf.constant(["how far is it to yo!", "好" * 20]))["token_ids"].shape[0] == 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 20 characters"):
        run(tf.constant(["how", text]))
