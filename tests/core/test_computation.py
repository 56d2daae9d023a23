"""The hash of users' code is the same in every process, and changes as soon as the code computes something else."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.core import strategy
from tfft.core.computation import UnknownError, digest, own_code

# defined as in a notebook, without a source file
SOURCE = """
import functools, keras

SCALE = 2.0

def helper(x):
    return x + 1.0

def twice(function):
    @functools.wraps(function)
    def inner(x):
        return function(x) * 4.0
    return inner

def powered(x, exponent):
    return x ** exponent

class Base(keras.layers.Layer):
    def shift(self, x):
        return x - 3.0

class Mine(Base):
    def call(self, x, factor=5.0):
        return helper(self.shift(x)) * SCALE * factor

class Curve:
    def __init__(self, slope):
        self.slope = slope
    def __call__(self, x):
        return x * self.slope + 6.0

@twice
def decorated(x):
    return x - 7.0

def closing(value):
    def closed(x):
        return x * value
    return closed

def nested(x):
    return keras.ops.cond(keras.ops.sum(x) > 8.0, lambda: x, lambda: x * 9.0)

def layer():
    return Mine()

def curve():
    return keras.layers.Activation(Curve(10.0))

def lambda_activation():
    return keras.layers.Dense(3, activation=lambda x: x * 11.0)

def closure():
    return keras.layers.Activation(closing(12.0))

def partial():
    return keras.layers.Activation(functools.partial(powered, exponent=13.0))

def wrapped():
    return keras.layers.Activation(decorated)

def branches():
    return keras.layers.Activation(nested)

def raw():
    return lambda x: keras.ops.map(lambda row: row * 14.0, x)
