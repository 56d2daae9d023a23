"""A graph finds the entities that a predictor finds."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.odd_texts import ODD
from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError
from tfft.formats.entity_graph import EntityGraph
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import byte_pairs
from tfft.tokenizers.tokenizer import Tokenizer
from tfft.tokenizers.tokenizer_tables import byte_signs

# a graph for each tokenizer takes some seconds to make
pytestmark = pytest.mark.slow
TEXTS = [*(text for text in ODD if text.strip()), "Ann sleeps here. " * 20, "去北京 OK" * 9, "Ann", "[SEP] Bo [MASK]"]


def bytes_of(words):
    signs = {sign: id for id, sign in enumerate(["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "ho", "how"])}
    made = JsonTokenizer(*byte_pairs(signs, ["h o", "ho w"]))
    return replace(words, tokenizer=Tokenizer("bytes", 2, lambda: made))


def pieces_of(words):
    """A Unigram model with a token for a space alone, which words without a space before them lose."""
    signs = ["<pad>", "<unk>", "<s>", "</s>", "▁", *"去北京aeinopsrtOK.", "▁A", "nn", "▁sleep", "▁here", "s."]
    model = {
        "type": "Unigram",
        "unk_id": 1,
        "byte_fallback": False,
        "vocab": [[sign, -float(len(signs)) / (1 + len(sign))] for sign in signs],
    }
    values = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "post_processor": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}, "decoder": None,
        "model": model,
    }  # fmt: skip
    made = JsonTokenizer(values, {"start": "<s>", "end": "</s>", "pad": "<pad>"})
    return replace(words, tokenizer=Tokenizer("pieces", 1, lambda: made))


MADE = {"words": lambda words: words, "bytes": bytes_of, "pieces": pieces_of}


def of(tokenizer="words", stride=5):
    """A tagger with a random head, so that it finds many entities; it reads 16 tokens at once."""
    backbone = tfft.load_backbone("toy_text", length=16)
    backbone = replace(backbone, preprocessor=MADE[tokenizer](backbone.preprocessor))
    model = tfft.build(backbone, tfft.tasks.token_classification(["per", "org"], stride=stride), seed=0)
    for variable in model.net.get_layer("head").weights:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape) * 3)
    return Predictor(folded(model.net), model.task, model.preprocessor, {})


def folded(net):
    """A net for any token id: the toy net has a hundred tokens."""
    inputs = {tensor.name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in net.inputs}
    return keras.Model(inputs, net({**inputs, "token_ids": keras.ops.mod(inputs["token_ids"], 100)}))


def entities(run, texts):
    """The entities of each text, as a graph gives them."""
    found = {name: values.numpy() for name, values in run(tf.constant(texts, tf.string)).items()}
    names = ("entities", "labels", "starts", "ends", "probabilities")
    rows = [
        list(zip(*(found[name][row][:count] for name in names), strict=True))
        for row, count in enumerate(found["counts"])
    ]
    return [[(each[0].decode(), each[1].decode(), *map(float, each[2:])) for each in row] for row in rows]


@pytest.mark.parametrize("stride", [0, 5])
@pytest.mark.parametrize("tokenizer", MADE)
def test_entities_are_those_of_the_predictor_in_long_texts_as_well(tokenizer, stride):
    predictor = of(tokenizer, stride)
    run = tf.function(
        EntityGraph(predictor).entities, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    total = 0
    for text, found, wanted in zip(TEXTS, entities(run, TEXTS), predictor.predict(TEXTS), strict=True):
        total += len(found)
        said = [(each.text, each.label, each.start, each.end) for each in wanted.entities]
        assert [each[:4] for each in found] == said, repr(text)
        np.testing.assert_allclose(
            [each[4] for each in found], [each.probability for each in wanted.entities], atol=1e-4
        )
    assert total > 100


def test_texts_without_words_have_no_entities():
    made = EntityGraph(of())
    run = tf.function(made.entities, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    assert entities(run, []) == []
    assert entities(run, ["", " \n"]) == [[], []]
    assert made.words(tf.constant(["", " "]))["probabilities"].shape == (2, 0, 5)


def test_bytes_that_are_no_characters_count_as_one_character_each():
    found = EntityGraph(of()).words(tf.constant([b"Ann \xff\xfe Bo"]))
    places = np.stack([found["starts"].numpy()[0], found["ends"].numpy()[0]], axis=1)
    assert places[[0, -1]].tolist() == [[0, 3], [7, 9]]


def test_many_rows_are_computed_in_parts_with_the_same_answers():
    predictor, text = of(), "Ann sees Bo, and Cy sees Dee. " * 60
    found = EntityGraph(predictor).words(tf.constant([text, "Ann"]))
    long = predictor.predict([text])[0].entities
    run = EntityGraph(predictor).entities
    assert [each[:4] for each in entities(run, [text])[0]] == [
        (each.text, each.label, each.start, each.end) for each in long
    ]
    assert found["counts"].numpy().tolist() == [9 * 60, 1]


def test_tokenizers_of_other_kinds_are_refused():
    predictor = of()
    other = replace(predictor.preprocessor, tokenizer=Tokenizer("other", 1, lambda: object()))
    with pytest.raises(BundleError, match=r"only with the tokenizer of a tokenizer\.json.*object.*tfft\.load"):
        EntityGraph(replace(predictor, preprocessor=other))
