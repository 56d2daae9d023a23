"""Read ``saved_model.pb``, the file of a SavedModel: its graphs, and the tensors in its structures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfft.core import regular_files
from tfft.core.errors import BackboneError, shortlist

FILE = "saved_model.pb"
DEEPER = "//"


@dataclass(frozen=True)
class Tensor:
    """The description of one input or output.

    Attributes:
        name: The name of the input or output; empty for a single output.
        shape: The shape without the batch axis; None for variable lengths.
        dtype: The dtype, such as ``"float32"``.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def graphs(folder: Path) -> Any:
    """Read the graphs in ``saved_model.pb``.

    Args:
        folder: The folder of the file.

    Returns:
        The ``MetaGraphDef``s of the file.

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
        BackboneError: When the file does not exist, is damaged, or is larger than the limit ``graph_bytes``.
        OSError: When the file cannot be read.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / FILE
    if not path.is_file():
        found = shortlist(sorted(part.name for part in folder.iterdir())) if folder.is_dir() else "no such folder"
        raise BackboneError(
            f"{str(folder)!r} is not a SavedModel: it does not contain {FILE}.", found, "Check the path."
        )
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(regular_files.read(path, "graph_bytes", error=BackboneError))
    except DecodeError:
        model.Clear()
    if not model.meta_graphs:
        raise BackboneError(
            f"{str(path)!r} cannot be read as a SavedModel.",
            f"{path.stat().st_size:,} bytes",
            "Download or copy it again.",
        )
    return model


def field_of(named_tuple: Any, key: str) -> Any:
    """Return one field of a named tuple.

    Args:
        named_tuple: A ``StructuredValue``.
        key: The name of the field.

    Returns:
        The value of the field.
    """
    return next(pair.value for pair in named_tuple.named_tuple_value.values if pair.key == key)


def leaves(value: Any, name: str = "") -> tuple[Tensor, ...]:
    """List all tensors of a structure, in the order in which TensorFlow flattens it.

    Args:
        value: A ``StructuredValue``.
        name: The name of the structure around it.

    Returns:
        Tensors; shapes are without the batch axis. Names of tensors in lists or nested structures contain ``DEEPER``.
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
    """Make a Tensor from the parts of its specification.

    Args:
        name: The name of the tensor.
        shape: A ``TensorShapeProto``, with the batch axis.
        dtype: A value of the enum ``DataType``.

    Returns:
        A Tensor; its shape is without the batch axis.
    """
    import tensorflow as tf

    lengths = tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)[1:]
    return Tensor(name, lengths, tf.dtypes.as_dtype(dtype).name)
