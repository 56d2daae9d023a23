"""Units of tokens are numbered by their characters, and NULs survive."""

import tensorflow as tf

from tfft.tokenizers.token_units import owners, regrouped, with_nul, without_nul


def test_units_are_numbered_by_their_characters():
    assert owners(tf.constant([2, 0, 1, 3])).numpy().tolist() == [0, 0, 2, 3, 3, 3]
    assert owners(tf.constant([], tf.int64)).numpy().tolist() == []


def test_a_text_without_nuls_has_as_many_characters():
    texts = tf.constant(["a\0b\0", "好", ""])
    bare = without_nul(texts)
    assert all(b"\0" not in text for text in bare.numpy())
    assert tf.strings.length(bare, "UTF8_CHAR").numpy().tolist() == [4, 1, 0]
    assert with_nul(bare).numpy().tolist() == texts.numpy().tolist()


def test_rows_of_pieces_become_rows_of_texts():
    pieces = tf.ragged.constant([["a", "b"], [], ["c"]])
    ids = tf.ragged.constant([[1, 2], [], [3]])
    assert regrouped(pieces, ids).to_list() == [[1, 2], [], [3]]
