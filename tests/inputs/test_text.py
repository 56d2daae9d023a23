"""Every text becomes a row of tokens, and the rows of a batch become the inputs of a network."""

import json

import numpy as np
import pytest

import tfft
from tfft.core.errors import BundleError, DataError
from tfft.core.ragged import padded
from tfft.core.specs import Text
from tfft.core.values import argument_of
from tfft.inputs.text import TextPreprocessor

PAD, CLS, SEP = 0, 2, 3


@pytest.fixture(scope="module")
def read():
    return tfft.load_backbone("toy_text", length=64).preprocessor


@pytest.mark.parametrize(
    ("ways", "length"), [((Text("a bee?"), "a bee?"), 7), ((Text("a", "bee"), ("a", "bee"), ["a", "bee"]), 7)]
)
def test_every_way_to_hand_in_a_text_gives_the_same_tokens(read, ways, length):
    rows = [read(way) for way in ways]
    assert {row.shape for row in rows} == {(length, 2)}
    for row in rows[1:]:
        np.testing.assert_array_equal(row, rows[0])


def test_tokens_pass_as_they_are(read):
    row = read("a bee")
    assert read(row) is row


def test_many_at_once_are_those_one_by_one(read):
    texts = ["a bee", "", "好看 😀", "x " * 500, "how far is it?"]
    together = read.many(texts)
    assert together.rows.lengths.max() == 64
    assert together.whole.tolist() == [6, 2, 5, 502, 13]
    assert together.unknown.tolist() == [0, 0, 3, 0, 0]
    for text, row in zip(texts, together.rows, strict=True):
        np.testing.assert_array_equal(read(text), row)


def test_a_text_of_a_million_characters_is_cut_like_any_other(read):
    found = read.many(["far " * 250_000, "x" * 1_000_000])
    assert found.rows.lengths.tolist() == [64, 3]
    assert found.whole.tolist()[0] > 250_000
    np.testing.assert_array_equal(read("far " * 250_000), found.rows[0])


def test_no_texts_are_no_rows(read):
    found = read.many([])
    assert len(found.rows) == len(found.whole) == len(found.unknown) == 0


@pytest.mark.parametrize("text", ["a", "a bee", "is it far?"])
@pytest.mark.parametrize("others", [[], [""], ["x y z " * 30]])
def test_a_batch_is_padded_to_its_longest_row(read, text, others):
    rows = [read(item) for item in [text, *others]]
    arrays = read.collate(rows)
    assert list(arrays) == [name for name, _, _ in read.inputs]
    ids, segments, mask = arrays.values()
    width = padded(max(map(len, rows)))
    assert ids.shape == segments.shape == mask.shape == (len(rows), width)
    assert {array.dtype for array in (ids, segments, mask)} == {np.dtype("int32")}
    for number, row in enumerate(rows):
        np.testing.assert_array_equal(ids[number, : len(row)], row[:, 0])
        assert set(ids[number, len(row) :].tolist()) <= {PAD}
        assert mask[number].tolist() == [1] * len(row) + [0] * (width - len(row))


def test_a_preprocessor_with_a_width_pads_every_batch_to_it(read):
    wide = read.padded_to(40)
    assert wide.inputs == tuple((name, (40,), "int32") for name, _, _ in read.inputs)
    assert wide.to_dict() == read.to_dict()
    rows = [read("a bee"), read("a")]
    fixed, own = wide.collate(rows), read.collate(rows)
    assert list(fixed) == list(own)
    for one, other in zip(fixed.values(), own.values(), strict=True):
        assert one.shape == (2, 40)
        np.testing.assert_array_equal(one[:, : other.shape[1]], other)
        assert set(one[:, other.shape[1] :].ravel().tolist()) == {PAD}


def test_segments_of_a_pair_reach_the_net_and_padding_belongs_to_the_first(read):
    row = read(("a", "be"))
    ids, segments, _ = read.collate([row]).values()
    assert ids[0, :6].tolist()[0::2] == [CLS, SEP, row[4, 0]]
    assert segments[0].tolist() == [0, 0, 0, 1, 1, 1, *[0] * (segments.shape[1] - 6)]


def test_no_rows_make_a_batch_without_examples(read):
    assert {array.shape for array in read.collate([]).values()} == {(0, padded(0))}