"""


def made(name, source=SOURCE):
    names = {"__name__": "__main__"}
    exec(compile(source, "<notebook>", "exec"), names)
    inputs = keras.Input((3,))
    return keras.Model(inputs, names[name]()(inputs))


CHANGES = [
    ("layer", "x - 3.0", "a method of the base class"),
    ("layer", "x + 1.0", "a function that the layer calls"),
    ("layer", "SCALE = 2.0", "a constant of the module"),
    ("layer", "factor=5.0", "a default argument"),
    ("layer", "SCALE * factor", "the body"),
    ("curve", "slope + 6.0", "the call of an instance"),
    ("curve", "Curve(10.0)", "an attribute of an instance"),
    ("lambda_activation", "x * 11.0", "a lambda"),
    ("closure", "closing(12.0)", "a value in a closure"),
    ("partial", "exponent=13.0", "an argument of a partial"),
    ("partial", "x ** exponent", "the function of a partial"),
    ("wrapped", "x - 7.0", "a decorated function"),
    ("wrapped", "function(x) * 4.0", "the decorator"),
    ("branches", "x * 9.0", "a branch"),
    ("branches", "> 8.0", "a condition"),
    ("raw", "row * 14.0", "a function that an operation takes"),
]


def changed(text):
    return SOURCE.replace(text, text.replace(".0", ".5") if ".0" in text else f"({text}) + 1")


@pytest.mark.parametrize(("name", "text", "what"), CHANGES, ids=[what for _, _, what in CHANGES])
def test_the_digest_changes_exactly_when_the_code_changes(name, text, what):
    assert SOURCE.count(text) == 1
    before = digest([made(name)])
    assert before == digest([made(name)]) != ""
    assert before != digest([made(name, changed(text))]), what


def test_comments_and_names_do_not_change_the_digest():
    other = SOURCE.replace("helper", "assistant").replace(
        "    return x + 1.0", '    """Adds."""\n    return x + 1.0  # one'
    )
    assert digest([made("layer")]) == digest([made("layer", other)])


PRINTED = """
import sys
sys.path.insert(0, sys.argv[1])
from test_computation import made, digest, CHANGES
print(*(digest([made(name)]) for name in sorted({name for name, _, _ in CHANGES})))
"""


@pytest.mark.slow
def test_the_digest_is_the_same_in_another_process():
    here = [digest([made(name)]) for name in sorted({name for name, _, _ in CHANGES})]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PRINTED, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout.split() == here


class Holding(keras.layers.Layer):
    def __init__(self, constant, tensor, variable, **options):
        super().__init__(**options)
        self.constant, self.tensor, self.plain = constant, tf.constant(tensor), tf.Variable(variable)
        self.dense = keras.layers.Dense(3)

    def call(self, inputs):
        return self.dense(inputs * self.constant + self.tensor) * self.plain


def holding(constant=(1.0, 2.0, 3.0), tensor=(1.0, 2.0, 3.0), variable=(1.0, 2.0, 3.0)):
    inputs = keras.Input((3,))
    return keras.Model(inputs, Holding(np.float32(constant), tensor, variable)(inputs))


def test_values_of_arrays_tensors_and_variables_change_the_digest_except_weights():
    net = holding()
    before = digest([net])
    assert digest([holding()]) == before
    net.layers[1].dense.kernel.assign_add(np.ones((3, 3)))
    assert digest([net]) == before, "weights are hashed elsewhere"
    others = [holding((1.0, 2.0, 4.0)), holding(tensor=(1.0, 2.0, 4.0)), holding(variable=(1.0, 2.0, 4.0))]
    assert len({before, *(digest([other]) for other in others)}) == 4


def called(function):
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return function(inputs)

    inputs = keras.Input((3,))
    return keras.Model(inputs, Own()(inputs))


def test_tf_functions_inside_are_hashed_by_their_computation():
    def compiled(factor):
        return called(
            tf.function(lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * factor), (0, x))[1])
        )

    assert digest([compiled(2.0)]) == digest([compiled(2.0)])
    assert digest([compiled(2.0)]) != digest([compiled(3.0)])


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: tf.ensure_shape(tf.py_function(lambda y: y, [x], tf.float32), x.shape), "PyFunc"),
        (lambda x: tf.ensure_shape(tf.numpy_function(lambda y: y, [x], tf.float32), x.shape), "PyFunc"),
        (lambda x: x + tf.random.normal((3,)), "RandomStandardNormal"),
        (lambda x: x + tf.strings.to_number(tf.io.read_file("number.txt")), "ReadFile"),
    ],
    ids=["py_function", "numpy_function", "chance", "a file"],
)
def test_results_that_the_graph_does_not_determine_raise_an_error(function, reason):
    with pytest.raises(UnknownError, match=rf"Own 'own\w*' .*{reason}"):
        digest([called(function)])


def test_code_that_cannot_be_traced_raises_an_error():
    calls = []

    def once(x):
        calls.append(1)
        return x if len(calls) == 1 else x / {}["no such key"]

    with pytest.raises(UnknownError, match="cannot be traced: KeyError"):
        digest([called(once)])


def test_a_lookup_table_raises_an_error():
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [2.0]), 0.0)
    with pytest.raises(UnknownError, match="LookupTableFindV2"):
        digest([called(lambda x: x * table.lookup(tf.constant([1])))])


def test_nets_of_keras_contain_no_foreign_code():
    for handle in ("toy", "toy_text"):
        assert digest([tfft.load_backbone(handle).load()]) == ""
    inputs = keras.Input((32, 32, 3))
    nets = [keras.applications.MobileNetV3Small(weights=None, include_top=False, input_tensor=inputs)]
    assert own_code(nets[0]) == []


def test_foreign_code_in_nested_nets_is_found():
    inner = made("layer")
    inputs = keras.Input((3,))
    outer = keras.Model(inputs, keras.layers.Dense(2)(inner(inputs)))
    assert [type(node.operation).__name__ for node in own_code(outer)] == ["Functional"]
    other = keras.Model(inputs, keras.layers.Dense(2)(made("layer", changed("x + 1.0"))(inputs)))
    assert digest([outer]) != digest([other])


def test_a_keras_activation_with_own_arguments_is_foreign_code():
    def net(slope):
        inputs = keras.Input((3,))
        activation = functools.partial(keras.activations.leaky_relu, negative_slope=slope)
        return keras.Model(inputs, keras.layers.Dense(3, activation=activation)(inputs))

    assert digest([net(0.1)]) == digest([net(0.1)]) != digest([net(0.2)])


def test_distributed_weights_are_recognised_as_weights():
    with strategy.scope(strategy.resolve("mirrored")):
        net = holding()
        before = digest([net])
        net.layers[1].dense.kernel.assign_add(np.ones((3, 3)))
        assert digest([net]) == before
