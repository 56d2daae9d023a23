"""The file of a SavedModel, ``saved_model.pb``: its graphs, and the tensors of structures in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfft.core import regular_files
from tfft.core.errors import BackboneError, shortlist

FILE = "saved_model.pb"
DEEPER = "//"


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


def graphs(folder: Path) -> Any:
    """Read the graphs in ``saved_model.pb``.

    Args:
        folder: Where it lies.

    Returns:
        Its ``MetaGraphDef``s.

    Raises:
        BackboneError: When the file does not exist or is damaged.
    """
    return read(folder).meta_graphs


def read(folder: Path) -> Any:
    """Read ``saved_model.pb``.

    Args:
        folder: The folder of the file.

    Returns:
        A ``SavedModel`` with at least one graph.

    Raises:
        BackboneError: When there is none, it is damaged, or it is larger than the limit ``graph_bytes``.
        OSError: When it cannot be read.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / FILE
    if not path.is_file():
        found = shortlist(sorted(part.name for part in folder.iterdir())) if folder.is_dir() else "no such folder"
        raise BackboneError(f"{str(folder)!r} is no SavedModel: there is no {FILE} in it.", found, "Check the path.")
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(regular_files.read(path, "graph_bytes", error=BackboneError))
    except DecodeError:
        model.Clear()
    if not model.meta_graphs:
        raise BackboneError(
            f"{str(path)!r} cannot be read as a SavedModel.", f"{path.stat().st_size:,} bytes", "Get it again."
        )
    return model


def field_of(named_tuple: Any, key: str) -> Any:
    """One field of a named tuple.

    Args:
        named_tuple: A ``StructuredValue``.
        key: Of the field.

    Returns:
        Its value.
    """
    return next(pair.value for pair in named_tuple.named_tuple_value.values if pair.key == key)


def leaves(value: Any, name: str = "") -> tuple[Tensor, ...]:
    """All tensors of a structure, in the order in which TensorFlow flattens it.

    Args:
        value: A ``StructuredValue``.
        name: Of what it lies in.

    Returns:
        Tensors, shapes without the batch axis; those deeper inside than a dict have ``DEEPER`` in their names.
    """
    kind = value.WhichOneof("kind")
    if kind == "dict_value":
        inside = sorted(value.dict_value.fields.items())
    elif kind in ("list_value", "tuple_value"):
        inside = [(str(n), part) for n, part in enumerate(getattr(value, kind).values)]
        name = name or DEEPER
    elif kind in ("tensor_spec_value", "bounded_tensor_spec_value"):
        spec = getattr(value, kind)
        return (tensor_of(name or spec.name, spec.shape, spec.dtype),)
    else:
        return ()
    return tuple(leaf for key, part in inside for leaf in leaves(part, f"{name}{DEEPER}{key}" if name else key))


def tensor_of(name: str, shape: Any, dtype: int) -> Tensor:
    """A tensor from the parts of its specification.

    Args:
        name: By which it is called.
        shape: A ``TensorShapeProto``, with the batch axis.
        dtype: A number of ``DataType``.

    Returns:
        A Tensor.
    """
    import tensorflow as tf

    lengths = tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)[1:]
    return Tensor(name, lengths, tf.dtypes.as_dtype(dtype).name)
