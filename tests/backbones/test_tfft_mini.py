"""The backbone inside the package: described without Keras, built as described."""

import numpy as np
import pytest

import tfft
from tfft.backbones import tfft_mini
from tfft.core.errors import BackboneError


def test_the_description_agrees_with_the_net() -> None:
    described = tfft.load_backbone("tfft_mini")
    assert (described.preprocessor.height, described.preprocessor.width) == (tfft_mini.SIZE, tfft_mini.SIZE)
    assert [block.name for block in described.blocks] == [f"block{i}" for i in range(1, 6)]
    net = described.load()
    assert all(net.get_layer(block.pattern) for block in described.blocks[:-1])
    assert net.layers[-1].name == "block5_out"
    assert described.options == (("size", tfft_mini.SIZE), ("weights", "tfft"))


def test_without_weights_the_seed_decides() -> None:
    described = tfft.load_backbone("tfft_mini", weights=None, size=32)
    one, same, other = described.load(1), described.load(1), described.load(2)
    assert one.name == "backbone"
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_the_shipped_weights_are_read_without_network_and_whatever_the_seed() -> None:
    described = tfft.load_backbone("tfft_mini", size=32)
    one, other = described.load(1), described.load(2)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    random = tfft.load_backbone("tfft_mini", weights=None, size=32).load(1)
    assert not np.array_equal(one.get_weights()[0], random.get_weights()[0])
    features = np.asarray(one(np.full((1, 32, 32, 3), 128.0, "float32")))
    assert np.isfinite(features).all()
    assert features.shape == (1, 2, 2, 288)


@pytest.mark.parametrize("weights", ["imagenet", "mini.h5", 3])
def test_other_weights_are_refused_with_the_ones_there_are(weights: object) -> None:
    with pytest.raises(BackboneError, match=r"'tfft_mini' has no weights.*Pass 'tfft', or None") as caught:
        tfft.load_backbone("tfft_mini", weights=weights)
    assert repr(weights) in caught.value.what


def test_too_small_and_oblong_sizes_are_refused() -> None:
    with pytest.raises(BackboneError, match=r"at least 32 pixels.*size 31 x 31.*Pass size=32"):
        tfft.load_backbone("tfft_mini", size=31)
    with pytest.raises(BackboneError, match=r"square\. Got: size 32 x 48\. Pass size=32"):
        tfft.load_backbone("tfft_mini", size=(32, 48))
