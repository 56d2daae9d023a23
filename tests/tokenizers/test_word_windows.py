"""Long texts are read in overlapping windows, and every word has exactly one answer."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfft.tokenizers.word_windows import NONE, packed_words, windows

MADE = SimpleNamespace(start_token_id=1, end_token_id=2, unk_token_id=0)


def packed(counts, length, stride, made=MADE):
    """Texts whose words have these numbers of pieces; the id of a piece says its text and word."""
    flat = [piece for text in counts for piece in text]
    ids = np.repeat(10 + np.arange(len(flat)), flat).astype(np.int32)
    return packed_words((ids, np.array(flat, np.int64)), [len(text) for text in counts], length, made, stride)


@pytest.mark.parametrize("seed", range(20))
def test_every_word_is_answered_once_by_its_first_piece(seed):
    random = np.random.default_rng(seed)
    counts = [random.integers(1, 5, random.integers(0, 60)).tolist() for _ in range(5)]
    found = packed(counts, 16, int(random.integers(0, 12)))
    assert (found.rows.lengths <= 16).all()
    first = 0
    for text, own in enumerate(counts):
        answers = [
            (int(word), int(row[0]))
            for row in (found.rows[index] for index in np.flatnonzero(found.owner == text))
            for *row, word in row.tolist()
            if word != NONE
        ]
        assert sorted(word for word, _ in answers) == list(range(len(own)))
        assert all(piece == 10 + first + word for word, piece in answers)
        first += len(own)
    assert found.whole.tolist() == [sum(own) + 2 for own in counts]


def test_a_text_without_words_has_one_row_of_special_tokens():
    found = packed([[], [1]], 16, 4)
    assert [row[:, 0].tolist() for row in found.rows] == [[1, 2], [1, 10, 2]]
    assert found.owner.tolist() == [0, 1]


def test_neighbours_share_about_the_stride_and_each_answers_for_its_half():
    assert windows(np.ones(20, int), room=10, stride=4) == [(0, 10), (6, 16), (12, 20)]
    found = packed([[1] * 20], 12, 4)
    words = [[word for word in row[:, 2].tolist() if word != NONE] for row in found.rows]
    assert words == [list(range(8)), list(range(8, 14)), list(range(14, 20))]


def test_a_word_that_is_longer_than_a_window_is_cut_and_windows_still_advance():
    found = packed([[50, 1, 50]], 12, 9)
    assert sorted(word for row in found.rows for word in row[:, 2].tolist() if word != NONE) == [0, 1, 2]
    assert found.rows.lengths.max() == 12
    assert found.cut_words == 2
    assert found.statistics(12)["cut_words"] == 2
    assert "cut_words" not in packed([[3]], 12, 9).statistics(12)


def test_a_stride_near_the_length_of_a_row_gives_few_rows():
    assert len(packed([[1] * 1000], 34, 31).rows) == len(packed([[1] * 1000], 34, 16).rows) < 80


@pytest.mark.parametrize(("unknown", "stands_in"), [(0, 0), (-1, 2)])
def test_a_word_without_tokens_gets_one_so_that_it_has_an_answer(unknown, stands_in):
    made = SimpleNamespace(start_token_id=1, end_token_id=2, unk_token_id=unknown)
    found = packed_words((np.array([7, 8], np.int32), np.array([1, 0, 1])), [3], 16, made, 4)
    assert found.rows[0][:, 0].tolist() == [1, 7, stands_in, 8, 2]
    assert found.rows[0][1:-1, 2].tolist() == [0, 1, 2]


def test_unknown_tokens_are_counted_for_each_text():
    ids = np.array([7, 0, 0, 8, 0], np.int32)
    found = packed_words((ids, np.array([2, 1, 1, 1])), [2, 0, 2], 16, MADE, 4)
    assert found.unknown.tolist() == [2, 0, 1]
    assert found.whole.tolist() == [5, 2, 4]
