"""The pipelines of the families have the special tokens and switches that their encoders were pretrained with."""

import pytest

from tfft.core.errors import BackboneError
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import added_token, byte_pairs, sentence_pieces, word_pieces
from tfft.tokenizers.tokenizer_tables import byte_signs

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "café", "cafe", "Ho"]


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({}, "CAFÉ", "cafe"),
        ({"strip_accents": False}, "CAFÉ", "café"),
        ({"lowercase": False}, "café", "café"),
        ({"lowercase": False, "strip_accents": True}, "café", "cafe"),
        ({"lowercase": False}, "Ho", "Ho"),
        ({}, "[MASK]", "[MASK]"),
    ],
)
def test_words_are_cleaned_as_asked(options, text, expected):
    ids, _ = JsonTokenizer(*word_pieces(WORDS, **options)).encode([text])
    assert [WORDS[id] for id in ids] == [expected]


def test_ids_of_words_may_have_gaps():
    made = JsonTokenizer(*word_pieces({token: 2 * id for id, token in enumerate(WORDS)}))
    assert made.encode(["how"])[0].tolist() == [10]
    assert made.vocabulary_size() == 17


def test_byte_pairs_of_gpt2_have_one_special_token_and_those_of_roberta_four():
    gpt2 = JsonTokenizer(*byte_pairs({sign: id for id, sign in enumerate([*byte_signs(), "<|endoftext|>"])}, []))
    assert (gpt2.start_token_id, gpt2.end_token_id, gpt2.pad_token_id, gpt2.mask_token_id) == (256, 256, 0, None)
    assert gpt2.separators == 1
    signs = ["<s>", "<pad>", "</s>", "<mask>", *byte_signs()]
    roberta = JsonTokenizer(*byte_pairs({sign: id for id, sign in enumerate(signs)}, []))
    assert (roberta.start_token_id, roberta.end_token_id, roberta.pad_token_id, roberta.mask_token_id) == (0, 2, 1, 3)
    assert roberta.separators == 2
    assert roberta.unk_token_id == gpt2.unk_token_id == -1


@pytest.mark.parametrize("proto", [b"no proto", b"\xff" * 100])
def test_a_damaged_sentencepiece_model_is_refused(proto):
    with pytest.raises(BackboneError, match="SentencePiece model cannot be read"):
        sentence_pieces(proto, "albert")


def test_a_model_of_words_is_refused():
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.pieces.add(piece="<unk>", score=0, type=2)
    proto.trainer_spec.model_type = 3
    with pytest.raises(BackboneError, match=r"of a kind that no supported encoder has\. Got: model type 3"):
        sentence_pieces(proto.SerializeToString(), "albert")


def test_an_added_token_is_a_row_of_the_file():
    assert added_token(3, "<x>", lstrip=True)["lstrip"]
    assert set(added_token(3, "<x>")) == {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"}
