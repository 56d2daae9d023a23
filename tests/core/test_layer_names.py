"""Unnamed Keras layers get the same names each time."""

import keras
import pytest

import tfft
from tfft.core.layer_names import own_names


def test_numbers_start_from_zero_inside_and_continue_outside() -> None:
    before = keras.layers.ReLU().name
    with own_names():
        assert [keras.layers.ReLU().name for _ in range(2)] == ["re_lu", "re_lu_1"]
    after = keras.layers.ReLU().name
    assert int(after.rpartition("_")[2]) == int(before.removeprefix("re_lu").lstrip("_") or 0) + 1


def test_numbers_continue_after_an_error() -> None:
    names = {keras.layers.ReLU().name}
    with pytest.raises(KeyError), own_names():
        raise KeyError
    names.add(keras.layers.ReLU().name)
    assert len(names) == 2


def test_a_second_net_of_unnamed_layers_has_the_same_variable_names() -> None:
    described = tfft.load_backbone("xception", weights=None, size=71)
    first, second = described.load(), described.load()
    assert [v.path for v in first.weights] == [v.path for v in second.weights]
    assert first.layers[-1].output.shape == second.output.shape
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
