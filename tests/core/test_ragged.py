"""Rows of different lengths are stored in one array, and can be read back unchanged."""

import numpy as np
import pytest

from tfft.core.ragged import Ragged, padded
from tfft.data.sequences import Selected


def rows(lengths, width=None, dtype=np.int32):
    random = np.random.default_rng(0)
    shape = () if width is None else (width,)
    return [random.integers(0, 1000, (length, *shape)).astype(dtype) for length in lengths]


@pytest.mark.parametrize("longest", range(70))
def test_rows_are_padded_by_less_than_one_step_and_never_cut(longest):
    found, step = padded(longest), padded(0)
    assert step > 0
    assert found % step == 0
    assert found >= longest
    assert found - longest < step or found == step


def test_a_padded_length_is_a_multiple_of_four_as_its_docstring_says():
    assert [length for length in range(100) if padded(length) % 4] == []
    assert [length for length in range(1, 100) if not 0 <= padded(length) - length < 4] == []


def test_padding_a_padded_length_changes_nothing():
    assert [length for length in range(100) if padded(padded(length)) != padded(length)] == []


@pytest.mark.parametrize("width", [None, 2])
@pytest.mark.parametrize("dtype", ["int32", "float16"])
@pytest.mark.parametrize("lengths", [[3, 1, 7], [5], [0, 2, 0, 0, 1, 0]])
def test_rows_are_read_back_unchanged(lengths, width, dtype):
    given = rows(lengths, width, dtype)
    ragged = Ragged.of(given)
    assert len(ragged) == len(given)
    assert ragged.lengths.tolist() == lengths
    for index, row in enumerate(given):
        for position in (index, index - len(given), np.int64(index)):
            assert ragged[position].dtype == dtype
            assert ragged[position].shape == row.shape
            np.testing.assert_array_equal(ragged[position], row)


def test_it_can_be_iterated_like_any_sequence_and_again():
    given = rows([2, 0, 3])
    ragged = Ragged.of(iter(given))
    for _ in range(2):
        assert [row.tolist() for row in ragged] == [row.tolist() for row in given]
    assert [row.tolist() for row in reversed(ragged)] == [row.tolist() for row in given[::-1]]


@pytest.mark.parametrize("outside", [3, -4])
def test_a_position_outside_the_rows_is_an_index_error(outside):
    with pytest.raises(IndexError):
        Ragged.of(rows([2, 4, 3]))[outside]


def test_rows_and_selections_are_views():
    ragged = Ragged.of(rows([4, 9, 2], 2))
    assert all(np.shares_memory(row, ragged.flat) for row in ragged)
    chosen = Selected(ragged, np.array([2, 0]))
    assert [len(row) for row in chosen] == [2, 4]
    assert np.shares_memory(chosen[1], ragged.flat)


def test_lengths_may_have_any_integer_dtype():
    flat = np.arange(300)
    ragged = Ragged(flat, np.array([200, 100], np.uint8))
    np.testing.assert_array_equal(ragged[1], flat[200:])


def test_positions_and_masks_select_rows():
    rows = Ragged.of([np.array([1, 2, 3]), np.array([4]), np.array([5, 6])])
    assert [row.tolist() for row in rows[np.array([2, 0])]] == [[5, 6], [1, 2, 3]]
    assert [row.tolist() for row in rows[np.array([False, True, True])]] == [[4], [5, 6]]
    nothing = rows[np.array([], int)]
    assert (len(nothing), nothing.flat.dtype) == (0, rows.flat.dtype)
