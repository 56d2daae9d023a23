"""Values of masks in a label space are checked once, and a value with another class is found."""

import pytest

from tfft.core.errors import TaskError
from tfft.core.label_values import IGNORED, check, listed, moved
from tfft.core.specs import LabelSpace


@pytest.mark.parametrize(
    "values",
    [
        ((0, 0), (1, 2)),
        ((0, 0), (1, -1)),
        ((0, 0), (-1, 1)),
        ((0, 0), (True, 1)),
        ((0, 0), (1, True)),
        ((0, 0), (1.0, 1)),
        ((0, 0), (2**24, 1)),
        ((0, 0), (1,)),
        ((0, 0), 1),
        ((0, 0), ((1, 2, 256), 1)),
        ((0, 0), ((1, 2), 1)),
        ((0, 0), ((1, 2, 3), 1)),
        ((0, 0), ([1, 2, 3], 1)),
        ((0, 0), (0, 1)),
    ],
)
def test_values_that_masks_cannot_have_are_refused(values):
    with pytest.raises(TaskError, match=r"value .*of masks|values of masks"):
        check(values, classes=2)
    with pytest.raises(TaskError):
        LabelSpace(("sky", "road"), "masks", values=values)


def test_numbers_colours_and_ignored_values_are_valid():
    check(((0, 0), (7, 1), (9, IGNORED), (2**24 - 1, 1)), classes=2)
    check((((0, 0, 0), 0), ((255, 255, 255), 1)), classes=2)
    check((), classes=2)


def test_class_ids_stay_below_the_id_of_ignored_pixels():
    check(((0, 253),), classes=300)
    with pytest.raises(TaskError, match="ids below 254"):
        check(((0, 254),), classes=300)


def test_only_values_that_both_have_can_move():
    before = LabelSpace(("sky", "road"), "masks", values=((0, 0), (1, 1), (9, IGNORED)))
    assert before.moved_values(LabelSpace(("sky", "road"), "masks")) == ()
    assert before.moved_values(LabelSpace(("road", "sky"), "masks", values=((0, 1), (1, 0), (5, 0)))) == ()
    other = LabelSpace(("sky", "road"), "masks", values=((0, 1), (9, 0)))
    assert before.moved_values(other) == (
        "0 (now 'road', in training 'sky')",
        "9 (now 'sky', in training ignored)",
    )
    assert listed(moved(before.values, before.names, other.values, other.names)).count("training") == 2
