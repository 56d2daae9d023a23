"""What values of masks mean: from the arguments of the user, or from the labels of a model."""

import json

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.label_values import IGNORED
from tfft.core.specs import LabelSpace
from tfft.data.mask_coding import Coding, are_colors, coding_of

CODING = Coding(("sky", "road"), {0: 0, 1: 1, 2: IGNORED})
COLORED = Coding(("sky", "road"), {0: 0, 255: IGNORED, 66_051: 1}, colored=True)


def test_a_value_without_a_class_is_told():
    with pytest.raises(ValueError, match="values without a class: 7"):
        CODING.encoded(np.array([[0, 7]]))
    with pytest.raises(ValueError, match=r"colours without a class: \(1, 2, 3\)"):
        Coding(("a",), {0: 0}, colored=True).encoded(np.array([[66051]]))


def test_large_values_are_looked_up_as_small_ones_are():
    wide = Coding(("sky", "road"), {7: 0, 70_000: 1, 65_535: IGNORED})
    assert wide.encoded(np.array([[7, 70_000, 65_535]])).tolist() == [[0, 1, IGNORED]]
    with pytest.raises(ValueError, match="without a class: 8, 80000"):
        wide.encoded(np.array([[8, 80_000, 7]]))
    with pytest.raises(ValueError, match="without a class: 80000"):
        CODING.encoded(np.array([[0, 80_000]]))


@pytest.mark.parametrize("coding", [CODING, COLORED])
def test_a_label_space_carries_the_meaning_through_json(coding):
    labels = coding.labels()
    again = LabelSpace.from_dict(json.loads(json.dumps(labels.to_dict())))
    assert (again, Coding.of(again), are_colors(again)) == (labels, coding, coding.colored)
    assert hash(again) == hash(labels)


def test_the_labels_of_a_model_decide_and_more_values_may_be_ignored():
    labels = COLORED.labels()
    assert coding_of(labels, None, {}) == COLORED
    assert coding_of(labels, (0, 0, 9), {}).ids == {0: 0, 9: IGNORED, 255: IGNORED, 66_051: 1}
    three = Coding(("sky", "road", "tree"), {0: 0, 1: 1, 2: 2}).labels()
    hidden = coding_of(three, "road", {})
    assert (hidden.names, hidden.ids) == (("sky", "road", "tree"), {0: 0, 1: IGNORED, 2: 2})
    with pytest.raises(DataError, match="from 2 to 254 classes"):
        coding_of(three, ["road", 2], {})
    with pytest.raises(DataError, match=r"ignore='raod' is not the name of a class.*Did you mean 'road'"):
        coding_of(three, "raod", {})
    with pytest.raises(DataError, match="ignore='tree' is not the name of a class"):
        coding_of(labels, "tree", {})


@pytest.mark.parametrize("labels", [LabelSpace(("sky", "road"), "masks"), LabelSpace(("sky", "road"))])
def test_a_label_space_without_values_is_refused(labels):
    with pytest.raises(DataError, match="does not say which values of masks its classes have"):
        coding_of(labels, None, {})
