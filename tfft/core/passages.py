"""Find where a net can be cut: the calls that a tensor depends on, and the single tensors that all data to it passes through."""

from typing import TYPE_CHECKING, Any

from tfft.core.graph import nodes

if TYPE_CHECKING:
    import keras


def before(net: "keras.Model", output: Any) -> list[Any]:
    """List the calls that a tensor depends on.

    Args:
        net: A functional model.
        output: A symbolic tensor of the net, of shape (batch, ...).

    Returns:
        Calls of operations in topological order; the last one makes the tensor. The list is empty for an input.

    Example:
        >>> import tfft
        >>> net = tfft.load_backbone("toy").load()
        >>> [node.operation.name for node in before(net, net.get_layer("block1_relu").output)]
        ['block1_conv', 'block1_bn', 'block1_relu']
    """
    needed, found = {id(output)}, []
    for node in reversed(list(nodes(net))):
        if any(id(tensor) in needed for tensor in node.outputs):
            found.append(node)
            needed |= {id(tensor) for tensor in node.input_tensors}
    return found[::-1]


def passages(net: "keras.Model", output: Any) -> list[Any]:
    """List the calls whose single result determines a later tensor completely.

    A net with skip connections has few such calls: one after each addition.

    Args:
        net: A functional model.
        output: A symbolic tensor of the net, of shape (batch, ...).

    Returns:
        Calls with one output each, in topological order; the last one makes the tensor.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> x = keras.layers.Conv2D(4, 3, padding="same", name="first")(pixels)
        >>> x = keras.layers.Add(name="sum")([x, keras.layers.Conv2D(4, 3, padding="same", name="second")(x)])
        >>> [node.operation.name for node in passages(keras.Model(pixels, x), x)]
        ['first', 'sum']
    """
    calls = before(net, output)
    readers: dict[int, int] = {id(output): 1}
    for node in calls:
        for tensor in node.input_tensors:
            readers[id(tensor)] = readers.get(id(tensor), 0) + 1
    waiting = {id(tensor) for tensor in net.inputs if id(tensor) in readers}
    found = []
    for node in calls:
        for tensor in node.input_tensors:
            readers[id(tensor)] -= 1
        waiting |= {id(tensor) for tensor in node.outputs if id(tensor) in readers}
        waiting = {tensor for tensor in waiting if readers[tensor]}
        if len(node.outputs) == 1 and waiting == {id(node.outputs[0])}:
            found.append(node)
    return found
