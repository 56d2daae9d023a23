"""Python functions in TensorFlow's graphs, kept as long as the dataset that calls them and no longer."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf


def owned(dataset: "tf.data.Dataset", *functions: Callable[..., Any]) -> "tf.data.Dataset":
    """Let a dataset own the functions that its ``tf.numpy_function`` calls.

    TensorFlow 2.21 enters each of them into a list at the outermost graph, which lives as long as the process; with the function
    stay all examples that it reads, and the tokenizer. Datasets made of this one and their iterators hold it, and so the functions.

    Args:
        dataset: Whose graph has just been traced.
        functions: As they were given to ``tf.numpy_function``.

    Returns:
        The same dataset.

    Example:
        >>> import numpy as np, tensorflow as tf
        >>> def double(value): return 2 * value
        >>> dataset = tf.data.Dataset.range(3).map(lambda value: tf.numpy_function(double, [value], tf.int64))
        >>> list(owned(dataset, double).batch(3).as_numpy_iterator())
        [array([0, 2, 4])]
    """
    import tensorflow as tf

    graph: Any = tf.compat.v1.get_default_graph()
    while (outer := getattr(graph, "outer_graph", None)) is not None:
        graph = outer
    known: list[Any] = getattr(graph, "_py_funcs_used_in_graph", [])
    found = [entry for entry in list(known) if any(inspect.unwrap(entry) is function for function in functions)]
    for entry in found:
        known.remove(entry)
    dataset._tfft_functions = [*getattr(dataset, "_tfft_functions", ()), *found]
    return dataset
