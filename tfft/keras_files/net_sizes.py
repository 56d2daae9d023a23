"""Check the numbers in the configuration of a net from other people, so that reading them starts no computation and no long loop.

Keras 3.15 calls each layer and operation of a configuration with its arguments. If an argument is a tensor of the net, Keras only
derives shapes. Otherwise it computes at once.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tfft.core import limits
from tfft.core.errors import BundleError, TfftError

_ROOTS = ("keras", "keras_hub")
_OPERATIONS = "keras.src.ops."
# operations whose lists of numbers are shapes or repetitions of axes
_SHAPED = frozenset(
    ("BroadcastTo", "Fold", "Full", "Pad", "PadImages", "Reshape", "Resize", "Scatter", "Tile", "Unfold")
)
# arguments that say how often a Python loop runs while the net is built
_REPEATED = frozenset(
    (
        *(("AugMix", "num_chains"), ("AugMix", "chain_depth"), ("RandAugment", "num_ops")),
        *(("SpectralNormalization", "power_iterations"), ("Diff", "n"), ("Unstack", "num")),
        *((name, "indices_or_sections") for name in ("ArraySplit", "Dsplit", "Hsplit", "Split", "Vsplit")),
    )
)
# arguments that are not sizes: seeds, and values to compare or compute with
_VALUES = frozenset(
    (
        "seed",
        "value",
        "values",
        "fill_value",
        "constant_values",
        "mask_value",
        "x_min",
        "x_max",
        "min_value",
        "max_value",
    )
)
_ARRAYS = frozenset(
    ("__keras_tensor__", "__numpy__", "__tensor__")
)  # shapes that use no memory, and values that are in the file
_CONSTANTS = 2**24  # values of all Normalization layers together; a typical layer has 3


def check(config: Any, what: str, error: type[TfftError] = BundleError) -> None:
    """Refuse operations on plain numbers, and numbers that cause enormous tensors or very long loops.

    Args:
        config: The ``config.json`` of a ``.keras`` file.
        what: The name of the file in messages.
        error: The exception class to raise.

    Raises:
        TfftError: An instance of ``error``, when the configuration computes with plain numbers or exceeds a limit.

    Example:
        >>> node = {"args": [[1]], "kwargs": {}}
        >>> check({"class_name": "OneHot", "config": {"num_classes": 10}, "inbound_nodes": [node]}, "'a'")
        Traceback (most recent call last):
        tfft.core.errors.BundleError: The net in 'a' computes with plain numbers instead of tensors. Got: OneHot. Find out where \
the file comes from, because Keras does not write such nets.
    """
    constants = 0
    for part in _parts(config):
        name, inner = part.get("class_name"), part.get("config")
        if not all(map(_has_tensor, _nodes(part))):
            raise error(
                f"The net in {what} computes with plain numbers instead of tensors.",
                str(name)[:100],
                "Find out where the file comes from, because Keras does not write such nets.",
            )
        if not isinstance(inner, dict) or str(part.get("module")).partition(".")[0] not in _ROOTS:
            continue  # the classes of the user are trusted
        shown = f"{str(name)[:100]} of the net in {what}"
        if name in _SHAPED and str(part.get("module")).startswith(_OPERATIONS):
            limits.check("net_values", max(_products([inner, part.get("inbound_nodes")]), default=0), shown, error)
        for key, number in _numbers(inner):
            limits.check(
                "net_steps" if (name, key) in _REPEATED else "net_values",
                number,
                f"{key or 'A number'} in {shown}",
                error,
            )
        if name == "Normalization" and inner.get("mean") is not None:
            constants += _kept(inner.get("axis"), part.get("build_config"))
    if constants > _CONSTANTS:
        raise error(
            f"The Normalization layers of the net in {what} are too large.",
            f"{constants:,} values, limit {_CONSTANTS:,}",
            "Build the net for smaller inputs, and save it again.",
        )


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each dict that names a class or contains nodes, except arrays."""
    if isinstance(value, dict):
        if value.get("class_name") in _ARRAYS:
            return
        if "class_name" in value or "inbound_nodes" in value:
            yield value
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)


def _nodes(part: Mapping[str, Any]) -> list[Any]:
    nodes = part.get("inbound_nodes", [])
    return nodes if isinstance(nodes, list) else [nodes]


def _has_tensor(node: Any) -> bool:
    """Return whether Keras finds a tensor in the arguments. It only searches lists and plain dicts."""
    if isinstance(node, list) and node and isinstance(node[0], list) and node[0] and isinstance(node[0][0], str):
        return True  # Keras 2: [[layer, node, tensor, options], ...]
    return isinstance(node, dict) and _has_symbol([node.get("args"), node.get("kwargs")])


def _has_symbol(value: Any) -> bool:
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return bool(value["class_name"] == "__keras_tensor__")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_symbol, inside))


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int]]:
    """Yield the whole numbers of one configuration with their keys, without those of classes inside it."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield key, value
    elif isinstance(value, dict) and "class_name" not in value:
        for name, item in value.items():
            if name not in _VALUES:
                yield from _numbers(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)


def _products(value: Any) -> Iterator[int]:
    """Yield the size that each list of numbers describes. A pair of paddings counts as its sum."""
    if isinstance(value, list):
        sides = [sum(_whole(item)) if isinstance(item, list) else item for item in value]
        yield math.prod(max(1, side) for side in sides if isinstance(side, int))
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not (isinstance(value, dict) and value.get("class_name") in _ARRAYS):
        for item in inside:
            yield from _products(item)


def _whole(values: list[Any]) -> list[int]:
    return [value for value in values if isinstance(value, int)]


def _kept(axis: Any, build: Any) -> int:
    """Return the number of values to which a Normalization layer repeats its mean; above the limit if it is not built."""
    shape = build.get("input_shape") if isinstance(build, dict) else None
    axes = axis if isinstance(axis, list) else [] if axis is None else [axis]
    if not isinstance(shape, list) or not all(
        isinstance(each, int) and -len(shape) <= each < len(shape) for each in axes
    ):
        return _CONSTANTS + 1
    return math.prod(shape[each] if isinstance(shape[each], int) else 1 for each in axes)
