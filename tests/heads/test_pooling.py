"""Pooling takes what counts and nothing else, as a loop over the examples would."""

import keras
import numpy as np
import pytest

from tfft.core.errors import TaskError
from tfft.heads.pooling import pooled

RANDOM = np.random.default_rng(0)
MAP = RANDOM.normal(size=(3, 4, 2, 5)).astype("float32")
SEQUENCE = RANDOM.normal(size=(4, 6, 5)).astype("float32")
LENGTHS = [6, 1, 3, 5]
MASK = np.array([[1] * length + [0] * (6 - length) for length in LENGTHS], np.int32)
OF_STEPS = {
    "average": lambda steps: steps.mean(axis=0),
    "max": lambda steps: steps.max(axis=0),
    "first": lambda steps: steps[0],
    "last": lambda steps: steps[-1],
}


def net(pooling, kind, shape, masked=False, dtype="float32"):
    """Features, perhaps with their mask -> vectors."""
    features = keras.Input(shape, dtype=dtype)
    mask = keras.Input(shape[:1], dtype="int32") if masked else None
    vectors = pooled(features, kind, pooling, mask)
    return keras.Model([features, mask] if masked else features, vectors)


@pytest.mark.parametrize("pooling", OF_STEPS)
@pytest.mark.parametrize("steps", [6, None])
def test_without_a_mask_every_step_counts(pooling, steps):
    expected = np.stack([OF_STEPS[pooling](each) for each in SEQUENCE])
    np.testing.assert_allclose(net(pooling, "sequence", (steps, 5))(SEQUENCE), expected, atol=1e-6)


@pytest.mark.parametrize("pooling", OF_STEPS)
@pytest.mark.parametrize("shift", [0, -100, 100])
def test_with_a_mask_only_its_steps_count(pooling, shift):
    features = SEQUENCE + np.float32(shift)
    expected = np.stack([OF_STEPS[pooling](each[:length]) for each, length in zip(features, LENGTHS, strict=True)])
    found = net(pooling, "sequence", (None, 5), masked=True)([features, MASK])
    np.testing.assert_allclose(found, expected, atol=1e-4 if shift else 1e-6)


@pytest.mark.parametrize("pooling", OF_STEPS)
@pytest.mark.parametrize("noise", [-1000, 1000])
def test_what_stands_in_the_padding_changes_nothing(pooling, noise):
    model = net(pooling, "sequence", (None, 5), masked=True)
    changed = np.where(MASK[..., None] == 1, SEQUENCE, np.float32(noise))
    np.testing.assert_array_equal(model([changed, MASK]), model([SEQUENCE, MASK]))


@pytest.mark.parametrize("pooling", OF_STEPS)
def test_a_mask_of_ones_is_no_mask(pooling):
    with_mask = net(pooling, "sequence", (None, 5), masked=True)([SEQUENCE, np.ones_like(MASK)])
    np.testing.assert_allclose(with_mask, net(pooling, "sequence", (None, 5))(SEQUENCE), atol=1e-6)


@pytest.mark.parametrize("pooling", OF_STEPS)
def test_one_step_is_its_own_vector_whatever_the_pooling(pooling):
    found = net(pooling, "sequence", (None, 5), masked=True)([SEQUENCE[:, :1], MASK[:, :1]])
    np.testing.assert_allclose(found, SEQUENCE[:, 0], atol=1e-6)


@pytest.mark.parametrize("pooling", OF_STEPS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_near_and_stays_finite(pooling, dtype):
    model = net(pooling, "sequence", (None, 5), masked=True, dtype=dtype)
    found = np.asarray(model([SEQUENCE.astype(dtype), MASK]), "float32")
    expected = np.stack([OF_STEPS[pooling](each[:length]) for each, length in zip(SEQUENCE, LENGTHS, strict=True)])
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize(("pooling", "reduce"), [("average", np.mean), ("max", np.max)])
def test_a_map_is_pooled_over_height_and_width(pooling, reduce):
    found = net(pooling, "map", (None, None, 5))(MAP)
    np.testing.assert_allclose(found, reduce(MAP, axis=(1, 2)), atol=1e-6)


@pytest.mark.parametrize(("kind", "features"), [("map", MAP), ("sequence", SEQUENCE)])
def test_flattening_keeps_every_value_in_its_place(kind, features):
    found = net("flatten", kind, features.shape[1:])(features)
    np.testing.assert_array_equal(found, features.reshape(len(features), -1))


@pytest.mark.parametrize("noise", [-1000, 0, 1000])
def test_flattening_a_padded_sequence_gives_zeros_for_the_padding(noise):
    changed = np.where(MASK[..., None] == 1, SEQUENCE, np.float32(noise))
    found = net("flatten", "sequence", (6, 5), masked=True)([changed, MASK])
    np.testing.assert_array_equal(found, (SEQUENCE * MASK[..., None]).reshape(4, -1))


@pytest.mark.parametrize("pooling", ["first", "last"])
def test_a_map_has_no_steps(pooling):
    with pytest.raises(
        TaskError, match=rf"pooling='{pooling}' is not possible for maps\. Use one of 'average', 'max', 'flatten'"
    ):
        net(pooling, "map", (4, 2, 5))
