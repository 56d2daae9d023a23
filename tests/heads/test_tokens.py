"""The head for tokens answers each token, whatever stands beside it."""

import numpy as np
import pytest

from tfft.core.errors import TaskError
from tfft.core.specs import FeatureSpec
from tfft.heads.tokens import TokenHead

SPEC = FeatureSpec("sequence", masked=True)


def test_every_token_has_logits_that_depend_on_it_alone():
    head = TokenHead(0.5).build(SPEC, (None, 4), outputs=3, seed=0)
    random = np.random.default_rng(0)
    features, mask = random.normal(size=(2, 5, 4)).astype(np.float32), np.ones((2, 5), np.int32)
    whole = np.asarray(head([features, mask], training=False))
    assert (whole.shape, whole.dtype) == ((2, 5, 3), np.float32)
    np.testing.assert_allclose(
        np.asarray(head([features[:, :2], mask[:, :2]], training=False)), whole[:, :2], atol=1e-6
    )
    features[:, 3] += 1
    other = np.asarray(head([features, mask], training=False))
    assert np.abs(other - whole).max(axis=(0, 2)).astype(bool).tolist() == [False, False, False, True, False]


def test_the_same_seed_gives_the_same_head_and_another_one_another():
    kernels = [TokenHead().build(SPEC, (None, 4), 3, seed).get_layer("logits").kernel.numpy() for seed in (0, 0, 1)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_a_sequence_without_a_mask_is_taken_as_well():
    assert TokenHead().build(FeatureSpec("sequence"), (7, 4), 3, 0).output_shape == (None, 7, 3)


@pytest.mark.parametrize("kind", ["map", "vector"])
def test_features_that_are_no_sequence_are_refused(kind):
    with pytest.raises(TaskError, match=rf"features of each token.*gives a {kind}.*minilm_l6"):
        TokenHead().build(FeatureSpec(kind), (4, 4, 8), 3, 0)


@pytest.mark.parametrize("dropout", [-0.1, 1, "0.1", True, None])
def test_a_dropout_rate_out_of_range_is_refused(dropout):
    with pytest.raises(TaskError, match=r"dropout=.* must be in \[0, 1\)"):
        TokenHead(dropout)
