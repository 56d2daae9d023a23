"""Every kind of label has a Target, which is found by the kind alone."""

import numpy as np
import pytest

from tfft.core.errors import TaskError
from tfft.core.specs import LabelSpace
from tfft.data.targets import Target, target_of
from tfft.data.targets.classes import Classes
from tfft.data.targets.labels import Labels
from tfft.data.targets.quantities import Quantities

AGE = LabelSpace(("age",), "real", (40.0,), (10.0,))
RAW = {
    LabelSpace(("ants", "bees")): ["bees", "ants", "bees"],
    LabelSpace(("ants", "bees"), "multi"): [["bees"], [], ["ants", "bees"]],
    AGE: [20.0, 30.0, 40.0],
}


@pytest.mark.parametrize(("labels", "kind"), list(zip(RAW, (Classes, Labels, Quantities), strict=True)))
def test_the_target_belongs_to_the_kind(labels, kind):
    assert target_of(labels) == kind(labels)


def test_an_unknown_kind_is_refused():
    with pytest.raises(TaskError, match=r"kind='weird' of a label space is unknown.*'single', 'multi', 'real'"):
        target_of(LabelSpace(("a",), "weird"))


@pytest.mark.parametrize("labels", list(RAW))
def test_every_target_keeps_the_laws(labels):
    target: Target = target_of(labels)
    values = target.read(RAW[labels], "train")
    assert len(values) == len(target.strata(values)) == len(target.members(values)) == 3
    assert set(target.counts(values)) <= set(labels.names)
    assert target.fitted(values).matches(labels)
    np.testing.assert_array_equal(target.adopt(values, labels), values)
    assert list(target.doubts(values)) == []
    assert all(isinstance(noun, str) for noun in target.nouns)
