"""Texts of any content and length become tokens with special tokens."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfft.core.errors import BundleError
from tfft.tokenizers.tokenizer import Tokenizer

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far", "is", "it", "##s", "?", "好", "看"]


def words(vocabulary=VOCABULARY, separators=1):
    """A tokenizer of a few words."""

    def make():
        import keras_hub

        return keras_hub.tokenizers.BertTokenizer(list(vocabulary), lowercase=True, strip_accents=True)

    return Tokenizer("words", separators, make)


@pytest.fixture(scope="module")
def tokenizer():
    return words()


def tokens(tokenizer, *texts, length=16):
    """The tokens of one text or pair, as strings."""
    row = tokenizer.pack([texts], length).rows[0]
    return " ".join(VOCABULARY[index] for index in row[:, 0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How far is it?", "[CLS] how far is it ? [SEP]"),
        ("its", "[CLS] it ##s [SEP]"),
        ("", "[CLS] [SEP]"),
        (" \n\t ", "[CLS] [SEP]"),
        ("hôw", "[CLS] how [SEP]"),
        ("好看的", "[CLS] 好 看 [UNK] [SEP]"),
        ("is 😀 it", "[CLS] is [UNK] it [SEP]"),
        ("[SEP] is", "[CLS] [UNK] [UNK] [UNK] is [SEP]"),
    ],
)
def test_a_text_stands_between_cls_and_sep(tokenizer, text, expected):
    assert tokens(tokenizer, text) == expected


def test_rows_are_ids_and_segments_and_those_of_a_single_text_are_0(tokenizer):
    row = tokenizer.pack([("how far",)], 16).rows[0]
    assert row.dtype == np.int32
    assert row.tolist() == [[2, 0], [5, 0], [6, 0], [3, 0]]


def test_a_pair_has_a_sep_between_and_segments_tell_its_texts_apart(tokenizer):
    row = tokenizer.pack([("how far", "is it")], 16).rows[0]
    assert tokens(tokenizer, "how far", "is it") == "[CLS] how far [SEP] is it [SEP]"
    assert row[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_pairs_of_empty_texts_have_special_tokens_alone(tokenizer):
    assert tokens(tokenizer, "", "") == "[CLS] [SEP] [SEP]"
    assert tokens(tokenizer, "", "is") == "[CLS] [SEP] is [SEP]"


@pytest.mark.slow
def test_two_separators_stand_between_the_texts_of_a_pair_and_one_at_the_end():
    roberta = words(separators=2)
    assert tokens(roberta, "how", "is") == "[CLS] how [SEP] [SEP] is [SEP]"
    assert tokens(roberta, "how") == "[CLS] how [SEP]"
    assert roberta.pack([("how", "is")], 16).whole.tolist() == [6]


def test_the_end_of_a_long_text_is_cut_and_its_sep_stays(tokenizer):
    assert tokens(tokenizer, "how far is it how far is it", length=8) == "[CLS] how far is it how far [SEP]"


@pytest.mark.parametrize("count", [5, 6, 7])
def test_a_text_is_cut_at_the_length_and_no_sooner(tokenizer, count):
    found = tokenizer.pack([("is " * count,)], 8)
    assert len(found.rows[0]) == min(count + 2, 8)
    assert found.whole.tolist() == [count + 2]


@pytest.mark.parametrize(
    ("first", "second", "kept"), [(2, 20, (2, 7)), (20, 2, (7, 2)), (20, 20, (5, 4)), (4, 5, (4, 5))]
)
def test_of_a_pair_the_longer_text_is_cut_first(tokenizer, first, second, kept):
    found = tokenizer.pack([("is " * first, "it " * second)], 12)
    ids = found.rows[0][:, 0].tolist()
    assert (ids.count(VOCABULARY.index("is")), ids.count(VOCABULARY.index("it"))) == kept
    assert ids.count(3) == 2
    assert found.whole.tolist() == [first + second + 3]


def test_unknown_tokens_are_counted_over_the_whole_text_also_where_it_is_cut(tokenizer):
    found = tokenizer.pack([("how far",), ("is " * 20 + "zzz 😀",), ("",)], 8)
    assert found.unknown.tolist() == [0, 2, 0]
    assert found.whole.tolist() == [4, 24, 2]
    assert tokenizer.pack([("zzz", "is zzz")], 8).unknown.tolist() == [2]


def test_a_text_of_a_hundred_thousand_characters_is_cut_and_counted(tokenizer):
    sentence, word, chinese = "it is " * 17_000, "z" * 100_000, "好" * 100_000
    found = tokenizer.pack([(sentence,), (word,), (chinese,)], 512)
    assert found.rows.lengths.tolist() == [512, 3, 512]
    assert found.whole.tolist() == [34_002, 3, 100_002]
    assert found.unknown.tolist() == [0, 1, 0]


def test_thousands_of_texts_stay_in_order(tokenizer):
    found = tokenizer.pack([("is " * (index % 7),) for index in range(2_500)], 16)
    assert found.rows.lengths.tolist() == found.whole.tolist() == [index % 7 + 2 for index in range(2_500)]


def test_statistics_say_how_long_texts_are_and_what_of_them_is_lost(tokenizer):
    found = tokenizer.pack([("is " * 4,), ("is " * 8,), ("zzz is",), ("is " * 30,)], 10).statistics(10)
    assert found["median"] == 8  # texts of 4, 6, 10 and 32 tokens
    assert (found["longest"], found["limit"]) == (32, 10)
    assert 10 < found["p95"] < 32
    assert found["truncated"] == 1 / 4, "a text of just the limit is whole"
    assert found["unknown"] == pytest.approx(1 / 52)
    assert json.loads(json.dumps(found)) == found


def test_special_tokens_are_those_around_texts_and_padding(tokenizer):
    assert sorted(tokenizer.special) == [0, 2, 3]


@pytest.mark.slow
def test_a_tokenizer_is_made_when_it_is_first_needed_and_then_once():
    made = []
    described = replace(words(), make=lambda: made.append(words().made) or made[-1])
    assert made == []
    described.pack([("how",)], 16)
    described.pack([("far", "is")], 8)
    assert len(made) == 1


def test_it_survives_its_files_and_its_dict(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    read = Tokenizer.read(tmp_path, json.loads(json.dumps(tokenizer.to_dict())))
    texts = [("How far is it?",), ("its 好看 😀",), ("",), ("hôw",)]
    for before, after in zip(tokenizer.pack(texts, 16).rows, read.pack(texts, 16).rows, strict=True):
        np.testing.assert_array_equal(before, after)
    assert read.to_dict() == tokenizer.to_dict()


def test_the_number_of_separators_survives_as_well(tmp_path):
    roberta = words(separators=2)
    roberta.save(tmp_path)
    assert tokens(Tokenizer.read(tmp_path, roberta.to_dict()), "how", "is") == "[CLS] how [SEP] [SEP] is [SEP]"


def test_another_vocabulary_is_another_value(tokenizer):
    assert words().to_dict() == tokenizer.to_dict()
    assert words([*VOCABULARY[:-2], "看", "好"]).to_dict() != tokenizer.to_dict()


def test_a_missing_file_is_refused(tokenizer, tmp_path):
    with pytest.raises(BundleError, match=r"files cannot be read: .*Copy or export the bundle again") as caught:
        Tokenizer.read(tmp_path, tokenizer.to_dict())
    assert str(tmp_path) in caught.value.got


def _exchanged(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("how", "who"), encoding="utf-8")


def _longer(path: Path) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\nmore", encoding="utf-8")


def _cut(path: Path) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:9]), encoding="utf-8")


@pytest.mark.parametrize("damage", [_exchanged, _longer, _cut])
def test_a_vocabulary_that_is_not_the_exported_one_is_refused(tokenizer, tmp_path, damage):
    tokenizer.save(tmp_path)
    damage(next(tmp_path.iterdir()))
    with pytest.raises(BundleError, match=r"not the one that was exported.*Copy or export the bundle again") as caught:
        Tokenizer.read(tmp_path, tokenizer.to_dict())
    assert str(tmp_path) in caught.value.got


@pytest.mark.parametrize("content", [b"", b"[PAD]\n[UNK]", b"\xff\xfe\x00"])
def test_a_vocabulary_of_which_little_is_left_is_refused(tokenizer, tmp_path, content):
    tokenizer.save(tmp_path)
    next(tmp_path.iterdir()).write_bytes(content)
    with pytest.raises(BundleError, match="Copy or export the bundle again"):
        Tokenizer.read(tmp_path, tokenizer.to_dict())


def test_a_class_that_this_keras_hub_does_not_have_is_refused(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    with pytest.raises(BundleError, match=r"no tokenizer 'FutureTokenizer'.*Upgrade keras-hub"):
        Tokenizer.read(tmp_path, {**tokenizer.to_dict(), "class": "FutureTokenizer"})


def test_a_bundle_that_was_exported_with_a_tokenizer_of_kerashub_still_gives_the_tokens_of_then(tokenizer, tmp_path):
    """KerasHub folds full-width signs and glues words at other spaces than ASCII's; the net of the bundle was trained on that."""
    tokenizer.save(tmp_path)
    values = json.loads(json.dumps(tokenizer.to_dict()))
    assert values["class"] == "BertTokenizer"
    read = Tokenizer.read(tmp_path, values)
    assert tokens(read, "how far\uff1f") == "[CLS] how far ? [SEP]"
    assert tokens(read, "how\u00a0far") == "[CLS] [UNK] [SEP]"
    assert tokens(read, "[SEP] is") == "[CLS] [UNK] [UNK] [UNK] is [SEP]"


def test_equal_descriptions_are_equal_before_anything_is_made():
    assert words() == words() != words(separators=2)
    assert {words(): 1}[words()] == 1
