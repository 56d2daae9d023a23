"""What a SavedModel says of itself, read from its ``saved_model.pb`` without loading it: how it is called, and its variables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.core.operations import refused
from tfft.core.saved_uses import by_name, order, used

FILE = "saved_model.pb"
_ENTRIES = ("__call__", "serve")
_TRAINING = "training"
_DEEPER = "//"
REPEATED = "repeated"
_SIGNATURES = ("serving_default", "default", "image_feature_vector")


@dataclass(frozen=True)
class Tensor:
    """One input or output.

    Attributes:
        name: By which it is called; empty for a single output.
        shape: Without the batch axis; None for lengths that are open.
        dtype: Such as ``"float32"``.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Variable:
    """One variable.

    Attributes:
        path: Such as ``"block_12_expand/kernel"``.
        shape: Of it.
        dtype: Of it.
        trains: Whether the SavedModel lists it as one that an optimizer moves.
        outputs: Names of the outputs that depend on it: the others stay as they are when it moves.
        position: When it is first read: the variables near the input come first, in whatever order they are listed.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    trains: bool
    outputs: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True)
class Contents:
    """How a SavedModel is called, and what it holds.

    Attributes:
        entry: ``"__call__"`` (the reusable interface), ``"serve"`` (what Keras exports), or the name of a signature.
        takes: Its inputs.
        gives: Its outputs, by name where there are several.
        named: Whether its inputs come in a dict.
        training: Whether it can be told to train, which dropout and batch normalisation then do.
        variables: In the order of its ``variables``; empty where it does not list them, and so cannot be trained.
    """

    entry: str
    takes: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]
    named: bool
    training: bool
    variables: tuple[Variable, ...]

    def to_dict(self) -> dict[str, Any]:
        """How it is called, as JSON values."""
        values = {key: value for key, value in asdict(self).items() if key != "variables"}
        return values | {key: [_plain(tensor) for tensor in getattr(self, key)] for key in ("takes", "gives")}


def _plain(tensor: Tensor) -> dict[str, Any]:
    return asdict(tensor) | {"shape": list(tensor.shape)}


def contents(folder: Path, signature: str | None = None) -> Contents:
    """Read what a SavedModel says of itself.

    Args:
        folder: With ``saved_model.pb``.
        signature: Which one to call; None for the reusable interface where there is one.

    Returns:
        Contents; shapes are without the batch axis.

    Raises:
        BackboneError: When there is no SavedModel, it is damaged, or nothing in it can be called.
    """
    graphs = _read(folder)
    objects = graphs[-1].object_graph_def
    children = {child.local_name: child.node_id for child in objects.nodes[0].children} if objects.nodes else {}
    for entry in _ENTRIES if signature is None else ():
        node = objects.nodes[children[entry]] if entry in children else None
        if node is not None and node.WhichOneof("kind") == "function" and node.function.concrete_functions:
            return _callable(folder, entry, node.function, graphs[-1], children)
    return _signed(folder, graphs, signature)


def _read(folder: Path) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / FILE
    if not path.is_file():
        found = shortlist(sorted(part.name for part in folder.iterdir())) if folder.is_dir() else "no such folder"
        raise BackboneError(f"{str(folder)!r} is no SavedModel: there is no {FILE} in it.", found, "Check the path.")
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError:
        model.Clear()
    if not model.meta_graphs:
        raise BackboneError(
            f"{str(path)!r} cannot be read as a SavedModel.", f"{path.stat().st_size:,} bytes", "Get it again."
        )
    return model.meta_graphs


def check_operations(folder: Path) -> None:
    """Refuse a SavedModel from somebody's bundle that does more than compute.

    Args:
        folder: With ``saved_model.pb``.

    Raises:
        BackboneError: Naming the operation.
    """
    for graph in _read(folder):
        found = refused(graph)
        if found:
            raise BackboneError(
                "The SavedModel inside does more than compute.", shortlist(found), "Find out where it comes from."
            )


def _callable(folder: Path, entry: str, function: Any, graph: Any, children: Mapping[str, int]) -> Contents:
    objects = graph.object_graph_def
    specified = function.function_spec.fullargspec
    arguments = [
        value.string_value for key in ("args", "kwonlyargs") for value in _field(specified, key).list_value.values
    ]
    name = function.concrete_functions[0]
    concrete = objects.concrete_functions[name]
    given = concrete.canonicalized_input_signature.tuple_value.values[0].tuple_value.values
    if not given:
        raise BackboneError(f"{str(folder)!r} takes no input.", fix="Pass another SavedModel.")
    named = given[0].WhichOneof("kind") == "dict_value"
    takes, leaves = _leaves(given[0]), _leaves(concrete.output_signature)
    gives = tuple(tensor for tensor in leaves if _DEEPER not in tensor.name)
    _check(folder, gives)
    functions = by_name(graph.graph_def.library.function)
    reached: dict[str, set[int]] = {tensor.name: set() for tensor in gives}
    first: dict[int, int] = {}
    for name in function.concrete_functions:  # one for training, one for inference
        bound, count = list(objects.concrete_functions[name].bound_inputs), len(functions[name].signature.input_arg)
        nodes = dict(zip(range(count - len(bound), count), bound, strict=True))
        for place, tensor in enumerate(leaves):
            if tensor.name in reached:
                reached[tensor.name] |= {nodes[n] for n in used(functions, name, place) if n in nodes}
        for number in order(functions, name):
            first.setdefault(nodes.get(number, -1), len(first))
    listed = _variables(objects, children, reached, first)
    return Contents(entry, takes, gives, named, _TRAINING in arguments, listed)


def _field(named_tuple: Any, key: str) -> Any:
    return next(pair.value for pair in named_tuple.named_tuple_value.values if pair.key == key)


def _leaves(value: Any, name: str = "") -> tuple[Tensor, ...]:
    """All tensors of a structure in the order in which TensorFlow flattens it; those deeper inside say so in their name."""
    kind = value.WhichOneof("kind")
    if kind == "dict_value":
        inside = sorted(value.dict_value.fields.items())
    elif kind in ("list_value", "tuple_value"):
        inside = [(str(n), part) for n, part in enumerate(getattr(value, kind).values)]
        name = name or _DEEPER
    elif kind in ("tensor_spec_value", "bounded_tensor_spec_value"):
        spec = getattr(value, kind)
        return (_tensor(name or spec.name, spec.shape, spec.dtype),)
    else:
        return ()
    return tuple(leaf for key, part in inside for leaf in _leaves(part, f"{name}{_DEEPER}{key}" if name else key))


def _tensor(name: str, shape: Any, dtype: int) -> Tensor:
    import tensorflow as tf

    lengths = tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)[1:]
    return Tensor(name, lengths, tf.dtypes.as_dtype(dtype).name)


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
            # one that is listed twice is one variable
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
    """A plain signature, or a module of TF1: its variables stay inside."""
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
        tuple(_tensor(key, side[key].tensor_shape, side[key].dtype) for key in sorted(side))
        for side in (found.inputs, found.outputs)
    )
    _check(folder, gives)
    return Contents(name, takes, gives, True, False, ())


def _check(folder: Path, gives: tuple[Tensor, ...]) -> None:
    if not any("float" in tensor.dtype for tensor in gives):
        raise BackboneError(
            f"{str(folder)!r} answers with no tensor of floats.",
            ", ".join(f"{tensor.name or 'output'}: {tensor.dtype}" for tensor in gives) or "nothing",
            "A backbone's features are floats; pass signature= with another one.",
        )
