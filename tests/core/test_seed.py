"""Seeds are independent, equal on all machines, and do not change the user's generators."""

import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from tfft.core.errors import TfftError
from tfft.core.seed import derive, seeded_initializers


def test_a_seed_is_the_same_on_every_machine():
    assert derive(0, "split") == 743028429
    assert 0 <= derive(-5, "x") < 2**31


def test_purposes_and_seeds_are_independent():
    seeds = {derive(seed, purpose) for seed in range(50) for purpose in ("split", "shuffle", "init", "dropout")}
    assert len(seeds) == 200


def _kernel(seed):
    with seeded_initializers(seed):
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
    return layer.kernel.numpy()


def test_layers_created_inside_are_reproducible():
    np.testing.assert_array_equal(_kernel(1), _kernel(1))
    assert not np.array_equal(_kernel(1), _kernel(2))


def test_dropout_created_inside_is_reproducible():
    def masks(seed):
        with seeded_initializers(seed):
            layer = keras.layers.Dropout(0.5)
        return layer(np.ones((1, 64), np.float32), training=True).numpy()

    np.testing.assert_array_equal(masks(3), masks(3))
    assert not np.array_equal(masks(3), masks(4))


def test_the_users_generators_continue_unchanged():
    random.seed(7)
    np.random.seed(7)
    expected = random.random(), np.random.random()
    random.seed(7)
    np.random.seed(7)
    _kernel(1)
    assert (random.random(), np.random.random()) == expected


def test_the_users_generator_is_restored_after_an_error():
    random.seed(7)
    state = random.getstate()
    with pytest.raises(KeyError), seeded_initializers(0):
        raise KeyError
    assert random.getstate() == state


@pytest.mark.parametrize("wrong", ["x", 1.5, None, True])
def test_a_seed_that_is_not_a_whole_number_is_refused(wrong):
    with pytest.raises(TfftError, match=r"must be a whole number.*seed=0"):
        derive(wrong, "split")
    assert derive(np.int64(3), "split") == derive(3, "split")


def test_threads_that_build_at_the_same_time_get_the_weights_of_their_seed():
    def first_weights(seed):
        with seeded_initializers(seed):
            layers = [keras.layers.Dense(3) for _ in range(20)]
            for layer in layers:
                layer.build((None, 2))
        return [layer.kernel.numpy().tolist() for layer in layers]

    seeds = [0, 1, 2, 3] * 2
    expected = [first_weights(seed) for seed in seeds]
    with ThreadPoolExecutor(len(seeds)) as threads:
        assert list(threads.map(first_weights, seeds)) == expected
