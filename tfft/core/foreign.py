"""Decide whether a value in a net contains code from outside Keras, KerasHub, TensorFlow, Python and tfft."""

import sys
import sysconfig
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_OURS = frozenset(("keras", "keras_hub", "tensorflow", "numpy", "jax", "tfft", "builtins"))
_DEEP = 20
_PLAIN = frozenset((str, bytes, int, float, complex, bool, types.NoneType, types.EllipsisType))
# Keras classes that hold only numbers, which are hashed elsewhere
_NUMBERS = frozenset(("Variable", "KerasTensor", "SeedGenerator", "DTypePolicy", "DynamicBackend"))


def is_foreign(value: Any) -> bool:
    """Return whether using a value may run code of the user or of another library.

    When in doubt the answer is True, because a wrong True only costs time.

    Args:
        value: A layer or another operation, a function, an array of any shape, or containers of them.

    Returns:
        False only when all of its code belongs to the known libraries.

    Example:
        >>> import functools, keras
        >>> clipped = functools.partial(keras.ops.clip, x_min=0, x_max=6)
        >>> is_foreign(keras.layers.Dense(2, activation="relu")), is_foreign(keras.layers.Dense(2, activation=clipped))
        (False, True)
    """
    return _brings(value, set(), 0)


def _brings(value: Any, seen: set[int], depth: int) -> bool:
    if type(value) in _PLAIN or id(value) in seen:
        return False
    seen.add(id(value))
    if depth > _DEEP:
        return True
    if isinstance(value, types.MethodType):
        return any(_brings(part, seen, depth + 1) for part in (value.__func__, value.__self__))
    if isinstance(value, types.FunctionType):
        return _is_written(value, seen, depth)
    if isinstance(value, type):
        return _is_foreign_class(value)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)) and _is_ours(type(value).__module__):
        parts = [*value, *value.values()] if isinstance(value, Mapping) else list(value)
        return any(_brings(part, seen, depth + 1) for part in parts)
    return _is_made(value, seen, depth)


def _is_written(function: Any, seen: set[int], depth: int) -> bool:
    """Check a function by the module of its code, because decorators copy names; and check its closure."""
    closed = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    parts = [*closed, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return not _is_ours(function.__globals__.get("__name__", "")) or any(
        _brings(part, seen, depth + 1) for part in parts
    )


def _is_made(value: Any, seen: set[int], depth: int) -> bool:
    """Check an instance by its class; for Keras objects, check the attributes as well."""
    kind: Any = type(value)
    if _is_foreign_class(kind):
        return True
    root = kind.__module__.partition(".")[0]
    if root != "builtins" and _is_of_python(root):
        # a partial holds a function; locks and similar objects do not
        return root == "functools"
    if root == "numpy":
        # np.vectorize and np.frompyfunc call a function; arrays hold only numbers
        return callable(value)
    if root == "tensorflow":
        # a tf.function or a module; tensors and variables are not callable and hold no code
        return callable(value)
    if root not in ("keras", "keras_hub") or kind.__name__ in _NUMBERS:
        return False
    call = getattr(kind, "call", None)
    held = [part for name, part in getattr(value, "__dict__", {}).items() if not _is_of_keras(name)]
    return any(_brings(part, seen, depth + 1) for part in (call, *held))


def _is_ours(module: Any) -> bool:
    root = str(module).partition(".")[0]
    return root in _OURS or _is_of_python(root)


@cache
def _is_of_python(root: str) -> bool:
    """Return whether a module is Python's own, and not a user's file with the same name, such as ``code.py``."""
    if root not in sys.stdlib_module_names:
        return False
    place = getattr(sys.modules.get(root), "__file__", None)
    folders = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    return place is None or any(folder in Path(place).resolve().parents for folder in folders)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # the variable of the closure has no value yet
        return False


def _is_of_keras(name: str) -> bool:
    return name in _OF_KERAS or name.startswith("_self_")


@cache
def _is_foreign_class(kind: Any) -> bool:
    return not all(_is_ours(base.__module__) for base in kind.__mro__)


# attributes that Keras sets: the net around a layer, its weights, and counters
_OF_KERAS = frozenset(
    (
        *("_inbound_nodes", "_outbound_nodes", "_operations_by_depth", "_nodes_by_depth", "_nodes", "_functional"),
        *("_trainable_variables", "_non_trainable_variables", "_tracked", "_tracker", "_metrics", "_seed_generators"),
        *("_auto_config", "_dtype_policy", "_lock", "_losses", "_loss_ids", "_losses_override", "_input_spec"),
        *(
            "_call_signature",
            "call_signature_parameters",
            "_call_context_args",
            "_call_has_context_arg",
            "build",
            "quantize",
        ),
    )
)
