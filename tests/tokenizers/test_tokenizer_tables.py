"""Tables of a tokenizer are checked before a library reads them."""

import base64
import io

import numpy as np
import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from tfft.tokenizers.tokenizer_tables import byte_signs, is_sound, is_text


@pytest.fixture(scope="module")
def table() -> bytes:
    """The table of SentencePiece for NFKC."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["how far is it"] * 30),
        model_writer=written,
        vocab_size=20,
        hard_vocab_limit=False,
        minloglevel=3,
    )
    return bytes(sentencepiece_model_pb2.ModelProto.FromString(written.getvalue()).normalizer_spec.precompiled_charsmap)


def sound(content: bytes) -> bool:
    return is_sound(base64.b64encode(content).decode())


def test_the_table_of_sentencepiece_is_sound(table):
    assert sound(table)


@pytest.mark.parametrize("place", [4, 400, 40_000])
def test_a_table_with_a_step_or_a_text_outside_is_not_sound(table, place):
    damaged = np.frombuffer(table, np.uint8).copy()
    for unit in (0xFFFFFFFF, 0x7FFFFE00):  # a leaf, and a step
        damaged[place : place + 4] = np.frombuffer(np.uint32(unit).tobytes(), np.uint8)
        assert not sound(damaged.tobytes())


@pytest.mark.parametrize("cut", [0, 3, 4, 1000, -1])
def test_a_table_that_was_cut_is_not_sound(table, cut):
    assert not sound(table[:cut])


@pytest.mark.parametrize("value", [None, 3, "", "no base 64!", "\u00e9", ["AAAA"]])
def test_bytes_that_are_not_a_table_are_not_sound(value):
    assert not is_sound(value)


def test_byte_signs_are_256_characters_that_can_be_seen():
    assert len(set(byte_signs())) == 256
    assert all(sign.isprintable() and sign != " " for sign in byte_signs())


@pytest.mark.parametrize(
    ("value", "expected"), [("a", True), ("", False), ("\ud83d", False), (3, False), (None, False)]
)
def test_a_text_is_what_utf8_can_write(value, expected):
    assert is_text(value) is expected
    assert is_text("", empty=True)
