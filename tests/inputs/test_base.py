"""Every preprocessor has the same members, so that no other room asks for its class."""

import json

import numpy as np
import pytest

import tfft
from tfft import inputs

PREPROCESSORS = {
    "image": lambda: tfft.load_backbone("toy").preprocessor,
    "text": lambda: tfft.load_backbone("toy_text").preprocessor,
}
ITEMS = {"image": [np.zeros((20, 24, 3), np.uint8)] * 2, "text": ["a film", "two films"]}
each = pytest.mark.parametrize("noun", list(PREPROCESSORS))


@each
def test_rows_become_the_inputs_that_are_described(noun):
    read = PREPROCESSORS[noun]()
    assert read.noun == noun
    assert read.size.endswith(read.unit)
    arrays = read.collate([read(item) for item in ITEMS[noun]])
    assert list(arrays) == [name for name, _, _ in read.inputs]
    for name, shape, _ in read.inputs:
        assert len(arrays[name]) == 2
        assert all(side in (None, own) for side, own in zip(shape, arrays[name].shape[1:], strict=True))


@each
def test_a_saved_preprocessor_gives_the_same_rows(noun, tmp_path):
    read = PREPROCESSORS[noun]()
    read.save(tmp_path / "files")
    again = inputs.from_dict(json.loads(json.dumps(read.to_dict())), tmp_path / "files")
    for item in ITEMS[noun]:
        np.testing.assert_array_equal(again(item), read(item))


@each
def test_loading_can_be_wrapped_and_padding_can_be_fixed(noun):
    read = PREPROCESSORS[noun]()
    assert read.loaded_by(lambda load: load).size == read.size
    padded = read.padded_to(32).collate([read(item) for item in ITEMS[noun]])
    assert noun == "image" or padded["token_ids"].shape == (2, 32)


def test_only_inputs_with_a_length_are_converted_at_once():
    assert len(PREPROCESSORS["text"]().many(ITEMS["text"]).rows) == 2
    assert PREPROCESSORS["image"]().length is None
    with pytest.raises(TypeError, match="one by one"):
        PREPROCESSORS["image"]().many(ITEMS["image"])
