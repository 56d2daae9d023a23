"""The functions that a function calls are found."""

import tensorflow as tf

from tfft.savedmodel.graph_calls import MOST_DEPTH, callees, named_in, passed, unfolding

Value = tf.compat.v1.AttrValue


def library(**calls):
    """Make a library from function name -> names of the functions that it calls."""
    graph = tf.compat.v1.GraphDef()
    for name, names in calls.items():
        function = graph.library.function.add()
        function.signature.name = name
        for place, other in enumerate(names):
            node = function.node_def.add(name=f"n{place}", op="PartitionedCall")
            node.attr["f"].func.name = other
    return {function.signature.name: function for function in graph.library.function}


def test_names_are_found_in_lists_and_inside_functions():
    value = Value()
    value.list.func.add().name = "a"
    value.list.func.add().attr["g"].list.func.add().name = "b"
    assert set(named_in(value)) == {"a", "", "b"}


def test_names_are_found_in_every_attribute():
    functions = library(a=["b"], b=[], c=[])
    functions["b"].node_def.add(name="x", op="c")
    functions["c"].attr["kept"].func.name = "d"
    functions["c"].arg_attr[0].attr["kept"].func.name = "e"
    assert callees(functions) == {"a": {"b"}, "b": {"c"}, "c": {"d", "e"}}


def test_a_plain_call_passes_its_inputs_in_order():
    functions = library(a=["b"], b=[])
    functions["b"].signature.input_arg.add().name = "x"
    functions["b"].signature.input_arg.add().name = "y"
    node = functions["a"].node_def[0]
    node.input.extend(["p", "q:0", "^r"])
    assert passed(node, functions) == ("b", ["p", "q:0"])
    node.input.append("s")
    assert passed(node, functions) == ("", [])


def test_calls_that_end_are_accepted():
    functions = library(a=["b", "b", "c"], b=["c"], c=[])
    assert unfolding(functions, callees(functions)) == ""


def test_recursive_functions_and_too_many_calls_are_reported():
    circle = library(a=["b"], b=["a"])
    assert "call themselves" in unfolding(circle, callees(circle))
    deep = library(**{f"f{n}": [f"f{n + 1}"] if n < 2 * MOST_DEPTH else [] for n in range(2 * MOST_DEPTH + 1)})
    assert "too deep" in unfolding(deep, callees(deep))
    wide = library(**{f"f{n}": [f"f{n + 1}"] * 2 if n < 60 else [] for n in range(61)})
    assert "unfold to more than" in unfolding(wide, callees(wide))
