"""The reader of numbers never passes the end, and the sizes say which tensors there are."""

import pytest

from tests import e5_files
from tfft.backbones.e5_layout import Cursor, Sizes, damaged
from tfft.core.errors import WeightsError


def test_a_cursor_reads_one_thing_after_the_other():
    cursor = Cursor(b"\1\0\2\0\0\0abc\3\0", "'a.bin'")
    assert cursor.values("HI") == (1, 2)
    assert cursor.take(3) == b"abc"
    assert cursor.array("<u2", 1).tolist() == [3]
    assert cursor.at == 11


@pytest.mark.parametrize("size", [3, -1, 2**70])
def test_a_cursor_does_not_pass_the_end(size):
    cursor = Cursor(b"ab", "'a.bin'")
    with pytest.raises(WeightsError, match=r"'a\.bin' is damaged.*of 2"):
        cursor.take(size)
    with pytest.raises(WeightsError, match="damaged"):
        cursor.array("<f4", 2**40)


def test_sizes_name_each_tensor_once_with_its_shape():
    shapes = Sizes(**e5_files.SIZES, epsilon=1e-12).shapes()
    assert shapes == {name: values.shape for name, (_, values) in e5_files.tensors(e5_files.SIZES).items()}


def test_the_error_says_what_is_wrong_and_what_to_do():
    assert str(damaged("'a.bin'", "no end")).startswith(
        "'a.bin' is damaged, or of another version of its package. Got: no end."
    )
