"""Choose the tensor of a user's own net that becomes the features: the last one before the top, or the output of a named layer."""

from typing import Any

from tfft.core.errors import BackboneError, nearest, shortlist
from tfft.core.graph import nodes
from tfft.core.passages import before, passages

KINDS = {2: "vector", 3: "sequence", 4: "map"}
_REDUCTIONS = ("Mean", "Max", "Amax", "Sum")
_ANSWERS = ("softmax", "sigmoid", "log_softmax")


def features_of(net: Any, handle: str, layer: str | None) -> Any:
    """Find the tensor of a net that becomes the features.

    Without a name it is the map that enters the last global pooling, or the last map or sequence, or the input of the last Dense
    layer. All later tensors are computed from this one.

    Args:
        net: A flat functional model.
        handle: The handle of the backbone, for messages.
        layer: The name of a layer or another operation; None for the last tensor before the top.

    Returns:
        A symbolic float tensor of shape (batch, width), (batch, steps, width) or (batch, height, width, channels), computed with at
        least one weight.

    Raises:
        BackboneError: When the layer or tensor does not exist, or several outputs of the net lead to different ones.

    Example:
        >>> import keras
        >>> net = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
        >>> features_of(keras.Model(net.inputs, net.outputs), "net", None).shape
        (None, 6, 6, 4)
    """
    if layer is not None:
        return _named(net, handle, layer)
    found = {id(tensor): tensor for tensor in (_last(net, output) for output in net.outputs)}
    if len(found) > 1:
        tensors = [tensor for tensor in found.values() if tensor is not None]
        shown = [f"{maker(net, tensor).name}: {tuple(tensor.shape)}" for tensor in tensors]
        name = maker(net, tensors[0]).name
        raise BackboneError(
            f"The model {handle!r} has {len(net.outputs)} outputs, which lead to different features.",
            f"before their tops {', '.join(shown)}",
            f"Pass layer={name!r}, or another layer.",
        )
    tensor = next(iter(found.values()))
    if tensor is None or not _is_features(tensor):
        raise BackboneError(
            f"The model {handle!r} has no features before its top.", fix="Pass layer= with the name of a layer."
        )
    if tensor is net.outputs[0] and _answers(maker(net, tensor)):
        raise BackboneError(
            f"The model {handle!r} returns a map, such as a mask, which is not useful as a feature.",
            f"{maker(net, tensor).name}: {tuple(tensor.shape)}",
            "Pass layer= with a layer before its top.",
        )
    return tensor


def maker(net: Any, tensor: Any) -> Any:
    """Find the operation that makes a tensor.

    Args:
        net: A flat functional model.
        tensor: A tensor of the net, of shape (batch, ...).

    Returns:
        A layer or another operation; for an input, its input layer.
    """
    # not layer.output, which belongs to the first call of a layer, perhaps in another net
    return next(
        (n.operation for n in nodes(net) if any(t is tensor for t in n.outputs)), tensor._keras_history.operation
    )


def _named(net: Any, handle: str, layer: str) -> Any:
    known = [operation.name for operation in net.operations]
    if layer not in known:
        raise BackboneError(f"The model {handle!r} has no layer {layer!r}.", fix=nearest(layer, known))
    found = [tensor for node in nodes(net) if node.operation.name == layer for tensor in node.outputs]
    if len(found) != 1 or not _is_features(found[0]):
        raise BackboneError(
            f"The output of {layer!r} in {handle!r} cannot be features.",
            f"{len(found)} tensors" if len(found) != 1 else f"{found[0].dtype} {tuple(found[0].shape)}",
            "Pass layer= with a layer that is called once and returns one tensor of floats.",
        )
    if not _weights(before(net, found[0])):
        raise BackboneError(
            f"No layer up to the output of {layer!r} in {handle!r} has weights.",
            shortlist(known[: known.index(layer) + 1]),
            "Pass layer= with a later layer.",
        )
    return found[0]


def _is_features(tensor: Any) -> bool:
    return len(tensor.shape) in KINDS and "float" in tensor.dtype


def _weights(calls: list[Any]) -> bool:
    return any(
        getattr(node.operation, "weights", []) for node in calls if type(node.operation).__name__ != "Normalization"
    )


def _last(net: Any, output: Any) -> Any:
    """The last tensor before the top that leads to an output; None when there is no such tensor."""
    calls = before(net, output)
    first = next((number for number, node in enumerate(calls) if _weights([node])), len(calls))
    learned = {id(node) for node in calls[first:]}
    through = [node for node in passages(net, output) if id(node) in learned]
    made = {id(node.outputs[0]): node for node in through}
    pools = [node for node in through if _pools(node) and id(node.input_tensors[0]) in made]
    if pools:
        return pools[-1].input_tensors[0]
    maps = [node for node in through if len(node.outputs[0].shape) in (3, 4) and _is_features(node.outputs[0])]
    if maps and not _is_followed(calls, maps[-1]):
        return maps[-1].outputs[0]
    tops = [node for node in through if type(node.operation).__name__ == "Dense" and id(node.input_tensors[0]) in made]
    if tops:
        return tops[-1].input_tensors[0]
    return output if through and not _is_dense(through[-1]) else None


def _pools(node: Any) -> bool:
    """Return whether a call pools a whole map or sequence."""
    kind, entering, shape = type(node.operation).__name__, node.input_tensors[0].shape, node.outputs[0].shape
    if len(entering) not in (3, 4):
        return False
    gone = len(shape) == 2 or all(side == 1 for side in shape[1:-1])
    return (kind.startswith("Global") and "Pooling" in kind) or (kind in _REDUCTIONS and gone)


def _is_dense(node: Any) -> bool:
    return type(node.operation).__name__ == "Dense"


def _is_followed(calls: list[Any], last: Any) -> bool:
    """Return whether a layer with a kernel that is not a Dense layer comes after a call."""
    after = calls[calls.index(last) + 1 :]
    kernels = [n for n in after if any(len(w.shape) > 1 for w in getattr(n.operation, "weights", []))]
    return any(not _is_dense(node) or len(node.outputs[0].shape) > 2 for node in kernels)


def _answers(operation: Any) -> bool:
    activation = getattr(getattr(operation, "activation", None), "__name__", "")
    return activation in _ANSWERS or type(operation).__name__.lower() in ("softmax", "sigmoid", "logsoftmax")
