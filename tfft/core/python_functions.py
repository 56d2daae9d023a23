"""Free the Python functions in TensorFlow's graphs together with the dataset that calls them."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf


def owned(dataset: "tf.data.Dataset", *functions: Callable[..., Any]) -> "tf.data.Dataset":
    """Let a dataset own the functions that its ``tf.numpy_function`` calls.

    TensorFlow 2.21 adds each function to a list of the outermost graph, which lives as long as the process. The function would keep
    its tokenizer and examples in memory. Datasets and iterators made from this dataset keep it and its functions alive.

    Args:
        dataset: The dataset; its functions have just been traced.
        functions: The functions that were passed to ``tf.numpy_function``.

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
