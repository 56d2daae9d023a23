"""Augmentations are checked when they are made, survive JSON, and have names."""

import json

import pytest

from tfft.augment import augmentation
from tfft.core.errors import DataError

EVERY = (
    augmentation.flips(),
    augmentation.crops(),
    augmentation.rotation(),
    augmentation.zoom(),
    augmentation.colors(),
    augmentation.rand_augment(),
    augmentation.erasing(),
    augmentation.mixup(),
    augmentation.cutmix(),
    augmentation.synonyms(),
    augmentation.insertions(),
    augmentation.swaps(),
    augmentation.deletions(),
    augmentation.token_dropout(),
)


@pytest.mark.parametrize("value", EVERY, ids=lambda value: value.name)
def test_a_value_survives_json_and_can_be_a_key(value):
    again = augmentation.from_dict(json.loads(json.dumps(value.to_dict())))
    assert again == value
    assert hash(again) == hash(value)
    assert value.describe().startswith(f"{value.name}(")


@pytest.mark.parametrize("value", EVERY, ids=lambda value: value.name)
def test_every_one_has_a_name_on_the_command_line(value):
    assert augmentation.named(value.name) == (value,)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match=r"no augmentation 'flip'.*Did you mean 'flips'"):
        augmentation.named("crops,flip")
    with pytest.raises(DataError, match=r"There are: 'colors', 'crops', 'cutmix'"):
        augmentation.named("?")


def test_a_dict_that_somebody_edited_is_checked_like_a_call():
    values = augmentation.rotation(10).to_dict()
    with pytest.raises(DataError, match="degrees=900"):
        augmentation.from_dict(values | {"options": {"degrees": 900}})
    with pytest.raises(DataError, match="no augmentation 'rotate'"):
        augmentation.from_dict(values | {"name": "rotate"})
    with pytest.raises(TypeError):
        augmentation.from_dict(values | {"options": {"angle": 9}})


def test_a_table_of_synonyms_survives_json():
    value = augmentation.synonyms({"film": ["movie", "picture"], "good": ["fine"]}, share=0.2)
    assert augmentation.from_dict(json.loads(json.dumps(value.to_dict()))) == value
