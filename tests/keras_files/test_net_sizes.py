"""Numbers of harmless nets are accepted. Hostile ones are in tests/attacks/test_net_sizes.py."""

import json
from typing import Any

import keras
import pytest

from tfft.core.errors import BundleError, WeightsError
from tfft.keras_files.net_sizes import check

LAYERS, OPS = keras.layers, keras.ops


def written(inputs: Any, outputs: Any) -> Any:
    return json.loads(json.dumps(keras.saving.serialize_keras_object(keras.Model(inputs, outputs))))


def test_operations_with_constant_arguments_are_accepted() -> None:
    image = keras.Input((8, 8, 3))
    x = OPS.where(image > 0, image, -1e9) + 2**31
    x = OPS.pad(OPS.tile(OPS.reshape(x, (-1, 64, 3)), [1, 2, 1]), [[0, 0], [6000, 6000], [0, 0]])
    first, *_ = OPS.split(x, [100, 11_000], axis=1)
    first = OPS.take(first, list(range(50)), axis=1)
    check(written(image, OPS.clip(first, 0, 2**31 - 1)), "'m.tfft'")


def test_lists_of_tensors_and_tensors_as_options_are_accepted() -> None:
    tokens, mask = keras.Input((8,), dtype="int32"), keras.Input((8,), dtype="int32")
    x = LAYERS.Embedding(300_000, 4)(tokens)
    x = LAYERS.MultiHeadAttention(2, 4)(x, value=x, attention_mask=mask[:, None, :])
    check(written([tokens, mask], LAYERS.Concatenate()([x, x])), "'m.tfft'")


def test_constants_of_a_normalization_layer_are_accepted() -> None:
    image = keras.Input((224, 224, 3))
    pixels = LAYERS.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 1.0])(image)
    check(written(image, LAYERS.Dropout(0.5, seed=2**31)(pixels)), "'m.tfft'")


def test_nodes_in_the_format_of_keras_2_are_accepted() -> None:
    check({"class_name": "Add", "config": {}, "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]}, "'m.tfft'")


def test_the_limits_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"module": "keras.layers", "class_name": "UpSampling1D", "config": {"size": 2**29}}
    with pytest.raises(
        WeightsError, match=r"size in UpSampling1D of the net in 'a': 536,870,912 values .*TFFT_MAX_NET_VALUES"
    ):
        check(config, "'a'", WeightsError)
    monkeypatch.setenv("TFFT_MAX_NET_VALUES", str(2**29))
    check(config, "'a'", WeightsError)


def test_numbers_of_a_trusted_class_are_not_checked() -> None:
    check({"module": "mine", "class_name": "Hashed", "config": {"salt": 2**40}}, "'a'")
    with pytest.raises(BundleError):
        check({"module": "keras.layers", "class_name": "Hashed", "config": {"salt": 2**40}}, "'a'")
