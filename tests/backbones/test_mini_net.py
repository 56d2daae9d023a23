"""The net that ships with tfft: its weights fit, are small, and are better than none."""

import keras
import numpy as np
import pytest

from tfft.backbones.mini_net import load_weights_into, mini_net
from tfft.core.errors import WeightsError


def test_the_weights_are_small_enough_to_ship():
    from importlib.resources import files

    assert (files("tfft") / "backbones" / "tfft_mini.npz").stat().st_size <= 1_500_000


def test_loading_replaces_every_variable():
    net = mini_net(size=32, seed=1)
    before = [value.copy() for value in net.get_weights()]
    load_weights_into(net)
    assert all(not np.array_equal(a, b) for a, b in zip(before, net.get_weights(), strict=True))
    assert all(np.isfinite(value).all() for value in net.get_weights())


def test_weights_for_another_net_are_refused():
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(WeightsError, match=r"do not fit this net.*2 variables for \d+ arrays.*Build it with mini_net"):
        load_weights_into(other)
    wider = mini_net(size=32)
    wider = keras.Model(wider.input, keras.layers.Dense(3, name="more")(wider.output))
    before = wider.get_weights()
    with pytest.raises(WeightsError, match=r"\('more/kernel', \(288, 3\)\)"):
        load_weights_into(wider)
    assert all(np.array_equal(a, b) for a, b in zip(before, wider.get_weights(), strict=True))


@pytest.mark.parametrize("size", [32, 48, 96])
def test_every_block_ends_at_a_layer_where_the_net_can_be_cut(size):
    net = mini_net(size=size)
    pixels = np.random.default_rng(0).integers(0, 255, (2, size, size, 3)).astype("float32")
    whole = np.asarray(net(pixels, training=False))
    for end in ("block1_out", "block2_out", "block3_out", "block4_out"):
        layer = net.get_layer(end)
        lower, upper = keras.Model(net.input, layer.output), keras.Model(layer.output, net.output)
        assert np.array_equal(np.asarray(upper(lower(pixels, training=False), training=False)), whole)


def test_the_same_seed_gives_the_same_random_weights():
    first, again, other = (mini_net(size=32, seed=seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
