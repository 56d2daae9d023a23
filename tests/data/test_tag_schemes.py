"""Tags of all schemes mean the same entities in IOB2, and malformed ones are found."""

import pytest

from tfft.data.tag_schemes import begins_inside, parts, to_iob2, types


@pytest.mark.parametrize(
    "tags",
    [
        ["B-per", "I-per", "O", "B-loc", "B-loc", "I-loc", "I-loc"],
        ["B-per", "E-per", "O", "S-loc", "B-loc", "I-loc", "E-loc"],
        ["B-per", "L-per", "O", "U-loc", "B-loc", "I-loc", "L-loc"],
        ["I-per", "I-per", "O", "I-loc", "B-loc", "I-loc", "I-loc"],
    ],
    ids=["IOB2", "BIOES", "BILOU", "IOB1"],
)
def test_every_scheme_gives_the_same_entities(tags):
    found, malformed = to_iob2(tags, begins_inside([tags]))
    assert found == ["B-per", "I-per", "O", "B-loc", "B-loc", "I-loc", "I-loc"]
    assert malformed == []


@pytest.mark.parametrize(
    ("tags", "iob2", "malformed"),
    [
        (["O", "I-a", "I-a"], ["O", "B-a", "I-a"], [1]),
        (["B-a", "I-b"], ["B-a", "B-b"], [1]),
        (["B-a", "I-a", "S-b"], ["B-a", "I-a", "B-b"], [1]),
        (["B-a", "E-a", "E-a"], ["B-a", "I-a", "B-a"], [2]),
        (["S-b", "B-a"], ["B-b", "B-a"], [1]),
    ],
)
def test_malformed_tags_begin_an_entity_and_are_named(tags, iob2, malformed):
    assert to_iob2(tags) == (iob2, malformed)


def test_one_entity_that_begins_with_b_where_i_would_do_is_not_iob1():
    assert not begins_inside([["I-a"], ["B-a", "O"]])
    assert begins_inside([["I-a", "O"], ["I-b", "B-b"]])


@pytest.mark.parametrize("tag", ["person", "X-person", "B-", "B", "", "BI-person", "b-person", "-person", "B- "])
def test_other_strings_are_no_tags(tag):
    assert parts(tag) is None


def test_a_type_may_have_dashes():
    assert parts("I-work-of-art") == ("I", "work-of-art")
    assert types(["B-work-of-art", "O", "E-a"]) == ["a", "work-of-art"]
