"""A graph splits texts into the pieces that the ``tokenizers`` library chooses."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.odd_texts import ODD
from tfft.core.errors import BackboneError
from tfft.tokenizers.character_map import precompiled
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import added_token
from tfft.tokenizers.token_graph import graph

METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
COLLAPSE = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
LETTERS = [chr(code) for code in range(33, 127)] + list("好的酒店！。é")
# pieces of equal scores, so that only the order of ties decides
EQUAL = ["▁", "!!", "!!!", "好好", "店店店", "ab", "abc", "▁a", "▁ab", "bc", "cab"]
PIPELINES = {
    "spaces joined": ([precompiled({"\u3000": " ", "\u2460": "1", "Ａ": "A"}, "a test"), COLLAPSE], [METASPACE]),
    "spaces split": ([{"type": "Lowercase"}], [{"type": "WhitespaceSplit"}, METASPACE]),
    "albert": (
        [
            {"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
            {"type": "NFKD"},
            {"type": "StripAccents"},
            {"type": "Lowercase"},
        ],
        [{"type": "WhitespaceSplit"}, METASPACE],
    ),
    "stripped": ([{"type": "Strip", "strip_left": True, "strip_right": True}, COLLAPSE], [METASPACE]),
}


def tokenizer(normalizers, before):
    random = np.random.default_rng(0)
    pieces = [[token, 0.0] for token in SPECIAL]
    pieces += [
        [letter, float(score)] for letter, score in zip(LETTERS, random.uniform(-9, -6, len(LETTERS)), strict=True)
    ]
    pieces += [[piece, -5.25 * len(piece)] for piece in EQUAL]
    values = {
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": before},
        "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
        "added_tokens": [added_token(id, token) for id, token in enumerate(SPECIAL)],
    }
    return JsonTokenizer(values, {"start": "<s>", "pad": "<pad>", "end": "</s>"}, 2)


@pytest.fixture(scope="module", params=PIPELINES)
def both(request):
    made = tokenizer(*PIPELINES[request.param])
    return made, graph(made)


def different(made, module, texts):
    """The texts with other token ids in the graph."""
    ids, lengths = made.encode(texts)
    rows = np.split(ids, np.cumsum(lengths)[:-1])
    both = zip(texts, module.run(tf.constant(texts)).to_list(), rows, strict=True)
    return [(text, found, wanted.tolist()) for text, found, wanted in both if found != wanted.tolist()]


def test_texts_have_the_same_pieces(both):
    texts = [
        " ".join(some) for some in itertools.product(["ab", "cab!", "酒店", "<s>", "  ", "``é", "☃☃☃x☃"], repeat=3)
    ]
    assert different(*both, texts) == []


def test_where_scores_are_equal_the_same_piece_wins(both):
    texts = ["好" * count for count in range(1, 40)] + ["!" * count for count in range(1, 40)] + ["店" * 50, "abc" * 20]
    assert different(*both, texts) == []


def test_odd_texts_have_the_same_pieces(both):
    accents = {"ẛ̣ ̈́"}  # accents that are characters of their own are normalized with their letter
    assert different(*both, [text for text in ODD if text not in accents]) == []


def test_no_texts_have_no_pieces(both):
    assert both[1].run(tf.constant([], tf.string)).to_list() == []
    assert both[1].run(tf.constant(["", " "])).to_list()[0] == []


@pytest.mark.slow
def test_a_saved_model_needs_tensorflow_alone_for_the_pieces(both, tmp_path):
    made, module = both
    tf.saved_model.save(module, str(tmp_path))
    assert different(made, tf.saved_model.load(str(tmp_path)), ["ab cab 酒店", "!!!! abc", "<s> ab"]) == []


@pytest.mark.parametrize(
    ("normalizers", "before"),
    [
        ([{"type": "NFKC"}], [METASPACE]),
        ([], [{**METASPACE, "prepend_scheme": "first"}]),
        ([{"type": "Strip", "strip_left": True, "strip_right": False}], [METASPACE]),
    ],
)
def test_pipelines_without_a_graph_are_refused(normalizers, before):
    with pytest.raises(BackboneError, match=r"has no TensorFlow graph.*Use the bundle itself"):
        graph(tokenizer(normalizers, before))
