"""Shorter runs of the tests leave out the cases that they say, and three turns of a third take all."""

import pytest

from tests.selection import a_third, first_cases

NAMES = [
    *(f"a.py::test_slow[{case}]" for case in "abcdefgh"),
    *("a.py::test_quick[a]", "b.py::test_alone", "a.py::test_quick[b]", "a.py::test_quick[c]"),
    *("b.py::test_pair[a]", "b.py::test_pair[b]"),
]
SLOW = {"a.py::test_slow[c]", "b.py::test_alone", "b.py::test_pair[a]", "b.py::test_pair[b]"}


def taken(chosen):
    return [name for name, there in zip(NAMES, chosen, strict=True) if there]


def test_three_turns_take_all_cases_and_each_takes_the_first():
    turns = [taken(a_third(NAMES, SLOW, turn)) for turn in range(3)]
    assert set().union(*turns) == set(NAMES)
    for turn in turns:
        assert turn[0] == "a.py::test_slow[a]"
        assert len([name for name in turn if "test_slow" in name]) in (3, 4)
        # quick tests, and those with fewer than three cases, are whole in each turn
        assert turn[-6:] == NAMES[-6:]


def test_a_quick_run_takes_the_first_case_of_each_test():
    assert taken(first_cases(NAMES)) == [NAMES[0], NAMES[8], NAMES[9], NAMES[12]]


def test_another_turn_is_refused():
    with pytest.raises(ValueError, match=r"turns 0, 1 and 2\. Got: 3"):
        a_third(NAMES, SLOW, 3)
