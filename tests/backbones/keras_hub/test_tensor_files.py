"""Tensors come from one file or several, of any floating-point type, and only from the folder."""

import json

import numpy as np
import pytest

from tests.contracts.transformers_folders import write_tensors
from tfft.backbones.keras_hub.tensor_files import Tensors
from tfft.core.errors import WeightsError

VALUES = np.array([[1.5, -2.0, 0.25]], "float32")


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_values_are_float32_whatever_the_file_holds(tmp_path, dtype):
    write_tensors(tmp_path / "model.safetensors", {"a": VALUES}, dtype)
    with Tensors(str(tmp_path)) as tensors:
        assert tensors.shapes == {"a": (1, 3)}
        assert tensors.read("a").dtype == "float32"
        np.testing.assert_array_equal(tensors.read("a"), VALUES)


def test_shards_are_read_as_one(tmp_path):
    for name in "ab":
        write_tensors(tmp_path / f"{name}.safetensors", {name: VALUES})
    index = {"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with Tensors(str(tmp_path)) as tensors:
        assert set(tensors.shapes) == {"a", "b"}
        np.testing.assert_array_equal(tensors.read("b"), VALUES)


def test_a_weight_in_two_shards_is_refused(tmp_path):
    for name in "ab":
        write_tensors(tmp_path / f"{name}.safetensors", {"same": VALUES})
    index = {"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(WeightsError, match=r"Two files of .* hold the weight 'same'"):
        Tensors(str(tmp_path))


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool"])
def test_whole_numbers_are_no_weights(tmp_path, dtype):
    from safetensors.numpy import save_file

    save_file({"a": np.ones((1, 3), dtype)}, tmp_path / "model.safetensors")
    with Tensors(str(tmp_path)) as tensors, pytest.raises(WeightsError, match="does not hold floating-point numbers"):
        tensors.read("a")


def test_a_weight_that_is_not_finite_is_named(tmp_path):
    write_tensors(tmp_path / "model.safetensors", {"a": VALUES * np.nan})
    with (
        Tensors(str(tmp_path)) as tensors,
        pytest.raises(WeightsError, match=r"'a' of .* values that are not finite\. Got: 3 of 3"),
    ):
        tensors.read("a")
