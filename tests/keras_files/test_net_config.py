"""Configurations of harmless nets are accepted. Hostile ones are in tests/attacks/test_keras_classes.py."""

import json
from typing import Any

import keras
import pytest

from tfft.core.errors import BundleError, WeightsError
from tfft.keras_files.net_config import check, registered

LAYERS = keras.layers


def written(*layers: Any) -> Any:
    net = keras.Sequential([keras.Input((8, 8, 3)), *layers])
    return json.loads(json.dumps(keras.saving.serialize_keras_object(net)))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: LAYERS.Conv2D(2, 3, activation="gelu", kernel_regularizer="l2", kernel_constraint="max_norm"),
        lambda: LAYERS.Conv2D(2, 3, activation=keras.activations.relu, dtype="mixed_bfloat16"),
        lambda: LAYERS.TimeDistributed(LAYERS.LSTM(2)),
        lambda: LAYERS.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 1.0]),
        lambda: LAYERS.Pipeline([LAYERS.RandomFlip(), LAYERS.RandomRotation(0.1)]),
        lambda: keras.Sequential([LAYERS.Dense(2), LAYERS.BatchNormalization()]),
    ],
)
def test_standard_layers_are_accepted(layer: Any) -> None:
    check(written(layer()), "'m.tfft'")


def test_operations_and_indices_are_accepted() -> None:
    image = keras.Input((8, 8, 3))
    part = keras.ops.relu(image / 255.0 - 0.5)[:, 1:, ..., :2]
    net = keras.Model(image, keras.ops.concatenate([part, keras.ops.where(part > 0, part, 0.0)], axis=-1))
    check(json.loads(json.dumps(keras.saving.serialize_keras_object(net))), "'m.tfft'")


def test_a_compiled_net_inside_a_net_is_accepted() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), LAYERS.Dense(2)])
    inner.compile("adam", "mse", metrics=["accuracy"])
    check(written(inner), "'m.tfft'")


def test_the_error_has_the_requested_class() -> None:
    config = {"module": "keras.layers", "class_name": "Lambda", "config": {}}
    with pytest.raises(WeightsError, match=r"in 'a\.keras' contains a layer that could run code"):
        check(config, "'a.keras'", WeightsError)
    with pytest.raises(BundleError):
        check([config], "'a.keras'")


def test_only_classes_of_the_user_count_as_registered() -> None:
    import keras_hub  # noqa: F401  registers layers of its own and of tensorflow-text

    before = registered()
    libraries = {"keras", "keras_hub", "tensorflow", "tensorflow_text", "tf_keras", "tfft"}
    assert not libraries & {each.__module__.partition(".")[0] for each in before}

    @keras.saving.register_keras_serializable("of_a_user")
    class Doubled(keras.layers.Layer):
        pass

    try:
        assert set(registered()) - set(before) == {Doubled}
    finally:
        keras.saving.get_custom_objects().pop("of_a_user>Doubled")
