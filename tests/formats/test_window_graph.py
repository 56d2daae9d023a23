"""A graph makes the windows of ``packed_words``."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tfft.formats.window_graph import windows_of
from tfft.tokenizers.word_windows import NONE, packed_words

MADE = SimpleNamespace(start_token_id=1, end_token_id=2, unk_token_id=0)


@pytest.mark.parametrize("seed", range(30))
def test_rows_and_the_tokens_that_answer_are_those_of_training(seed):
    draw = np.random.default_rng(seed)
    length, stride = int(draw.integers(8, 20)), int(draw.integers(0, 12))
    counts = draw.integers(0, 40, draw.integers(1, 5))
    pieces = np.minimum(draw.integers(1, 6, counts.sum()), length - 2)
    ids = draw.integers(3, 99, pieces.sum()).astype(np.int32)
    wanted = packed_words((ids, pieces), counts.tolist(), length, MADE, stride)
    ragged = tf.RaggedTensor.from_row_lengths(ids, pieces)
    found = windows_of(ragged, tf.constant(counts, tf.int64), length - 2, stride)
    assert found.ids.to_list() == [row[1:-1, 0].tolist() for row in wanted.rows]
    answers = {}
    for number, (row, text) in enumerate(zip(wanted.rows, wanted.owner.tolist(), strict=True)):
        answers |= {(text, row[place, 2]): (number, place - 1) for place in np.flatnonzero(row[:, 2] != NONE)}
    places = [answers[text, word] for text, count in enumerate(counts) for word in range(count)]
    assert list(zip(found.row.numpy().tolist(), found.token.numpy().tolist(), strict=True)) == places


def test_no_texts_have_no_rows():
    empty = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), tf.zeros([0], tf.int64))
    found = windows_of(empty, tf.zeros([0], tf.int64), 6, 2)
    assert found.ids.to_list() == []
    assert found.row.shape == (0,)
