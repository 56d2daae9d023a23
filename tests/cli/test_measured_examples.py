"""Which examples are measured: exactly those that the model has not seen, or the part that was asked for."""

from pathlib import Path

import pytest

import tfft
from tests.random_images import add
from tfft.cli.measured_examples import Part, examples_of
from tfft.cli.sources import TypedData
from tfft.core.errors import DataError


def test_auto_is_exactly_what_the_model_has_not_seen(images, predictor):
    known = images.splits(seed=4)
    examples, _, _ = examples_of(images, Part.auto, 4, predictor)
    assert sorted(examples.digests) == sorted(known.test.digests)
    add(images.path, "reds/new.png", "blues/new.png")
    examples, _, name = examples_of(images, Part.auto, 4, predictor)
    assert len(examples) == len(known.test) + 2
    assert predictor.seen.counts(examples) == {"train": 0, "validation": 0}
    assert name == "examples that the model has not seen"


def test_new_data_may_be_a_single_picture_of_a_single_class(predictor, tmp_path):
    add(tmp_path / "few", "reds/a.png")
    examples, _, name = examples_of(TypedData(tmp_path / "few", None, "label", False), Part.auto, 4, predictor)
    assert (len(examples), name) == (1, "all examples")
    assert tfft.evaluate(predictor, examples).count == 1


def test_an_unknown_class_and_nothing_new_are_said(images, predictor, tmp_path):
    add(tmp_path / "other", "violets/a.png")
    with pytest.raises(DataError, match=r"'violets'"):
        examples_of(TypedData(tmp_path / "other", None, "label", False), Part.auto, 4, predictor)
    for path in images.splits(seed=4).test.inputs:
        Path(path).unlink()
    with pytest.raises(DataError, match=r"seen all of these examples.*--part validation"):
        examples_of(images, Part.auto, 4, predictor)


def test_data_of_the_other_kind_is_told_before_its_labels(predictor, reader, images, tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text("text,label\ngood,yes\nbad,no\n")
    with pytest.raises(
        DataError, match=r"trained on images, but the data holds texts\. Got: 'good' first\. Pass images"
    ):
        examples_of(TypedData(table, None, "label", False), Part.auto, 0, predictor)
    with pytest.raises(
        DataError, match=r"trained on texts, but the data holds images\. Got: '.*png' first\. Pass texts"
    ):
        examples_of(images, Part.auto, 0, reader)


def test_what_was_left_out_is_named(images, predictor):
    (images.path / "reds" / "zz.png").write_bytes(b"")
    skipping = TypedData(images.path, None, "label", skip_corrupt=True)
    for part in (Part.auto, Part.all, Part.test):
        _, skipped, _ = examples_of(skipping, part, 4, predictor)
        assert len(skipped) == 1
        assert "zz.png: empty file" in skipped[0]


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_part_that_is_named_is_drawn_as_for_training(images, predictor, part):
    examples, _, name = examples_of(images, Part(part), 4, predictor)
    assert (examples.digests, name) == (images.splits(seed=4).part(part).digests, f"{part} part")
