"""Shorter runs of the tests leave out the cases that they say, and all shares together take all."""

import pytest

from tests.selection import a_share, first_cases, share

NAMES = [
    *(f"a.py::test_slow[{case}]" for case in "abcdefgh"),
    *("a.py::test_quick[a]", "b.py::test_alone", "a.py::test_quick[b]", "a.py::test_quick[c]"),
    *("b.py::test_pair[a]", "b.py::test_pair[b]"),
]
SLOW = {"a.py::test_slow[c]", "b.py::test_alone", "b.py::test_pair[a]"}


def taken(chosen):
    return [name for name, there in zip(NAMES, chosen, strict=True) if there]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_all_shares_take_all_cases_and_each_takes_the_first_cases_and_all_quick_ones(count):
    shares = [taken(a_share(NAMES, SLOW, number, count)) for number in range(count)]
    assert set().union(*shares) == set(NAMES)
    for names in shares:
        assert {"a.py::test_slow[a]", "b.py::test_pair[a]", "b.py::test_alone"} <= set(names)
        assert [name for name in names if "test_quick" in name] == [f"a.py::test_quick[{case}]" for case in "abc"]
        assert len([name for name in names if "test_slow" in name]) <= 1 + -(-8 // count)


def test_a_quick_run_takes_the_first_case_of_each_test():
    assert taken(first_cases(NAMES)) == [NAMES[0], NAMES[8], NAMES[9], NAMES[12]]


@pytest.mark.parametrize("text", ["4/4", "1", "-1/4", "1/4 ", "quick", "1/0"])
def test_an_invalid_share_is_refused(text):
    with pytest.raises(ValueError, match=rf"does not exist\. Got: {text!r}\. Shares are '0/6'"):
        share(text)
