"""SavedModels that take images."""

import keras
import pytest

import tfft
from tests.modules import publish, tiny
from tfft.core.errors import BackboneError


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return publish(tiny(), tmp_path_factory.mktemp("hub") / "tiny")


def test_a_size_that_it_does_not_take_is_refused(module, tmp_path):
    with pytest.raises(BackboneError, match="takes only images of 16 x 16 pixels"):
        tfft.load_backbone(str(module), size=32)


def test_an_open_size_is_the_given_one_or_the_default(tmp_path):
    pixels = keras.Input((None, None, 3))
    handle = publish(keras.Model(pixels, keras.layers.Conv2D(2, 3, name="conv_1")(pixels)), tmp_path)
    assert tfft.load_backbone(str(handle)).takes() == "224x224 pixels"
    described = tfft.load_backbone(str(handle), size=(16, 24), fit="crop")
    assert (described.takes(), described.features.kind) == ("16x24 pixels", "map")


def test_an_unknown_pixel_range_is_refused_with_the_known_ones(module):
    with pytest.raises(BackboneError, match=r"The pixel range 'zero_to_on' does not exist.*'zero_to_one'"):
        tfft.load_backbone(str(module), pixel_range="zero_to_on")
