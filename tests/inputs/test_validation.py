"""Numbers out of range are refused, and the message states the range."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.inputs.validation import pair, within


@pytest.mark.parametrize("value", [1, 0.01, 10, np.float32(3)])
def test_numbers_in_range_come_back_as_floats(value):
    found = within("alpha", value, 10, 0.01)
    assert type(found) is float
    assert found == float(value)


@pytest.mark.parametrize("value", [0, -1, 11, float("nan"), True, "3", None])
def test_other_numbers_are_refused_with_the_range(value):
    with pytest.raises(DataError, match=r"alpha=.* must be a number in \(0, 10\]"):
        within("alpha", value, 10)


def test_a_lowest_number_is_said():
    with pytest.raises(DataError, match=r"in \[0\.01, 10\]"):
        within("alpha", 1e-320, 10, 0.01)


@pytest.mark.parametrize("values", [(0, 0.5), (0.5, 0.2), (0.5, 1.5), 0.5, "ab", (0.1, 0.2, 0.3)])
def test_an_invalid_range_is_refused(values):
    with pytest.raises(DataError, match=r"area=.* must be two numbers, 0 < lowest <= highest <= 1"):
        pair("area", values, 0, 1)
    assert pair("area", [0.5, 1], 0, 1) == (0.5, 1.0)
