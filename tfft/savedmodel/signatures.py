"""Read from ``saved_model.pb``, without loading the SavedModel, how to call it and which variables it has."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.savedmodel.dependencies import by_name, order, used
from tfft.savedmodel.proto import DEEPER, FILE, Tensor, field_of, graphs, leaves, tensor_of

_ENTRIES = ("__call__", "serve")
_TRAINING = "training"
REPEATED = "repeated"
_SIGNATURES = ("serving_default", "default", "image_feature_vector")


@dataclass(frozen=True)
class Variable:
    """The description of one variable.

    Attributes:
        path: The path, such as ``"block_12_expand/kernel"``.
        shape: The shape of the variable.
        dtype: The dtype of the variable.
        trains: Whether the SavedModel lists the variable as trainable.
        outputs: The names of the outputs that depend on the variable.
        position: The position of the variable in the order in which variables are first read. Variables near the input come first.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    trains: bool
    outputs: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True)
class Contents:
    """How to call a SavedModel, and its variables.

    Attributes:
        entry: ``"__call__"`` (the reusable interface), ``"serve"`` (an export of Keras), or the name of a signature.
        takes: The inputs, with name, shape and dtype.
        gives: The outputs, with shape and dtype. They have names if there are several.
        named: Whether the inputs are passed as a dict.
        training: Whether it has an argument ``training`` and was saved in training mode too, for dropout and batch normalisation.
        variables: The variables in the order of the list ``variables`` of the SavedModel. If it has no such list, this is empty,
            and the SavedModel cannot be trained.
    """

    entry: str
    takes: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]
    named: bool
    training: bool
    variables: tuple[Variable, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all fields except the variables, as JSON values."""
        values = {key: value for key, value in asdict(self).items() if key != "variables"}
        return values | {key: [_plain(tensor) for tensor in getattr(self, key)] for key in ("takes", "gives")}


def _plain(tensor: Tensor) -> dict[str, Any]:
    return asdict(tensor) | {"shape": list(tensor.shape)}


def contents(folder: Path, signature: str | None = None) -> Contents:
    """Read how to call a SavedModel and which variables it has.

    Args:
        folder: The folder with ``saved_model.pb``.
        signature: The signature to call. None uses the reusable interface if there is one.

    Returns:
        A Contents; its shapes are without the batch axis.

    Raises:
        BackboneError: When the folder has no SavedModel, or it is damaged or cannot be called.
    """
    try:
        return _contents(folder, signature)
    except BackboneError:
        raise
    except (LookupError, ValueError, TypeError, StopIteration, RecursionError) as error:
        raise BackboneError(
            f"{str(folder)!r} is damaged: {FILE} refers to missing parts.",
            repr(error)[:200],
            "Download or copy it again.",
        ) from error


def _contents(folder: Path, signature: str | None) -> Contents:
    held = graphs(folder)
    objects = held[-1].object_graph_def
    children = {child.local_name: child.node_id for child in objects.nodes[0].children} if objects.nodes else {}
    for entry in _ENTRIES if signature is None else ():
        node = objects.nodes[children[entry]] if entry in children else None
        if node is not None and node.WhichOneof("kind") == "function" and node.function.concrete_functions:
            return _callable(folder, entry, node.function, held[-1], children)
    return _signed(folder, held, signature)


def answers(folder: Path) -> dict[str, Tensor]:
    """List the outputs of a SavedModel of any kind.

    Args:
        folder: The folder with ``saved_model.pb``.

    Returns:
        Output name -> Tensor, with shapes without the batch axis. The dict is empty without a ``__call__``.

    Raises:
        BackboneError: When the folder has no SavedModel, or it is damaged.
    """
    objects = graphs(folder)[-1].object_graph_def
    ids = (
        [child.node_id for child in objects.nodes[0].children if child.local_name == "__call__"]
        if objects.nodes
        else []
    )
    names = objects.nodes[ids[0]].function.concrete_functions if ids else []
    found = leaves(objects.concrete_functions[names[0]].output_signature) if names else ()
    return {tensor.name: tensor for tensor in found}


def _callable(folder: Path, entry: str, function: Any, graph: Any, children: Mapping[str, int]) -> Contents:
    objects = graph.object_graph_def
    specified = function.function_spec.fullargspec
    arguments = [
        value.string_value for key in ("args", "kwonlyargs") for value in field_of(specified, key).list_value.values
    ]
    name = function.concrete_functions[0]
    concrete = objects.concrete_functions[name]
    given = concrete.canonicalized_input_signature.tuple_value.values[0].tuple_value.values
    if not given:
        raise BackboneError(f"The SavedModel {str(folder)!r} has no inputs.", fix="Pass another SavedModel.")
    named = given[0].WhichOneof("kind") == "dict_value"
    takes, found = leaves(given[0]), leaves(concrete.output_signature)
    gives = tuple(tensor for tensor in found if DEEPER not in tensor.name)
    _check(folder, gives)
    functions = by_name(graph.graph_def.library.function)
    reached: dict[str, set[int]] = {tensor.name: set() for tensor in gives}
    first: dict[int, int] = {}
    for name in function.concrete_functions:  # one for training, one for inference
        bound, count = list(objects.concrete_functions[name].bound_inputs), len(functions[name].signature.input_arg)
        nodes = dict(zip(range(count - len(bound), count), bound, strict=True))
        for place, tensor in enumerate(found):
            if tensor.name in reached:
                reached[tensor.name] |= {nodes[n] for n in used(functions, name, place) if n in nodes}
        for number in order(functions, name):
            first.setdefault(nodes.get(number, -1), len(first))
    listed = _variables(objects, children, reached, first)
    modes = _modes(objects, function)
    if modes == {True}:
        raise BackboneError(
            f"{str(folder)!r} was saved only in training mode.",
            fix="Call it with training=False as well before you save it.",
        )
    return Contents(entry, takes, gives, named, _TRAINING in arguments and modes != {False}, listed)


def _modes(objects: Any, function: Any) -> set[bool]:
    """Return the values of ``training`` for which the function was saved; empty if it is a tensor or not an argument."""
    specified = function.function_spec
    named = [value.string_value for value in field_of(specified.fullargspec, "args").list_value.values]
    names, found = named[1:] if specified.is_method else named, set()
    for name in function.concrete_functions:
        given, rest = objects.concrete_functions[name].canonicalized_input_signature.tuple_value.values
        values = dict(zip(names, given.tuple_value.values, strict=False)) | dict(rest.dict_value.fields)
        if _TRAINING in values and values[_TRAINING].WhichOneof("kind") == "bool_value":
            found.add(values[_TRAINING].bool_value)
    return found


def _variables(
    objects: Any, children: Mapping[str, int], reached: Mapping[str, set[int]], first: Mapping[int, int]
) -> tuple[Variable, ...]:
    import tensorflow as tf

    lists = {
        key: [child.node_id for child in sorted(objects.nodes[children[key]].children, key=_position)]
        if key in children
        else []
        for key in ("variables", "trainable_variables")
    }
    trained = set(lists["trainable_variables"])
    found = [(number, objects.nodes[number].variable) for number in lists["variables"]]
    return tuple(
        Variable(
            variable.name.partition(":")[0],
            tuple(int(dim.size) for dim in variable.shape.dim),
            # a variable that is listed twice is still one variable
            REPEATED if number in lists["variables"][:place] else tf.dtypes.as_dtype(variable.dtype).name,
            number in trained,
            tuple(name for name, nodes in reached.items() if number in nodes),
            first.get(number, len(first)),
        )
        for place, (number, variable) in enumerate(found)
    )


def _position(child: Any) -> int:
    return int(child.local_name) if child.local_name.isdigit() else -1


def _signed(folder: Path, graphs: Any, signature: str | None) -> Contents:
    """Describe a plain signature, or a module of TF1. Their variables cannot be trained."""
    known = {name: found for name, found in graphs[-1].signature_def.items() if not name.startswith("__")}
    name = signature or next((name for name in _SIGNATURES if name in known), next(iter(sorted(known)), ""))
    if name not in known:
        raise BackboneError(
            f"{str(folder)!r} has no signature {name!r}." if name else f"Nothing in {str(folder)!r} can be called.",
            shortlist(sorted(known)) if known else "neither __call__ nor a signature",
            "Pass signature= with one of these." if known else "Save it with tf.saved_model.save and a __call__.",
        )
    found = known[name]
    takes, gives = (
        tuple(tensor_of(key, side[key].tensor_shape, side[key].dtype) for key in sorted(side))
        for side in (found.inputs, found.outputs)
    )
    _check(folder, gives)
    return Contents(name, takes, gives, True, False, ())


def _check(folder: Path, gives: tuple[Tensor, ...]) -> None:
    if not any("float" in tensor.dtype for tensor in gives):
        raise BackboneError(
            f"{str(folder)!r} has no output of floats.",
            ", ".join(f"{tensor.name or 'output'}: {tensor.dtype}" for tensor in gives) or "nothing",
            "Features of a backbone must be floats. Pass signature= with another signature.",
        )
