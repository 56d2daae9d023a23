"""Find which functions of a graph call each other: through attributes, lists of attributes, or operations."""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_DEPTH, MOST_OPERATIONS = 100, 10_000_000
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def named_in(value: Any) -> Iterator[str]:
    """Yield the names of functions in an attribute.

    Args:
        value: An ``AttrValue``.

    Yields:
        Each name, including names in attributes of functions.
    """
    ahead = [value]
    while ahead:
        value = ahead.pop()
        kind = value.WhichOneof("value")
        for function in (value.func,) if kind == "func" else value.list.func if kind == "list" else ():
            yield function.name
            ahead += function.attr.values()


def called(node: Any, functions: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the functions that a node may call.

    Args:
        node: A ``NodeDef``.
        functions: Function name -> ``FunctionDef``.

    Yields:
        Each name, even if no such function exists.
    """
    if node.op in functions:
        yield node.op
    for value in node.attr.values():
        yield from named_in(value)


def passed(node: Any, functions: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the function and the inputs of a plain call.

    Args:
        node: A ``NodeDef``.
        functions: Function name -> ``FunctionDef``.

    Returns:
        The name of the function, and the inputs for its arguments in order. The name is empty when the node is not a plain call.
    """
    name = node.attr["f"].func.name if node.op in _CALLS else ""
    if name not in functions:
        return "", []
    arguments = functions[name].signature.input_arg
    inputs = [text for text in node.input if not text.startswith("^")]
    single = all(not (argument.number_attr or argument.type_list_attr) for argument in arguments)
    return (name, inputs) if single and len(inputs) == len(arguments) else ("", [])


def callees(functions: Mapping[str, Any]) -> dict[str, set[str]]:
    """List the functions that each function may call.

    Args:
        functions: Function name -> ``FunctionDef``.

    Returns:
        Function name -> the names in its body, in its own attributes and in those of its arguments.
    """
    found = {}
    for name, function in functions.items():
        names = {called_name for node in function.node_def for called_name in called(node, functions)}
        values = [*function.attr.values()]
        values += [value for argument in function.arg_attr.values() for value in argument.attr.values()]
        found[name] = names | {each for value in values for each in named_in(value)}
    return found


def unfolding(functions: Mapping[str, Any], calls: Mapping[str, set[str]]) -> str:
    """Find recursion or too many calls: TensorFlow copies the body of a called function to the place of each call.

    Args:
        functions: Function name -> ``FunctionDef``.
        calls: The result of ``callees``.

    Returns:
        Part of a sentence that says what is wrong; empty when nothing is wrong.
    """
    depths: dict[str, int] = {}
    sizes: dict[str, int] = {}
    left = dict(functions)
    while left:
        ready = [name for name in left if all(each in depths for each in calls[name] if each in functions)]
        if not ready or max(depths.values(), default=0) > MOST_DEPTH:
            return "functions that call themselves, or each other too deep"
        for name in ready:
            function = left.pop(name)
            inside = [each for node in function.node_def for each in called(node, functions) if each in functions]
            depths[name] = 1 + max((depths[each] for each in calls[name] if each in functions), default=0)
            sizes[name] = len(function.node_def) + sum(sizes[each] for each in inside)
            if sizes[name] > MOST_OPERATIONS:
                return f"functions that unfold to more than {MOST_OPERATIONS:,} operations"
    return ""
