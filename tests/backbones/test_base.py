"""Backbone descriptions are values."""

import json
from functools import partial
from pathlib import Path

import pytest

import tfft
from tfft.backbones.base import given_options, input_size
from tfft.core.errors import BackboneError


def test_equal_descriptions_are_equal_and_hash_alike() -> None:
    one, two = tfft.load_backbone("vgg16", size=64), tfft.load_backbone("vgg16", size=64)
    assert one == two
    assert hash(one) == hash(two)
    assert one != tfft.load_backbone("vgg16", size=65)


def test_handle_and_options_make_the_same_backbone_again() -> None:
    first = tfft.load_backbone("mobilenet_v2", weights=None, size=[32, 48], alpha=0.35, fit="crop")
    plain = json.loads(json.dumps(first.to_dict()))
    again = tfft.load_backbone(plain["handle"], **plain["options"])
    assert again == first
    assert again.to_dict() == first.to_dict()
    assert plain["preprocessor"] == {"height": 32, "width": 48, "fit": "crop"}


def test_describing_calls_no_loader_and_load_passes_the_seed() -> None:
    seeds: list[int] = []
    described = tfft.load_backbone("toy")
    object.__setattr__(described, "loader", partial(seeds.append))
    assert seeds == []
    described.load(7)
    assert seeds == [7]


def test_given_options_leaves_out_none_except_for_weights() -> None:
    assert given_options(weights=None, size=None, alpha=0.5) == (("alpha", 0.5), ("weights", None))
    assert given_options(weights=Path("a.h5"), size=[1, 2]) == (("size", (1, 2)), ("weights", "a.h5"))


@pytest.mark.parametrize("size", ["16", 16.0, True, (16,), (16, 16, 3), (16, "16"), None])
def test_a_size_that_is_none_is_refused_with_the_forms_there_are(size: object) -> None:
    with pytest.raises(BackboneError) as caught:
        input_size("toy", size, 8)
    assert repr(size) in caught.value.what
    assert "one whole number, or (height, width)" in caught.value.fix


def test_one_short_side_is_refused_with_the_smallest_size() -> None:
    with pytest.raises(BackboneError, match=r"at least 8 pixels.*Got: size 16 x 7.*Pass size=8"):
        input_size("toy", (16, 7), 8)
