"""The TensorFlow graph gives the same token ids as training and prediction, also from a SavedModel."""

import numpy as np
import pytest
import tensorflow as tf

from tests.odd_texts import ODD
from tfft.core.errors import BackboneError
from tfft.tokenizers.characters import cleaning
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import added_token, byte_pairs, word_pieces
from tfft.tokenizers.token_graph import graph
from tfft.tokenizers.tokenizer_tables import byte_signs

LETTERS = [chr(code) for code in range(33, 0x3000) if chr(code).isprintable()]
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    "how",
    "far",
    "好",
]
SIGNS = ["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "ho", "how", "Ġf", "Ġfa", "Ġfar", "å¥", "å¥½", "ĊĊ", "aa"]
MERGES = ["h o", "ho w", "Ġ f", "Ġf a", "Ġfa r", "å ¥", "å¥ ½", "Ċ Ċ", "a a"]
MADE = {
    "uncased": lambda: word_pieces(list(dict.fromkeys(WORDS))),
    "cased": lambda: word_pieces(list(dict.fromkeys(WORDS)), lowercase=False),
    "pairs": lambda: byte_pairs({sign: id for id, sign in enumerate(SIGNS)}, MERGES),
    "pairs after a space": lambda: byte_pairs({sign: id for id, sign in enumerate(SIGNS)}, MERGES, prefix_space=True),
}

# a graph for each tokenizer takes ten seconds to make
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=MADE)
def made(request):
    return JsonTokenizer(*MADE[request.param]())


@pytest.fixture(scope="module")
def module(made):
    return graph(made)


def different(made, run, texts):
    """The texts with other token ids in the graph."""
    ids, lengths = made.encode(texts)
    rows = np.split(ids, np.cumsum(lengths)[:-1])
    both = zip(texts, run(tf.constant(texts)).to_list(), rows, strict=True)
    return [text for text, found, wanted in both if found != wanted.tolist()]


@pytest.mark.slow
def test_odd_texts_have_the_same_ids(made, module):
    assert different(made, module.run, ODD) == []


@pytest.mark.slow
def test_characters_of_all_of_unicode_have_the_same_ids(made, module):
    codes = [*range(0x3400), *range(0x3400, 0x110000, 211)]
    signs = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    for pattern in ("{0}", "a{0}1 {0} {0}b", "a {0}{0}"):
        assert different(made, module.run, [pattern.format(sign) for sign in signs]) == []


def test_no_texts_have_no_ids(module):
    assert module.run(tf.constant([], tf.string)).to_list() == []
    assert module.run(tf.constant(["", ""])).to_list() == [[], []]


@pytest.mark.slow
def test_a_saved_model_holds_all_that_it_needs(made, module, tmp_path):
    tf.saved_model.save(module, str(tmp_path))
    assert different(made, tf.saved_model.load(str(tmp_path)).run, ODD[:60]) == []


@pytest.mark.parametrize("flag", ["single_word", "rstrip", "normalized"])
def test_an_added_token_that_no_graph_has_is_refused(flag):
    values, *rest = word_pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    values["added_tokens"].append({**added_token(4, "<x>"), flag: True})
    with pytest.raises(BackboneError, match=r"has no TensorFlow graph\. Got: added tokens \['<x>'\]"):
        graph(JsonTokenizer(values, *rest))


def test_a_tokenizer_without_added_tokens_has_a_graph():
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    model = {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [["<unk>", 0.0], ["▁a", -1.0]]}
    values = {"normalizer": None, "pre_tokenizer": metaspace, "model": model, "added_tokens": []}
    made = JsonTokenizer(values, {"start": "<unk>", "end": "<unk>", "pad": "<unk>"})
    assert graph(made).run(tf.constant(["a b", ""])).to_list() == [[1, 0], []]
    assert made.encode(["a b"])[0].tolist() == [1, 0]


def test_the_tables_are_asked_for_once():
    assert cleaning() is cleaning()
