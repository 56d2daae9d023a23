"""Selections and joins read an item only when it is accessed."""

import numpy as np
import pytest

from tfft.data.sequences import Joined, Selected


class Counted:
    """A sequence that knows which items were read."""

    def __init__(self, items):
        self.items, self.read = items, []

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        self.read.append(index)
        return self.items[index]


def test_a_selection_reads_what_is_asked_for():
    base = Counted("abcdef")
    some = Selected(Selected(base, np.array([5, 3, 1])), np.array([2, 0]))
    assert base.read == []
    assert (some[1], some.position(0), list(some)) == ("f", 1, ["b", "f"])
    assert base.read == [5, 1, 5]


def test_several_are_seen_as_one():
    parts = Counted("ab"), Counted(""), Counted("c")
    whole = Joined(parts)
    assert (len(whole), whole[2], parts[0].read) == (3, "c", [])
    assert list(whole) == ["a", "b", "c"]
    for index in (3, -1):
        with pytest.raises(IndexError, match=f"position {index} of 3"):
            whole[index]


def test_slices_are_selections():
    some = Selected("abcdef", np.array([5, 3, 1]))
    assert list(some[1:]) == ["d", "b"]
    assert list(Joined(["ab", "cd"])[1:3]) == ["b", "c"]