def test_a_tokenizer_may_pad_with_another_token_than_0():
    import keras_hub

    from tfft.tokenizers.tokenizer import Tokenizer

    vocabulary = ["a", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[PAD]"]
    read = TextPreprocessor(Tokenizer("odd", make=lambda: keras_hub.tokenizers.BertTokenizer(vocabulary)))
    ids, _, mask = read.collate([read("a"), read("a a a a")]).values()
    assert ids[0, :5].tolist() == [2, 0, 3, 5, 5]
    assert ids[mask == 0].tolist() == [5] * int((mask == 0).sum())


def test_a_net_without_segments_gets_none(read):
    without = TextPreprocessor(read.tokenizer, segments=False)
    assert [name for name, _, _ in without.inputs] == ["token_ids", "padding_mask"]
    assert [name for name, _, _ in read.inputs] == ["token_ids", "segment_ids", "padding_mask"]
    for each in (without, read):
        row = each("a bee")
        arrays = each.collate([row])
        assert list(arrays) == [name for name, _, _ in each.inputs]
        np.testing.assert_array_equal(arrays["token_ids"][0, : len(row)], row[:, 0])
        np.testing.assert_array_equal(arrays["padding_mask"], [[1, 1, 1, 1, 1, 1, 0, 0]])
        given = argument_of(arrays)
        assert list(given) == list(arrays)
        assert all(given[name] is array for name, array in arrays.items())


@pytest.mark.parametrize("length", [7, 0, -1, 2.5, True, "128", None])
def test_an_invalid_length_is_refused(read, length):
    with pytest.raises(DataError, match=r"must be a whole number of at least 8\. 128 is common") as caught:
        TextPreprocessor(read.tokenizer, length)
    assert f"length={length!r}" in caught.value.what


@pytest.mark.parametrize(
    "wrong", [3, 2.5, None, b"a bee", {"text": "a"}, ("a",), ("a", "b", "c"), ("a", 3), ("a", None), [1, 2]]
)
def test_an_item_that_is_not_a_text_is_refused_with_its_position(read, wrong):
    with pytest.raises(DataError, match=r"Input 1 is not a text.*Pass a string, or a pair of strings") as caught:
        read.many(["fine", wrong])
    named = {
        int: "an int",
        float: "a float",
        type(None): "None",
        bytes: "a bytes",
        dict: "a dict",
        tuple: "a tuple",
        list: "a list",
    }
    assert caught.value.got == named[type(wrong)]
    with pytest.raises(DataError, match="Input 0 is not a text"):
        read(wrong)


@pytest.mark.parametrize("mixed", [["a", ("a", "b")], [Text("a", "b"), Text("a")], [("a", "b"), "a", "b"]])
def test_pairs_among_single_texts_are_refused(read, mixed):
    with pytest.raises(DataError, match=r"Some examples are pairs.*Pass one or two texts for each"):
        read.many(mixed)


def test_messages_call_a_text_by_its_name_where_it_has_one(read):
    asked = read.answering("places")
    for text, message in (
        (Text("", "Ann sleeps.", name="q17"), "The question of input 'q17' is empty"),
        (Text("Who?", " ", name="q18"), "The context of input 'q18' is empty"),
        (Text("Who?", name="7"), "Input '7' is a single text"),
        (Text("Who \ud800", "Ann", name="8"), "Input '8' holds half of a character"),
        (Text("", "Ann sleeps."), "The question of input 5 is empty"),
    ):
        with pytest.raises(DataError, match=message):
            asked.split(text, 5)
    assert asked.split(Text("Who?", "Ann", name="q1")).name == "q1"
    assert read.answering("words").split(Text("Ann sleeps", name="q1")).name == "q1"


def test_half_of_a_character_is_refused(read):
    """JSON and Windows file names may hold the first half of an emoji, which UTF-8 cannot encode."""
    with pytest.raises(DataError, match="Input 1"):
        read.many(["fine", "bad \ud83d"])


def test_a_preprocessor_survives_its_dict_and_the_files_of_its_tokenizer(read, tmp_path):
    read.tokenizer.save(tmp_path)
    values = json.loads(json.dumps(read.to_dict()))
    again = TextPreprocessor.from_dict(values, tmp_path)
    assert again.to_dict() == read.to_dict()
    assert (again.length, again.inputs) == (64, read.inputs)
    for text in ("a bee?", ("a", "bee"), "é 好", "x " * 200):
        np.testing.assert_array_equal(again(text), read(text))


def test_a_preprocessor_without_its_files_is_refused(read, tmp_path):
    with pytest.raises(BundleError, match="Copy or export the bundle again"):
        TextPreprocessor.from_dict(read.to_dict(), tmp_path)


def test_a_preprocessor_can_be_a_key(read):
    assert {read: 1}[tfft.load_backbone("toy_text", length=64).preprocessor] == 1
    assert read != tfft.load_backbone("toy_text", length=65).preprocessor
