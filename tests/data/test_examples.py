"""Examples are read lazily and stay aligned; Splits name their parts."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples, Splits, joined
from tfft.data.sequences import Selected

ABC = LabelSpace(("a", "b", "c"))


class Counted:
    """A sequence that knows which items were read."""

    def __init__(self, count):
        self.count, self.read = count, []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.read.append(index)
        return np.full((1, 1), index, np.uint8)


def _examples(count=6, labels=ABC, inputs=None):
    inputs = Counted(count) if inputs is None else inputs
    return Examples(inputs, np.arange(count) % 3, labels, tuple(f"d{i}" for i in range(count)))


def test_taking_reads_nothing_and_keeps_all_aligned():
    examples = _examples()
    part = examples.take([4, 1]).take([1, 0, 0])
    assert examples.inputs.read == []
    assert [part.inputs[i].item() for i in range(3)] == [1, 4, 4]
    assert part.targets.tolist() == [1, 1, 1]
    assert part.digests == ("d1", "d4", "d4")


def test_selections_of_selections_collapse_into_one():
    part = _examples().take([5, 4, 3]).take([2]).inputs
    assert isinstance(part, Selected)
    assert isinstance(part._base, Counted)
    assert part.position(0) == 3


def test_a_mask_takes_where_it_is_true():
    assert _examples().take(np.array([True, False, False, False, False, True])).digests == ("d0", "d5")


def test_nothing_can_be_taken():
    assert len(_examples().take([])) == 0


def test_an_example_is_called_by_its_path_or_its_place_in_what_the_user_passed():
    assert _examples(2, inputs=["x.png", "y.png"]).take([1]).name(0) == "y.png"
    assert _examples().take([3, 4]).take([1]).name(0) == "example 4"
    assert _examples().name(2) == "example 2"


def test_the_fingerprint_minds_contents_targets_and_order():
    examples = _examples()
    other_targets = Examples(examples.inputs, examples.targets[::-1].copy(), ABC, examples.digests)
    prints = {examples.fingerprint(), other_targets.fingerprint(), examples.take([1, 0, 2, 3, 4, 5]).fingerprint()}
    assert len(prints) == 3
    assert _examples().fingerprint() == examples.fingerprint()


def test_counts_by_kind():
    assert _examples(4).counts() == {"a": 2, "b": 1, "c": 1}
    multi = Examples(["x", "y"], np.float32([[1, 1], [0, 1]]), LabelSpace(("a", "b"), "multi"), ("1", "2"))
    assert multi.counts() == {"a": 1, "b": 2}
    real = Examples(["x"], np.float32([[3.5]]), LabelSpace(("age",), "real", (0.0,), (1.0,)), ("1",))
    assert real.counts() == {}


def test_a_class_without_examples_counts_zero():
    assert _examples().take([0, 3]).counts() == {"a": 2, "b": 0, "c": 0}


def test_parts_by_name_and_what_is_wrong_with_other_names():
    splits = Splits(_examples(), _examples(3), None, ABC)
    assert splits.part("validation") is splits.validation
    with pytest.raises(DataError, match=r"no part 'val'.*'validation'"):
        splits.part("val")
    with pytest.raises(DataError, match=r"no test part.*6 train, 3 validation, no test part.*parts="):
        splits.part("test")


def test_describing_says_how_many_of_what():
    assert Splits(_examples(), _examples(3), _examples(2), ABC).describe() == "6 train, 3 validation, 2 test; 3 classes"


def test_groups_are_taken_and_joined_with_their_examples():
    labels, ids = LabelSpace(("ants", "bees")), np.array([0, 1, 1])
    named = Examples(list("abc"), ids, labels, tuple("abc"), np.array(["x", "y", "longer"]))
    plain = Examples(list("de"), ids[:2], labels, tuple("de"))
    assert named.take([2, 0]).groups.tolist() == ["longer", "x"]
    assert plain.take([1]).groups is None
    assert joined([plain, plain]).groups is None
    assert joined([named, named]).groups.tolist() == ["x", "y", "longer"] * 2
    mixed = joined([plain, named, plain]).groups.tolist()
    assert mixed[2:5] == ["x", "y", "longer"]
    assert len(set(mixed)) == 7, "an example without a group is a group of its own"
