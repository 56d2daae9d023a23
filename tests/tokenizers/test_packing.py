"""Rows equal those of KerasHub, for all lengths of texts and pairs."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfft.tokenizers.packing import packed

MADE = SimpleNamespace(start_token_id=1, end_token_id=2, pad_token_id=0, unk_token_id=9)


def column(counts, first):
    ids = [np.arange(first, first + count, dtype=np.int32) for count in counts]
    return np.concatenate([np.zeros(0, np.int32), *ids]), np.array(counts, np.int64)


@pytest.mark.parametrize("separators", [1, 2])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("length", [8, 9, 12, 64])
def test_rows_equal_those_of_kerashub(columns, separators, length):
    import keras_hub
    import tensorflow as tf

    sizes = [(first, second) for first in (0, 1, 4, 5, 20) for second in (0, 1, 4, 5, 20)]
    given = [column([size[number] for size in sizes], 100 * (number + 1)) for number in range(columns)]
    found = packed(given, length, MADE, separators)
    packer = keras_hub.layers.MultiSegmentPacker(length, 1, 2, sep_value=[2] * separators, pad_value=0)
    ids, segments = packer(tuple(tf.RaggedTensor.from_row_lengths(*part) for part in given))
    for row, wanted, numbers in zip(found.rows, np.asarray(ids), np.asarray(segments), strict=True):
        assert row.dtype == np.int32
        np.testing.assert_array_equal(row[:, 0], wanted[: len(row)])
        np.testing.assert_array_equal(row[:, 1], numbers[: len(row)])
        assert not wanted[len(row) :].any()
    special = 2 + separators * (columns - 1)
    assert found.whole.tolist() == [sum(size[:columns]) + special for size in sizes]


def test_unknown_tokens_are_counted_over_both_texts():
    first = np.array([9, 9, 5, 9], np.int32), np.array([2, 0, 2])
    second = np.array([5, 9], np.int32), np.array([0, 1, 1])
    assert packed([first], 16, MADE, 1).unknown.tolist() == [2, 0, 1]
    assert packed([first, second], 16, MADE, 1).unknown.tolist() == [2, 0, 2]


def test_statistics_count_tokens():
    found = packed([column([2, 30], 100)], 16, MADE, 1).statistics(16)
    assert (found["longest"], found["limit"], found["truncated"], found["unknown"]) == (32, 16, 0.5, 0.0)
