"""Rows of tokens go through the net some at once, with the padding of the preprocessor."""

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.bundles.predictor import Predictor
from tfft.formats.row_graph import in_parts, net_inputs


@pytest.mark.parametrize("rows", [0, 1, 32, 33, 100])
def test_parts_give_the_rows_in_their_order(rows):
    seen = []

    def run(some):
        seen.append(len(some["a"]))
        return some["a"][:, None] * 10 + some["b"][:, None]

    values = np.arange(rows)
    found = in_parts(run, {"a": tf.constant(values), "b": tf.constant(values % 7)}, tf.int64, [1])
    assert found.numpy().tolist() == [[each * 10 + each % 7] for each in values]
    assert max(seen) <= 32
    assert sum(seen) == rows


def test_the_inputs_of_the_net_are_those_of_the_preprocessor():
    model = tfft.build("toy_text", tfft.tasks.question_answering())
    predictor = Predictor(model.net, model.task, model.preprocessor, {})
    packed = predictor.preprocessor.many([("Who?", "Ann sleeps."), ("Who sleeps here?", "Bo.")]).rows
    second = [int(np.argmax(row[:, 1])) for row in packed]
    ids = tf.ragged.constant([row[:, 0].tolist() for row in packed], dtype=tf.int32)
    wanted = predictor.preprocessor.collate(packed)
    pad = predictor.preprocessor.tokenizer.made.pad_token_id
    found = net_inputs(predictor, ids, tf.constant(second, tf.int64), pad)
    assert set(found) == set(wanted)
    for name, values in found.items():
        width = values.shape[1]  # a preprocessor rounds it up
        np.testing.assert_array_equal(values, wanted[name][:, :width])
    assert net_inputs(predictor, ids, None, pad)["segment_ids"].numpy().sum() == 0
