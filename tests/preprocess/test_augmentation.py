"""Augmentations as values: checked when they are made, JSON and back, listed by name."""

import json

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.preprocess import augmentation

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


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: augmentation.crops(scale=(0.9, 0.5)), r"scale=\(0.9, 0.5\)"),
        (lambda: augmentation.crops(scale=(0, 1)), r"scale=\(0, 1\)"),
        (lambda: augmentation.crops(scale=0.5), "scale=0.5"),
        (lambda: augmentation.crops(ratio=("a", 1)), "ratio="),
        (lambda: augmentation.rotation(0), "degrees=0"),
        (lambda: augmentation.rotation(float("nan")), "degrees=nan"),
        (lambda: augmentation.zoom(True), "share=True"),
        (lambda: augmentation.colors(brightness=1.5), "brightness=1.5"),
        (lambda: augmentation.rand_augment(operations=0), "operations=0"),
        (lambda: augmentation.rand_augment(magnitude=31), "magnitude=31"),
        (lambda: augmentation.erasing(probability=2), "probability=2"),
        (lambda: augmentation.mixup(-1), "alpha=-1"),
        (lambda: augmentation.cutmix("a"), "alpha='a'"),
    ],
)
def test_numbers_out_of_range_are_refused_when_the_value_is_made(make, said):
    with pytest.raises(DataError, match=said):
        make()


def test_a_dict_that_somebody_edited_is_checked_like_a_call():
    values = augmentation.rotation(10).to_dict()
    with pytest.raises(DataError, match="degrees=900"):
        augmentation.from_dict(values | {"options": {"degrees": 900}})
    with pytest.raises(DataError, match="no augmentation 'rotate'"):
        augmentation.from_dict(values | {"name": "rotate"})
    with pytest.raises(TypeError):
        augmentation.from_dict(values | {"options": {"angle": 9}})


@pytest.mark.parametrize("options", [{"horizontal": "False"}, {"horizontal": False}, {"vertical": 1}])
def test_flips_that_mirror_nothing_or_mean_something_else_are_refused(options):
    with pytest.raises(DataError, match=r"flips\(\) needs True for one way or both"):
        augmentation.flips(**options)


def test_numbers_of_numpy_are_numbers():
    assert augmentation.rand_augment(operations=np.int64(3)) == augmentation.rand_augment(operations=3)
    assert augmentation.flips(vertical=np.bool_(True)) == augmentation.flips(vertical=True)
