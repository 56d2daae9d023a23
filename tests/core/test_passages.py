"""The calls that a tensor depends on, and the single tensors that all data to it passes through."""

import keras
import pytest

from tfft.core.passages import before, passages


@pytest.fixture
def net():
    pixels = keras.Input((8, 8, 3))
    stem = keras.layers.Conv2D(4, 3, padding="same", name="stem")(pixels)
    branch = keras.layers.Conv2D(4, 3, padding="same", name="branch")(stem)
    joined = keras.layers.Add(name="joined")([stem, branch])
    side = keras.layers.Conv2D(1, 1, name="side")(branch)
    return keras.Model(pixels, [joined, side])


def names(calls):
    return [node.operation.name for node in calls]


def test_a_tensor_depends_exactly_on_the_calls_before_it(net):
    assert names(before(net, net.outputs[0])) == ["stem", "branch", "joined"]
    assert names(before(net, net.outputs[1])) == ["stem", "branch", "side"]
    assert before(net, net.inputs[0]) == []


def test_calls_inside_a_skip_connection_are_not_passages(net):
    assert names(passages(net, net.outputs[0])) == ["stem", "joined"]
    assert names(passages(net, net.outputs[1])) == ["stem", "branch", "side"]


def test_plain_operations_are_passages_but_an_input_that_is_read_twice_is_not():
    pixels = keras.Input((4,))
    doubled = pixels + pixels
    twice, once = doubled * pixels, doubled * 2
    assert [node.outputs[0] is twice for node in passages(keras.Model(pixels, twice), twice)] == [True]
    assert len(passages(keras.Model(pixels, once), once)) == 2
