"""Seen recognises contents, whatever the names and order of the examples."""

import json

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError
from tfft.core.specs import Text
from tfft.data.leakage import Seen


@pytest.fixture
def data(toy_arrays):
    return tfft.data.from_arrays(*toy_arrays, seed=4)


def test_each_part_is_counted_as_what_it_was_used_for(data):
    seen = Seen.of(data)
    assert seen.counts(data.train) == {"train": len(data.train), "validation": 0}
    assert seen.counts(data.validation) == {"train": 0, "validation": len(data.validation)}
    assert seen.counts(data.test) == {"train": 0, "validation": 0}


def test_contents_count_and_not_positions(data, toy_arrays):
    images, targets = toy_arrays
    shuffled = tfft.data.from_arrays(images[::-1].copy(), targets[::-1].copy(), seed=99)
    assert Seen.of(data).counts(shuffled.everything()) == {
        "train": len(data.train),
        "validation": len(data.validation),
    }


def test_a_second_training_adds_to_the_first(data, toy_arrays):
    images, targets = toy_arrays
    other = tfft.data.from_arrays(255 - images, targets, seed=5)
    both = Seen.of(other, before=Seen.of(data))
    assert both.counts(data.train)["train"] == len(data.train)
    assert both.counts(other.train)["train"] == len(other.train)
    assert both.seed == 5


def test_what_was_trained_on_later_no_longer_counts_as_chosen_by(toy_arrays):
    images, targets = toy_arrays
    first, second = (tfft.data.from_arrays(images, targets, seed=seed) for seed in (1, 2))
    both = Seen.of(second, before=Seen.of(first))
    assert not both.train & both.validation


def test_it_survives_json(data):
    seen = Seen.of(data)
    assert Seen.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen
    assert np.all([len(content) == 16 for content in seen.train])


@pytest.fixture
def pairs(tmp_path):
    rows = "".join(f"question {i}\tanswer {i}\t{'ab'[i % 2]}\n" for i in range(20))
    (tmp_path / "pairs.tsv").write_text(f"first\tsecond\tlabel\n{rows}")
    return tmp_path / "pairs.tsv"


@pytest.mark.parametrize(("columns", "texts"), [("first", 1), (["first", "second"], 2)])
def test_it_knows_how_many_texts_an_example_has(pairs, columns, texts):
    seen = Seen.of(tfft.data.from_csv(pairs, text_column=columns))
    assert seen.texts == texts
    assert Seen.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen


def test_images_have_no_number_of_texts_and_records_without_one_are_read(data):
    seen = Seen.of(data)
    assert seen.texts is None
    assert "texts" not in seen.to_dict()
    for item in (Text("a"), Text("a", "b"), data.train.inputs[0]):
        seen.check_pairs(item)


def test_single_texts_for_a_model_of_pairs_are_refused_and_the_other_way(pairs):
    single, double = (Seen.of(tfft.data.from_csv(pairs, text_column=c)) for c in ("first", ["first", "second"]))
    single.check_pairs(Text("a"))
    double.check_pairs(Text("a", ""))
    with pytest.raises(
        DataError, match=r"trained on pairs.*but got single texts\. Got: 'a'.*text_column=\[first, second\]"
    ):
        double.check_pairs(Text("a"))
    with pytest.raises(DataError, match=r"trained on single texts.*but got pairs.*one text for each"):
        single.check_pairs(Text("a", "b"))


@pytest.mark.parametrize("texts", [0, 3, "2"])
def test_a_number_of_texts_that_there_is_not_is_refused(data, texts):
    with pytest.raises(ValueError, match="not a valid record of seen examples"):
        Seen.from_dict(Seen.of(data).to_dict() | {"texts": texts})


def test_two_records_together_count_an_example_as_training_if_either_does():
    one, two = Seen(3, frozenset("ab"), frozenset("cd"), 2), Seen(4, frozenset("c"), frozenset("ae"), 1)
    assert one.joined(two) == Seen(3, frozenset("abc"), frozenset("de"), 2)


def test_a_refit_is_remembered_and_its_validation_examples_count_as_trained_on(data):
    seen = Seen.of(data, refit=True)
    assert seen.counts(data.validation) == {"train": len(data.validation), "validation": 0}
    assert Seen.from_dict(seen.to_dict()) == seen
    assert Seen.of(data, seen).refit  # a later training does not undo it
    assert not Seen.from_dict(Seen.of(data).to_dict()).refit
    assert "refit" not in Seen.of(data).to_dict()
    with pytest.raises(ValueError, match="not a valid record"):
        Seen.from_dict(seen.to_dict() | {"refit": "yes"})
