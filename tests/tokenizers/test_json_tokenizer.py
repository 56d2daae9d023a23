"""A tokenizer from a tokenizer.json gives the same ids however texts are split, and damaged values give a clear error."""

import json

import numpy as np
import pytest

from tfft.core.errors import BackboneError, DataError
from tfft.tokenizers.character_map import precompiled
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import byte_pairs, word_pieces
from tfft.tokenizers.tokenizer_tables import byte_signs

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far", "is", "it", "##s", "?", "好"]


@pytest.fixture(scope="module")
def made() -> JsonTokenizer:
    return JsonTokenizer(*word_pieces(WORDS))


def read(made, *texts):
    ids, lengths = made.encode(list(texts))
    return [row.tolist() for row in np.split(ids, np.cumsum(lengths)[:-1])]


def test_ids_of_texts_stand_end_to_end_with_their_numbers(made):
    ids, lengths = made.encode(["How far", "", "its 好?"])
    assert ids.dtype == np.int32
    assert (ids.tolist(), lengths.tolist()) == ([5, 6, 8, 9, 11, 10], [2, 0, 4])
    assert [part.tolist() for part in made.encode([])] == [[], []]


def test_special_tokens_have_their_ids(made):
    assert (made.start_token_id, made.end_token_id, made.pad_token_id, made.mask_token_id) == (2, 3, 0, 4)
    assert (made.unk_token_id, made.vocabulary_size(), made.token_to_id("how"), made.token_to_id("who")) == (
        1,
        12,
        5,
        None,
    )
    assert made.get_vocabulary()["好"] == 11


@pytest.mark.parametrize(
    "text", ["how far is it", " how", "how  far", "how\tfar", "h\u00f6w far", "[SEP] how", "how[MASK]"]
)
def test_many_texts_have_the_ids_of_one(made, text):
    pairs = JsonTokenizer(*byte_pairs({sign: id for id, sign in enumerate([*SPECIAL, *byte_signs(), "Ġf"])}, ["Ġ f"]))
    for each in (made, pairs):
        assert read(each, *[text] * 100) == read(each, text) * 100


SPECIAL = ["<s>", "<pad>", "</s>", "<mask>"]


@pytest.mark.parametrize("unit", ["how far is it? ", "好how ", "zzz[MASK] ", "how\u3000far ", "a "])
def test_a_long_text_is_read_in_parts_with_the_ids_of_the_whole(unit):
    both = [
        JsonTokenizer(*word_pieces(WORDS)),
        JsonTokenizer(*byte_pairs({sign: id for id, sign in enumerate([*SPECIAL, *byte_signs(), "Ġf"])}, ["Ġ f"])),
    ]
    for each in both:
        text = unit * 10_000
        assert read(each, text)[0] == each._made.encode(text, add_special_tokens=False).ids


def test_it_survives_its_file(made, tmp_path):
    made.save_assets(str(tmp_path))
    again = JsonTokenizer.from_config(json.loads(json.dumps(made.get_config())))
    again.load_assets(str(tmp_path))
    assert read(again, "How far?", "好") == read(made, "How far?", "好")
    assert again.values == made.values


def test_a_missing_special_token_is_refused_by_its_name():
    with pytest.raises(BackboneError, match=r"lacks special tokens\. Got: end='\[SEP\]'"):
        JsonTokenizer(*word_pieces([word for word in WORDS if word != "[SEP]"]))
    assert JsonTokenizer(*word_pieces([word for word in WORDS if word != "[MASK]"])).mask_token_id is None


def test_a_text_above_the_limit_is_refused_with_its_number(made, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_TEXT_CHARACTERS", "10")
    with pytest.raises(DataError, match=r"Text 1: 11 characters are more than the limit.*TFFT_MAX_TEXT_CHARACTERS"):
        made.encode(["how", "x" * 11])


def test_an_error_of_the_library_is_told(monkeypatch, made):
    class PanicException(BaseException):
        pass

    def panics(*_, **__):
        raise PanicException("index out of bounds\nmore")

    broken = JsonTokenizer(*word_pieces(WORDS))
    broken._made = type("Broken", (), {"encode_batch_fast": panics})()
    with pytest.raises(BackboneError, match=r"cannot be used: index out of bounds\."):
        broken.encode(["how"])


def test_first_characters_that_a_table_removes_move_no_place():
    """The library forgets characters that a "Precompiled" normalizer removes before all others, and moves all places."""
    values = {
        "normalizer": precompiled({"\x7f": "", "\u3000": " "}, "a test"),
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [["<unk>", 0.0], ["▁ab", -1.0]]},
        "added_tokens": [],
    }
    made = JsonTokenizer(values, {"start": "<unk>", "end": "<unk>", "pad": "<unk>"})
    ids, _, places = made.encode_with_places(["\x7f\x7fab ab", "ab\x7f ab", "\x7f"])
    assert ids.tolist() == made.encode(["\x7f\x7fab ab", "ab\x7f ab", "\x7f"])[0].tolist()
    assert places[:4].tolist() == [[2, 4], [5, 7], [0, 2], [4, 6]]
