"""LabelSpace refuses ambiguous labels, and survives a JSON round trip."""

import json
import math

import pytest

from tfft.core.errors import TaskError
from tfft.core.specs import Block, FeatureSpec, LabelSpace, Text

AGE = LabelSpace(("age", "height"), "real", (40.0, 1.7), (10.0, 0.1))


def test_the_order_of_names_is_the_class_id():
    labels = LabelSpace(("wasp", "ant", "bee"))
    assert [labels.index(name) for name in labels.names] == [0, 1, 2]
    assert len(labels) == 3


def test_the_error_for_an_unknown_name_lists_the_known_ones():
    with pytest.raises(TaskError, match=r"Label 'moth' does not exist.*'ant', 'bee'"):
        LabelSpace(("ant", "bee")).index("moth")


def test_an_empty_list_of_names_is_refused():
    with pytest.raises(TaskError, match=r"'multi' needs at least one name.*class names"):
        LabelSpace((), "multi")


def test_repeated_names_are_refused_and_listed():
    with pytest.raises(TaskError, match=r"repeated: 'ant'\..*Rename"):
        LabelSpace(("ant", "bee", "ant"))


def test_label_spaces_match_by_kind_and_names():
    other = LabelSpace(AGE.names, "real", (1.0, 1.0), (2.0, 2.0))
    assert AGE.matches(other)
    assert not AGE.matches(LabelSpace(AGE.names, "multi"))
    assert not AGE.matches(LabelSpace(("height", "age"), "real", (1.7, 40.0), (0.1, 10.0)))


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 0.0), (0.0, -1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_invalid_means_and_scales_are_refused(mean, scale):
    with pytest.raises(TaskError, match=r"scales positive.*scale 1") as caught:
        LabelSpace(("age",), "real", (mean,), (scale,))
    assert repr(scale) in str(caught.value)


@pytest.mark.parametrize("labels", [LabelSpace(("bé e", "猫")), LabelSpace(("a", "b"), "multi"), AGE])
def test_a_label_space_survives_json(labels):
    assert LabelSpace.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels


def test_values_are_hashable():
    assert len({LabelSpace(("a", "b")), LabelSpace(("a", "b")), AGE, FeatureSpec("map"), Block("b", "x")}) == 4


def test_plain_names_are_converted_and_a_label_space_is_returned_unchanged():
    assert LabelSpace.of([1, "b"]).names == ("1", "b")
    assert LabelSpace.of(AGE) is AGE


def test_a_single_string_is_not_split_into_letters():
    with pytest.raises(TaskError, match=r"'ants'.*\['ants', ...\]"):
        LabelSpace.of("ants")


@pytest.mark.parametrize("wrong", [5, None, 1.5])
def test_labels_that_are_not_a_sequence_of_names_are_refused(wrong):
    with pytest.raises(TaskError, match=r"must be a sequence of names.*data.labels"):
        LabelSpace.of(wrong)


def test_an_excerpt_is_the_beginning_of_a_text():
    assert Text("  How far\nis it ? ").excerpt() == "How far is it ?"
    assert Text("one", "two").excerpt() == "one | two"
    assert Text("one", "").excerpt() == "one"
    assert Text("").excerpt() == ""
    assert len(Text("好" * 10**6).excerpt(20)) == 20
