"""Lists and columns of zeros and ones become the same rows."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.targets import target_of
from tfft.data.targets.labels import Labels


def test_a_model_of_one_yes_or_no_still_takes_a_column_of_zeros_and_ones():
    labels = LabelSpace(("damaged",), "multi")
    for targets in (np.array([[0], [1]]), [0, 1], [0.0, 1.0]):
        assert target_of(labels).read(targets, "test").tolist() == [[0.0], [1.0]]


def test_lists_become_many_hot_rows():
    labels = LabelSpace(("a", "b", "c"), "multi")
    np.testing.assert_array_equal(
        target_of(labels).read([["c", "a", "a"], []], "train"), np.float32([[1, 0, 1], [0, 0, 0]])
    )


def test_the_stratum_of_an_example_is_its_rarest_label():
    labels = Labels(LabelSpace(("common", "rare"), "multi"))
    values = np.float32([[1, 0], [1, 1], [1, 0], [0, 0]])
    assert labels.strata(values).tolist() == [0, 1, 0, 2]
    assert labels.counts(values) == {"common": 3, "rare": 1}


def test_columns_of_a_smaller_dataset_are_put_where_the_model_has_them():
    labels = Labels(LabelSpace(("a", "b", "c"), "multi"))
    found = labels.adopt(np.float32([[1, 0], [0, 1]]), LabelSpace(("c", "a"), "multi"))
    assert found.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    with pytest.raises(DataError, match=r"other labels than the model.*'d'"):
        labels.adopt(np.float32([[1]]), LabelSpace(("d",), "multi"))
