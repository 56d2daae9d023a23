"""Find the arguments of a graph function that an output depends on."""

from collections.abc import Iterable, Mapping
from typing import Any

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def used(functions: Mapping[str, Any], name: str, output: int) -> frozenset[int]:
    """Find the arguments that an output of a function depends on.

    Calls of unknown functions count as depending on all their inputs.

    Args:
        functions: Function name -> ``FunctionDef``; tensors may have any shape.
        name: The name of the function.
        output: The position of the output.

    Returns:
        The positions of the arguments.
    """
    return _used(functions, name, output, {})


def _used(
    functions: Mapping[str, Any], name: str, output: int, known: dict[tuple[str, int], frozenset[int]]
) -> frozenset[int]:
    if (name, output) in known:
        return known[name, output]
    known[name, output] = frozenset()  # in case the function calls itself
    function = functions[name]
    arguments = {argument.name: number for number, argument in enumerate(function.signature.input_arg)}
    nodes = {node.name: node for node in function.node_def}
    found: set[int] = set()
    seen: set[str] = set()
    ahead = [function.ret[function.signature.output_arg[output].name]]
    while ahead:
        tensor = ahead.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        source, *place = tensor.split(":")
        if source in arguments:
            found.add(arguments[source])
            continue
        node = nodes[source]
        inputs = [text for text in node.input if not text.startswith("^")]
        called = node.attr["f"].func.name if node.op in _CALLS else ""
        if called in functions:
            number = int(place[-1]) if place else 0
            inputs = [inputs[index] for index in sorted(_used(functions, called, number, known))]
        ahead += inputs
    known[name, output] = frozenset(found)
    return known[name, output]


def order(functions: Mapping[str, Any], name: str) -> list[int]:
    """List the arguments of a function in the order in which it reads them.

    Args:
        functions: Function name -> ``FunctionDef``; tensors may have any shape.
        name: The name of the function.

    Returns:
        The positions of the arguments, without arguments that are never read.
    """
    return _order(functions, name, {})


def _order(functions: Mapping[str, Any], name: str, known: dict[str, list[int]]) -> list[int]:
    if name in known:
        return known[name]
    known[name] = []  # in case the function calls itself
    function = functions[name]
    arguments = {argument.name: number for number, argument in enumerate(function.signature.input_arg)}
    found: dict[int, None] = {}
    for node in function.node_def:
        inputs = [text.partition(":")[0] for text in node.input if not text.startswith("^")]
        called = node.attr["f"].func.name if node.op in _CALLS else ""
        if called in functions:
            inputs = [inputs[index] for index in _order(functions, called, known)]
        found |= {arguments[text]: None for text in inputs if text in arguments}
    known[name] = list(found)
    return known[name]


def by_name(library: Iterable[Any]) -> dict[str, Any]:
    """Index the functions of a graph by name.

    Args:
        library: The field ``graph_def.library.function``.

    Returns:
        Function name -> ``FunctionDef``; tensors may have any shape.
    """
    return {function.signature.name: function for function in library}
