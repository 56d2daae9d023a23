"""Texts become tokens once, and everything else about the examples stays."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.cli.console import in_shell
from tfft.core.errors import DataError
from tfft.core.ragged import Ragged
from tfft.data.examples import Examples
from tfft.data.loading import lengths_of
from tfft.models.prepared import advice_on_length, check_kind, prepared


@pytest.fixture(scope="module")
def texts():
    words = [f"film {index} " + "a b " * (index % 9) for index in range(30)]
    frame = pd.DataFrame({"text": words, "label": ["x", "y"] * 15})
    return tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)


@pytest.fixture(scope="module")
def read():
    return tfft.load_backbone("toy_text", length=16).preprocessor


def test_every_row_is_what_the_preprocessor_makes_of_the_text_alone(texts, read):
    found = prepared(read, texts.train).examples
    assert isinstance(found.inputs, Ragged)
    for row, text in zip(found.inputs, texts.train.inputs, strict=True):
        np.testing.assert_array_equal(row, read(text))
    assert lengths_of(found).tolist() == [len(read(text)) for text in texts.train.inputs]
    assert 2 < lengths_of(found).min() < lengths_of(found).max() == 16


def test_all_but_the_inputs_stays(texts, read):
    found = prepared(read, texts.train).examples
    assert found.targets is texts.train.targets
    assert found.labels is texts.train.labels
    assert found.digests == texts.train.digests
    assert found.fingerprint() == texts.train.fingerprint()


def test_tokens_are_not_made_twice(texts, read):
    once = prepared(read, texts.train).examples
    assert prepared(read, once).examples is once


def test_an_order_of_texts_is_that_of_the_tokens(texts, read):
    order = np.arange(len(texts.train))[::-1]
    turned, straight = (
        prepared(read, texts.train.take(order)).examples.inputs,
        prepared(read, texts.train).examples.inputs,
    )
    for index in order:
        np.testing.assert_array_equal(turned[index], straight[len(order) - 1 - index])


def test_statistics_are_those_of_the_texts_before_they_are_cut(texts, read):
    wide = tfft.load_backbone("toy_text").preprocessor
    lengths = lengths_of(prepared(wide, texts.train).examples)
    found = prepared(read, texts.train).statistics
    assert (found["longest"], found["limit"]) == (lengths.max(), 16)
    assert found["truncated"] == pytest.approx((lengths > 16).mean())
    assert 0 < found["truncated"] < 1
    assert prepared(wide, texts.train).statistics == {**found, "limit": 512, "truncated": 0}


def test_images_stay_as_they_are(data):
    read = tfft.load_backbone("toy").preprocessor
    assert prepared(read, data.train).statistics is None
    assert prepared(read, data.train).examples is data.train
    assert lengths_of(data.train) is None


def test_an_example_that_is_no_text_is_refused_with_its_position(texts, read):
    inputs = [texts.train.inputs[0], texts.train.inputs[1], 3]
    mixed = Examples(inputs, texts.train.targets[:3], texts.labels, texts.train.digests[:3])
    with pytest.raises(DataError, match=r"Input 2 is not a text.*an int.*Pass a string"):
        prepared(read, mixed)


def test_a_file_that_changed_since_it_was_looked_at_is_refused(read, tmp_path):
    for index in range(10):
        for label in ("good", "bad"):
            (tmp_path / label).mkdir(exist_ok=True)
            (tmp_path / label / f"{index}.txt").write_text(f"{label} film {index}")
    data = tfft.data.from_folder(tmp_path)
    assert len(prepared(read, data.train).examples.inputs) == len(data.train)
    for path in tmp_path.rglob("*.txt"):
        path.write_text("something else")
    with pytest.raises(DataError, match="has changed since the data was read"):
        prepared(read, data.train)
    for path in tmp_path.rglob("*.txt"):
        path.unlink()
    with pytest.raises(DataError, match=r"cannot be read.*"):
        prepared(read, data.train)


@pytest.mark.parametrize(
    ("length", "longest", "python", "shell"),
    [
        (16, 40, "or pass length=40 with", "or pass --length 40 with"),
        (16, 900, "or pass length=512, the most that", "or pass --length 512, the most that"),
        (512, 900, "reads no more than 512 tokens. If the end matters, split these texts.", "split these texts."),
    ],
)
def test_a_larger_length_is_advised_only_where_one_is_possible(length, longest, python, shell):
    said = advice_on_length(tfft.load_backbone("toy_text", length=length), length, longest)
    assert python in said
    assert shell in in_shell(said)
    assert ("length=" in said) == (length < 512)


def test_without_a_known_maximum_the_length_of_the_longest_text_is_advised():
    open_ended = replace(tfft.load_backbone("toy_text"), most_tokens=None)
    assert "pass length=900 with" in advice_on_length(open_ended, 512, 900)


def test_a_model_of_texts_refuses_images_and_the_other_way_round_and_both_kinds_are_named(texts, read):
    looks = tfft.load_backbone("toy").preprocessor
    check_kind(read, texts.train.inputs)
    check_kind(read, prepared(read, texts.train).examples.inputs)
    check_kind(looks, ["a.png"])
    check_kind(looks, [])
    with pytest.raises(DataError) as caught:
        check_kind(read, ["photos/a.png", "photos/b.png"])
    assert caught.value.what == "The model was trained on texts, but the data holds images."
    assert caught.value.got == "'photos/a.png' first"
    assert caught.value.fix.startswith("Pass texts, ")
    with pytest.raises(DataError, match=r"on texts, but the data holds images\. Got: an ndarray first"):
        check_kind(read, np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r"on images, but the data holds texts\. Got: 'film 0.*' first\. Pass images"):
        check_kind(looks, sorted(texts.train.inputs, key=lambda text: text.first))


def test_only_texts_are_padded_to_a_width():
    texts, images = (tfft.load_backbone(name).preprocessor for name in ("toy_text", "toy"))
    assert texts.padded_to(24).collate([texts("a bee")])["token_ids"].shape == (1, 24)
    assert texts.padded_to(None) == texts
    assert images.padded_to(24) is images


def test_rows_chosen_from_a_whole_are_those_of_the_examples_alone(tmp_path):
    path = tmp_path / "long.jsonl"
    words = [[f"w{index}"] * (3 + 11 * (index % 4)) for index in range(12)]
    rows = [
        {"text": " ".join(each), "entities": [{"start": 0, "end": len(each[0]), "label": "first"}]} for each in words
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    data = tfft.data.from_spans(path, holdout=(0.2, 0), seed=0)
    task = tfft.tasks.token_classification(data.labels)
    read = task.prepare(tfft.load_backbone("toy_text", length=16).preprocessor)
    whole = prepared(read, data.train, task.align)
    assert len(whole.examples) > len(data.train), "long texts have several rows"
    for positions in (np.array([4, 0, 7]), np.array([8]), np.arange(9)):
        chosen, alone = whole.take(positions), prepared(read, data.train.take(positions), task.align)
        assert isinstance(chosen.examples.inputs, Ragged)
        assert chosen.examples.fingerprint() == alone.examples.fingerprint()
        np.testing.assert_array_equal(chosen.owner, alone.owner)
        assert list(chosen.raw.inputs) == list(alone.raw.inputs)
        for row, own, other in zip(chosen.rows, chosen.examples.inputs, alone.examples.inputs, strict=True):
            np.testing.assert_array_equal(own, other)
            np.testing.assert_array_equal(own, whole.examples.inputs[row])
        assert chosen.whole is whole.examples
        assert chosen.statistics is alone.whole is None
