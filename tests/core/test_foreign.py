"""Users' own code is found anywhere in a net, and distinguished from code of Keras."""

import functools
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfft.core.foreign import is_foreign


def own(x):
    return x


class Layer(keras.layers.Layer):
    pass


class Initializer(keras.initializers.Initializer):
    pass


def decorated(function):
    return functools.wraps(function)(lambda *values: function(*values))


def patched():
    layer = keras.layers.Dense(2)
    layer.call = lambda inputs: inputs
    return layer


class Callable:
    def __call__(self, x):
        return x


OWN = {
    "function": own,
    "lambda": lambda x: x,
    "layer": Layer(),
    "class": Layer,
    "method": Layer().call,
    "instance": Callable(),
    "activation": keras.layers.Dense(2, activation=own),
    "initializer": keras.layers.Dense(2, kernel_initializer=Initializer()),
    "partial": functools.partial(keras.ops.relu),
    "decorated function of Keras": decorated(keras.activations.relu),
    "compiled function": tf.function(own),
    "vectorised function": np.vectorize(own),
    "patched layer": patched(),
    "inside a list": [1, {"a": (keras.layers.Dense(2), own)}],
    "inside a wrapper": keras.layers.TimeDistributed(Layer()),
    "inside a recurrent layer": keras.layers.LSTM(2, activation=own),
}


@pytest.mark.parametrize("value", OWN.values(), ids=OWN)
def test_own_code_is_found(value):
    assert is_foreign(value)


THEIRS = {
    "layer": keras.layers.Dense(2, activation="gelu"),
    "norm": keras.layers.BatchNormalization(),
    "attention": keras.layers.MultiHeadAttention(2, 2),
    "dropout": keras.layers.Dropout(0.5),
    "recurrent": keras.layers.Bidirectional(keras.layers.LSTM(2)),
    "function": keras.activations.relu,
    "class": keras.layers.Dense,
    "arrays": [np.zeros(3), np.float32(1)],
    "constants": [1, 2.5, "x", None, tf.constant([1.0]), {"a": (True,)}],
}


@pytest.mark.parametrize("value", THEIRS.values(), ids=THEIRS)
def test_code_of_keras_is_not_foreign(value):
    assert not is_foreign(value)


def test_a_class_of_keras_whose_call_was_replaced_is_own_code(monkeypatch):
    assert not is_foreign(keras.layers.Dense(2))
    monkeypatch.setattr(keras.layers.Dense, "call", lambda self, inputs: inputs)
    assert is_foreign(keras.layers.Dense(2))


def test_a_file_with_the_name_of_a_module_of_python_is_own_code(monkeypatch, tmp_path):
    module = types.ModuleType("colorsys")
    module.__file__ = str(tmp_path / "colorsys.py")
    exec("def function(x): return x", module.__dict__)
    monkeypatch.setitem(sys.modules, "colorsys", module)
    assert "colorsys" in sys.stdlib_module_names
    assert is_foreign(module.function)


def test_values_that_contain_themselves_cause_no_endless_loop():
    ring = [keras.layers.Dense(2)]
    ring.append(ring)
    assert not is_foreign(ring)
