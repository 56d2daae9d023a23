"""A table of 4-bit vectors: exact, small, never trained, and saved with its net."""

import json
import zipfile

import keras
import numpy as np
import pytest

from tfft.core.errors import BundleError
from tfft.core.packed_embedding import PackedEmbedding
from tfft.keras_files import net_config

ROWS, WIDTH = 50, 96
RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.integers(-8, 8, (ROWS, WIDTH)).astype(np.int8)
SCALES = RANDOM.normal(size=(ROWS, 3)).astype(np.float16)
VALUES = (NUMBERS.reshape(ROWS, 3, 32) * SCALES.astype(np.float32)[..., None]).reshape(ROWS, WIDTH)
IDS = np.arange(ROWS).reshape(5, 10)


@pytest.fixture
def net():
    ids = keras.Input((None,), dtype="int32")
    layer = PackedEmbedding(ROWS, WIDTH, name="tokens")
    layer.fill(NUMBERS, SCALES)
    return keras.Model(ids, layer(ids))


def test_each_vector_is_its_numbers_times_their_scales(net):
    np.testing.assert_array_equal(net(IDS), VALUES[IDS])
    assert net.output_shape == (None, None, WIDTH)


def test_it_takes_four_bits_a_value_and_half_a_bit_for_the_scales(net):
    assert sum(weight.numpy().nbytes for weight in net.weights) == ROWS * WIDTH * 4.5 / 8


def test_nothing_of_it_trains(net):
    net.trainable = True
    assert net.trainable_weights == []


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_in_another_precision_only_the_result_is_rounded(net, dtype):
    layer = net.get_layer("tokens")
    layer.dtype_policy = f"mixed_{dtype}"
    found = layer(IDS)
    assert found.dtype == dtype
    expected = keras.ops.cast(VALUES[IDS], dtype)
    np.testing.assert_array_equal(keras.ops.cast(found, "float32"), keras.ops.cast(expected, "float32"))


def test_a_saved_net_has_the_same_table(net, tmp_path):
    net.save(tmp_path / "net.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "net.keras")(IDS), VALUES[IDS])


def test_bundles_may_hold_it_and_nothing_else_of_its_module(net, tmp_path):
    net.save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        net_config.check(json.loads(archive.read("config.json")), "'a.keras'")
    for other in ("ops", "np", "keras"):
        part = {"module": "tfft.core.packed_embedding", "class_name": other, "config": {}, "registered_name": other}
        with pytest.raises(BundleError, match="code of its own"):
            net_config.check(part, "'a.keras'")


@pytest.mark.parametrize(("rows", "width"), [(0, 32), (2, 0), (2, 33), (-1, 32), (2, 16)])
def test_impossible_sizes_are_refused(rows, width):
    with pytest.raises(ValueError, match="must be a multiple of 32"):
        PackedEmbedding(rows, width)
