"""The decoder answers at the size of the pixels, for maps of any size."""

import keras
import numpy as np
import pytest

from tfft.core.errors import TaskError
from tfft.core.specs import FeatureSpec
from tfft.heads.maps import MapHead

SPEC = FeatureSpec("map", pyramid=((45, 61, 3), (12, 16, 5), (6, 8, 7), (3, 4, 9)))


def built(spec=SPEC, **options):
    return MapHead(**{"width": 16, **options}).build(spec, (3, 4, 9), outputs=4, seed=0)


def maps(seed=0, batch=2):
    random = np.random.default_rng(seed)
    return [random.normal(size=(batch, *shape)).astype(np.float32) for shape in SPEC.pyramid[1:]]


def test_logits_have_the_size_of_the_pixels_and_depend_on_every_map():
    head = built()
    assert head.output_shape == (None, 45, 61, 4)
    logits = head(maps()).numpy()
    for index in range(3):
        other = maps()
        other[index] = maps(seed=1)[index]
        assert np.abs(head(other).numpy() - logits).max() > 1e-3


def test_the_same_seed_gives_the_same_weights():
    one, again = built(), built()
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), again.get_weights(), strict=True))


def test_an_example_does_not_depend_on_its_batch():
    head = built()
    whole = head(maps(batch=3), training=False).numpy()
    alone = head([each[1:2] for each in maps(batch=3)], training=False).numpy()
    np.testing.assert_allclose(whole[1:2], alone, atol=1e-5)


def test_maps_of_the_size_of_the_pixels_are_not_resized():
    spec = FeatureSpec("map", pyramid=((12, 16, 3), (12, 16, 5), (6, 8, 7)))
    head = MapHead(width=8, dropout=0.0).build(spec, (6, 8, 7), outputs=2, seed=0)
    assert head.output_shape == (None, 12, 16, 2)
    assert not [layer for layer in head.layers if isinstance(layer, keras.layers.Resizing) and layer.name == "logits"]


def test_it_is_saved_with_stock_layers(tmp_path):
    head = built()
    head.save(tmp_path / "head.keras")
    again = keras.models.load_model(tmp_path / "head.keras", safe_mode=True)
    np.testing.assert_array_equal(again(maps()), head(maps()))


@pytest.mark.parametrize(("options", "message"), [
    ({"dropout": 1.0}, "dropout=1.0 must be in"), ({"dropout": True}, "dropout=True"), ({"width": 12}, "multiple of 8"),
    ({"width": 0}, "multiple of 8"), ({"width": "8"}, "multiple of 8"),
])  # fmt: skip
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(TaskError, match=message):
        MapHead(**options)


@pytest.mark.parametrize("spec", [FeatureSpec("sequence"), FeatureSpec("map")])
def test_features_without_a_pyramid_are_refused(spec):
    with pytest.raises(TaskError, match="needs maps of several sizes"):
        built(spec)
