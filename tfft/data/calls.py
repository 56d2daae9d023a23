"""Write a call of a ``tfft.data`` function as text, so that a run can record how its data was read."""

import ast
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

_LONGEST = 200


def as_call(function: Callable[..., Any], given: Mapping[str, Any]) -> str:
    """Write a call with the arguments that differ from their defaults.

    Args:
        function: A function that users call as ``tfft.data.<name>``.
        given: Its arguments by name. A value without a short text, such as an array of any shape, is written as the name of its
            argument.

    Returns:
        Python code.

    Example:
        >>> def from_folder(folder, seed=0, parts=None): ...
        >>> as_call(from_folder, {"folder": Path("flowers"), "seed": 3, "parts": None})
        "tfft.data.from_folder('flowers', seed=3)"
    """
    words = []
    for name, parameter in signature(function).parameters.items():
        value = given[name]
        if parameter.kind is Parameter.VAR_KEYWORD:
            words += [f"{key}={_text(key, of_key)}" for key, of_key in value.items() if of_key is not None]
        elif parameter.default is Parameter.empty:
            words.append(_text(name, value))
        elif type(value) is not type(parameter.default) or value != parameter.default:
            words.append(f"{name}={_text(name, value)}")
    return f"tfft.data.{function.__name__}({', '.join(words)})"


def as_lines(source: str) -> str:
    """Write a program that reads data.

    Args:
        source: The call that reads it, as from ``as_call``; it may name arguments that have no short text, such as an array of any
            shape.

    Returns:
        Lines of Python code: the imports, a comment that asks for the named arguments, and the call.

    Example:
        >>> print(as_lines("tfft.data.from_arrays(images, targets=targets)"))
        import tfft
        <BLANKLINE>
        # first define images and targets, as in the program of this run
        data = tfft.data.from_arrays(images, targets=targets)
        <BLANKLINE>
    """
    module = source.partition("(")[0].rpartition(".")[0]
    imports = "import tfft\n" + (f"import {module}\n" if module.startswith("tfft.") and module != "tfft.data" else "")
    named = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)} - {"tfft"}
    asked = f"# first define {' and '.join(sorted(named))}, as in the program of this run\n" if named else ""
    return f"{imports}\n{asked}data = {source}\n"


def _text(name: str, value: Any) -> str:
    text = repr(_plain(value)) if _is_plain(value) else name
    return text if len(text) <= _LONGEST else name


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, (*value.keys(), *value.values())))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int, float, Path))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    return str(value) if isinstance(value, Path) else value
