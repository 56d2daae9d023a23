"""Tags of words become ids, and entities are counted and split by their types."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.data.targets.tags import Tags
from tfft.measures.entities import spans

TAGS = Tags(LabelSpace(("loc", "per"), "tags"))
RAW = [["B-per", "I-per", "O"], ["O"], ["B-loc", "B-per"], []]


def test_tags_become_one_row_of_ids_for_each_text():
    values = TAGS.read(RAW, "train")
    assert target_of(TAGS.labels) == TAGS
    assert [row.tolist() for row in values] == [[3, 4, 0], [0], [1, 3], []]
    assert TAGS.names == ("O", "B-loc", "I-loc", "B-per", "I-per")


def test_unknown_tags_are_refused_and_named():
    with pytest.raises(DataError, match=r"test part has tags that training does not have: 'B-dog'.*'loc', 'per'"):
        TAGS.read([["B-dog", "O"]], "test")


def test_entities_are_counted_once_and_texts_are_split_by_their_rarest_type():
    values = TAGS.read(RAW, "train")
    assert TAGS.counts(values) == {"loc": 1, "per": 2}
    assert TAGS.strata(values).tolist() == [1, 2, 0, 2]


def test_entities_are_counted_as_the_measures_read_them():
    random = np.random.default_rng(0)
    for _ in range(50):
        rows = [random.integers(0, 5, random.integers(0, 9)) for _ in range(4)]
        values = TAGS.read([[TAGS.names[tag] for tag in row] for row in rows], "train")
        for row, counts in zip(rows, TAGS.members(values), strict=True):
            found = [span.type for span in spans(row)]
            assert counts.tolist() == [found.count(0), found.count(1)]


def test_tags_of_a_smaller_dataset_become_those_of_the_model():
    values = Tags(LabelSpace(("per",), "tags")).read([["B-per", "I-per", "O"]], "test")
    assert TAGS.adopt(values, LabelSpace(("per",), "tags"))[0].tolist() == [3, 4, 0]
    with pytest.raises(DataError, match=r"other labels than the model.*'dog'"):
        TAGS.adopt(values, LabelSpace(("dog",), "tags"))


def test_data_without_entities_is_doubted():
    assert list(TAGS.doubts(TAGS.read([["O"], ["O", "O"]], "train")))
    assert list(TAGS.doubts(TAGS.read(RAW, "train"))) == []
