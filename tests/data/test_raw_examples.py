"""Pools: unreadable inputs are named or left out, and all examples of a source can be read in a model's label space."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.raw_examples import Pool, examine, unsplit

IMAGE = np.zeros((8, 8, 3), np.uint8)
LABELS = LabelSpace(("ants", "bees", "wasps"))


def test_what_is_left_out_is_named_and_the_rest_keeps_its_targets():
    pool = Pool([IMAGE, b"", IMAGE + 1], ["ants", "ants", "bees"])
    examples, good, faults = examine(pool, np.array([0, 0, 1]), LABELS, "skip")
    assert (good.tolist(), examples.targets.tolist(), faults) == ([0, 2], [0, 1], ("example 1: empty file",))
    with pytest.raises(DataError, match=r"1 of 3 images cannot be read.*empty file"):
        examine(pool, np.array([0, 0, 1]), LABELS, "error")


def test_a_source_taken_whole_has_the_class_ids_of_the_model():
    pools = {"train": Pool([IMAGE], ["wasps"]), "test": Pool([IMAGE + 1, IMAGE + 2], ["bees", "wasps"])}
    examples, skipped = unsplit(pools, LABELS)
    assert (examples.targets.tolist(), examples.labels, skipped) == ([2, 1, 2], LABELS, ())
    assert [int(image[0, 0, 0]) for image in examples.inputs] == [0, 1, 2]
    assert len(set(examples.digests)) == 3


def test_unknown_labels_and_sources_without_examples_are_refused():
    with pytest.raises(DataError, match=r"The evaluated part has labels that training does not have: 'moths'"):
        unsplit({"train": Pool([IMAGE], ["moths"])}, LABELS)
    with pytest.raises(DataError, match=r"no examples.*1 unreadable"):
        unsplit({"train": Pool([b""], ["ants"])}, LABELS, "skip")
