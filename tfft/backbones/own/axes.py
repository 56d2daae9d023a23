"""Find the channel axis of tensors in a user's own net: layers with ``data_format="channels_first"`` have channels on axis 1."""

from typing import Any

from tfft.backbones.own.features import maker
from tfft.core.errors import BackboneError
from tfft.core.graph import nodes
from tfft.core.passages import before

_ROWS_FIRST = {4: (2, 3, 1), 3: (2, 1)}


def has_channels_first(net: Any) -> bool:
    """Return whether a net has layers with channels on axis 1: (batch, channels, height, width).

    Args:
        net: A flat functional model.

    Returns:
        True when at least one layer has this setting.

    Example:
        >>> import tfft
        >>> has_channels_first(tfft.load_backbone("toy").load())
        False
    """
    return any(_format(node) == 1 for node in nodes(net))


def channels_last(net: Any, tensor: Any, handle: str) -> Any:
    """Return a tensor with its channels on the last axis, where heads expect them.

    Args:
        net: A flat functional model.
        tensor: Features of shape (batch, ...).
        handle: The handle of the backbone, for messages.

    Returns:
        The same tensor, or a permutation of it when layers before it have ``data_format="channels_first"``.

    Raises:
        BackboneError: When layers of the net have channels first, and the channel axis of the tensor cannot be determined.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> x = keras.layers.Permute((3, 1, 2))(pixels)
        >>> x = keras.layers.Conv2D(4, 3, data_format="channels_first")(x)
        >>> x.shape, channels_last(keras.Model(pixels, x), x, "net").shape
        ((None, 4, 6, 6), (None, 6, 6, 4))
    """
    import keras

    rank = len(tensor.shape)
    calls = before(net, tensor)
    if rank not in _ROWS_FIRST or not any(_format(node) == 1 for node in calls):
        return tensor
    at = channel_axis({id(output): node for node in calls for output in node.outputs}, tensor)
    if at is None:
        raise BackboneError(
            f"The channel axis in the features of {handle!r} is unknown, because some layers have channels first.",
            f"{maker(net, tensor).name}: {tuple(tensor.shape)}",
            "End the net with keras.layers.Permute((2, 3, 1)), which moves channels to the last axis, and pass its name as layer=.",
        )
    if at == rank - 1:
        return tensor
    name, known = "channels_last", {operation.name for operation in net.operations}
    while name in known:
        name += "_"
    return keras.layers.Permute(_ROWS_FIRST[rank], name=name)(tensor)


def channel_axis(makers: dict[int, Any], tensor: Any) -> int | None:
    """Find the axis of a tensor that holds channels.

    Args:
        makers: ``id`` of each tensor -> the call that makes it.
        tensor: A tensor of shape (batch, ...).

    Returns:
        1 or the last axis; None when it cannot be determined.
    """
    last = len(tensor.shape) - 1
    while id(tensor) in makers:
        node = makers[id(tensor)]
        if (found := _format(node)) is not None:
            return last if found == -1 else 1
        order = _permutation(node)
        entering = [each for each in node.input_tensors if len(each.shape) == last + 1]
        if order:
            at = channel_axis(makers, node.input_tensors[0])
            return order.index(at) if at is not None and order.index(at) in (1, last) else None
        if not entering or type(node.operation).__name__ in ("Reshape", "Flatten", "Einsum", "Matmul"):
            return None
        tensor = entering[0]
    return last


def _format(node: Any) -> int | None:
    """1 for a call with channels first, -1 for a call with channels last; None for other calls."""
    said = getattr(node.operation, "data_format", None)
    if said in ("channels_first", "channels_last"):
        return 1 if said == "channels_first" else -1
    norm = "Normalization" in type(node.operation).__name__ and len(node.outputs[0].shape) in _ROWS_FIRST
    return 1 if norm and getattr(node.operation, "axis", None) in (1, [1], (1,)) else None


def _permutation(node: Any) -> tuple[int, ...]:
    """The source axis of each result axis, for a call that permutes axes."""
    kind, rank = type(node.operation).__name__, len(node.outputs[0].shape)
    if kind == "Permute":
        return (0, *node.operation.dims)
    if kind == "Transpose":
        return tuple(node.operation.axes or range(rank)[::-1])
    return ()
