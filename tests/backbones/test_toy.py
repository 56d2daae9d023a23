"""The toy net: quick, seeded, and of the shape it promises."""

import random

import numpy as np
import pytest

import tfft
from tfft.backbones import toy
from tfft.core.errors import BackboneError


def test_the_seed_alone_decides_the_weights() -> None:
    described = tfft.load_backbone("toy")
    one, same, other = described.load(3), described.load(3), described.load(4)
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_loading_leaves_the_users_random_state_alone() -> None:
    state = random.getstate()
    tfft.load_backbone("toy").load(0)
    assert random.getstate() == state


@pytest.mark.parametrize(("size", "shape"), [(8, (1, 1)), (16, (2, 2)), ((16, 40), (2, 5)), (17, (3, 3))])
def test_features_are_an_eighth_of_the_input(size: object, shape: tuple[int, int]) -> None:
    assert tfft.load_backbone("toy", size=size).load().output_shape == (None, *shape, 8)


def test_the_weights_do_not_depend_on_the_size() -> None:
    small, large = (tfft.load_backbone("toy", size=size).load(1).get_weights() for size in (8, 32))
    for a, b in zip(small, large, strict=True):
        np.testing.assert_array_equal(a, b)


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"'toy' must be at least 8 pixels.*Got: size 7 x 7.*Pass size=8"):
        toy.backbone("toy", size=7)
