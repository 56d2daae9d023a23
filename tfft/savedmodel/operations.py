"""Ensure that a SavedModel from other people only computes: all its operations must be on a list of allowed operations.

TensorFlow adds operations that save and restore. tfft removes them before it loads a SavedModel, and refuses any graph that needs
one of them. It does not trust their names. The remaining operations are on the list, fill tables from the module's own assets, or
restore the module's own checkpoint.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tfft.savedmodel.allowed_operations import ALLOWED
from tfft.savedmodel.graph_calls import callees, unfolding
from tfft.savedmodel.graph_files import assets, foreign_files, foreign_names
from tfft.savedmodel.saver import SAVING, without_saver

_SAVER = ("__inference__traced_save", "__inference__traced_restore")
_CLASSES = ("", "tf.StaticHashTable", "tf.TrackableConstant")


def refused(graph: Any) -> list[str]:
    """List the parts of a graph that are not allowed, because they do something other than compute their outputs.

    Args:
        graph: A ``MetaGraphDef``, with tensors of any shape; it is not changed.

    Returns:
        The sorted names of refused operations, functions and files; empty when the graph only computes.
    """
    copied = type(graph)()
    copied.CopyFrom(graph)
    return cleaned(copied)


def cleaned(graph: Any) -> list[str]:
    """Remove from a graph the operations that save or restore, except those that TensorFlow's loader runs to restore.

    Args:
        graph: A ``MetaGraphDef``, with tensors of any shape; it is changed in place.

    Returns:
        The same names as ``refused``. Load the graph only when there are no names.
    """
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    savers = {name for name, function in functions.items() if name.startswith(_SAVER) and _saves(function)}
    problems = {
        *_twice(graph),
        *foreign_names(graph),
        *_operations(functions, savers),
        *_entries(graph, functions, savers),
    }
    calls = callees(functions)
    problems |= {_call(each) for names in calls.values() for each in names if each in savers or each not in functions}
    problems |= {
        f"the class {node.registered_name}" for node in _objects(graph) if node.registered_name not in _CLASSES
    }
    tangle = unfolding(functions, calls)
    problems |= {tangle} if tangle else set()
    problems |= set(without_saver(graph, functions, savers))
    library = graph.graph_def.library.function
    for place in reversed(range(len(library))):
        if library[place].signature.name in savers:
            del library[place]
    if not tangle:
        problems |= set(foreign_files(graph, {name: body for name, body in functions.items() if name not in savers}))
    _emptied(graph)
    return sorted(problems)


def _objects(graph: Any) -> Any:
    return graph.object_graph_def.nodes


def _call(name: str) -> str:
    saver = next((known for known in _SAVER if name.startswith(known)), name)
    return f"a call of {saver[:100]}"


def _saves(function: Any) -> bool:
    return any(node.op in SAVING for node in function.node_def)


def _operations(functions: Mapping[str, Any], savers: set[str]) -> Iterator[str]:
    for name, function in functions.items():
        known = ALLOWED | SAVING if name in savers else ALLOWED
        yield from (node.op for node in function.node_def if node.op not in known and node.op not in functions)


def _entries(graph: Any, functions: Mapping[str, Any], savers: set[str]) -> Iterator[str]:
    """Yield functions that can be called from outside the graph, but save or restore, or do not exist."""
    library = graph.graph_def.library
    names = [*graph.object_graph_def.concrete_functions]
    for node in _objects(graph):
        names += [*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name]
        names.append(node.captured_tensor.concrete_function)
    names += [each.gradient_func for each in library.registered_gradients]
    names += [name for each in library.gradient for name in (each.function_name, each.gradient_func)]
    yield from (_call(name) for name in names if name and (name in savers or name not in functions))


def _twice(graph: Any) -> Iterator[str]:
    """Yield names that occur twice: TensorFlow could use a different one than the checked one."""
    library = graph.graph_def.library.function
    names = [[function.signature.name for function in library], [node.name for node in graph.graph_def.node]]
    for function in library:
        names.append([argument.name for argument in function.signature.input_arg])
        names[-1] += [node.name for node in function.node_def]
    yield from (f"two of the name {name[:100]}" for some in names for name, count in Counter(some).items() if count > 1)


def _emptied(graph: Any) -> None:
    """Clear the paths in assets. The TF1 loader sets them when it fills tables; later calls must not use the file's paths."""
    own = {re.sub(r":\d+$", "", asset.tensor_info.name) for asset in assets(graph)}
    for node in graph.graph_def.node:
        if node.name in own and node.op == "Const":
            node.attr["value"].tensor.tensor_content = b""
            node.attr["value"].tensor.string_val[:] = [b""]
