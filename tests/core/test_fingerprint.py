"""Hashes differ exactly when values differ."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from tfft.core.errors import TfftError
from tfft.core.fingerprint import combined, digest, digest_of_file, fingerprint, weight_digests


@pytest.mark.parametrize(
    "other",
    [np.zeros(4, np.int32), np.zeros((2, 2), np.float32), np.float32([0, 0, 0, 1e-30]), np.float32([0, 0, 0, -0.0])],
)
def test_dtype_shape_and_every_bit_change_the_digest(other):
    assert digest(np.zeros(4, np.float32)) != digest(other)


def test_the_memory_layout_does_not_change_the_digest():
    array = np.arange(6).reshape(2, 3)
    assert digest(array) == digest(np.asfortranarray(array)) == digest(np.repeat(array, 2, axis=1)[:, ::2])


@pytest.mark.parametrize("array", [np.array(3.0), np.zeros((0, 4)), np.array(["é"]), np.array([True])])
def test_scalars_empty_text_and_boolean_arrays_have_a_digest(array):
    assert len(digest(array)) == 32


def test_bfloat16_weights_have_a_digest():
    variable = keras.Variable(np.ones(3), dtype="bfloat16")
    other = keras.Variable(np.zeros(3), dtype="bfloat16")
    assert weight_digests([variable]) != weight_digests([other])


def test_the_order_of_lists_changes_the_fingerprint_but_not_that_of_dict_keys():
    assert fingerprint({"a": [1, 2], "b": None}) == fingerprint({"b": None, "a": (1, 2)})
    assert fingerprint([1, 2]) != fingerprint([2, 1])
    assert fingerprint(1) != fingerprint("1")


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), np.float32(1), object, {"a": b"x"}])
def test_values_that_are_not_json_are_refused(value):
    with pytest.raises(TfftError, match=r"cannot be hashed.*plain JSON") as caught:
        fingerprint(value)
    assert repr(value)[:20] in str(caught.value)


def test_a_fingerprint_is_the_same_in_another_process():
    value = {"b": [1.5, "é"], "a": None}
    text = json.dumps(json.dumps(value))
    code = f"import json; from tfft.core.fingerprint import fingerprint; print(fingerprint(json.loads({text})))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == fingerprint(value)


def test_combined_hashes_depend_on_order_and_names():
    assert combined(["a", "b"]) != combined(["b", "a"])
    assert combined({"x": "a", "y": "b"}) == combined({"y": "b", "x": "a"})
    assert combined(digest for digest in ("a", "b")) == combined(["a", "b"])


def test_the_digest_of_a_file_equals_the_digest_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(content)
    assert digest_of_file(tmp_path / "a") == digest(content)
