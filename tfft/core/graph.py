"""Walk through the graph of a functional net: its frozen beginning, the tensors where that ends, and its size."""

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def beginning(net: "keras.Model", moving: Iterable[Any], inference: bool) -> list[Any]:
    """Find the largest beginning of a net whose results stay the same while some variables of the net change.

    Args:
        net: A functional model.
        moving: The variables of the net that change.
        inference: Whether dropout is off. When dropout is on, all calls that it affects are left out.

    Returns:
        Calls of operations, in topological order. Cheap calls at the end that only increase the number of values are left out,
        because storing their inputs takes less space.

    Example:
        >>> import tfft
        >>> net = tfft.load_backbone("toy").load()
        >>> before = beginning(net, net.get_layer("block2_conv").weights, inference=True)
        >>> before[-1].operation.name
        'block1_relu'
    """
    ids = {id(variable) for variable in moving}
    known = {id(tensor) for tensor in net.inputs}
    before = []
    for node in nodes(net):
        if all(id(t) in known for t in node.input_tensors) and _holds_still(node.operation, ids, inference):
            before.append(node)
            known |= {id(tensor) for tensor in node.outputs}
    return _narrowed(net, before)


def boundary(net: "keras.Model", before: list[Any]) -> tuple[Any, ...]:
    """List the tensors that the rest of a net reads from its beginning.

    Args:
        net: A functional model.
        before: The result of ``beginning``.

    Returns:
        Symbolic tensors of shape (batch, ...), in the order of computation. These are the outputs of the net when the beginning is
        the whole net.
    """
    inside = {id(node) for node in before}
    needed = {id(t) for node in nodes(net) if id(node) not in inside for t in node.input_tensors}
    made = [*net.inputs, *(tensor for node in before for tensor in node.outputs)]
    ends = {id(tensor) for tensor in net.outputs}
    return tuple(tensor for tensor in made if id(tensor) in needed or id(tensor) in ends)


def largest(net: "keras.Model") -> int:
    """Return the largest number of values that one operation of a net reads and writes for one example.

    Args:
        net: A functional model; its tensors have shape (batch, ...). Unknown lengths count as one.

    Returns:
        The number of values, at least 1.

    Example:
        >>> import tfft
        >>> largest(tfft.load_backbone("toy").load())
        1024
    """
    return max([_size((*node.input_tensors, *node.outputs)) for node in nodes(net)], default=1)


def multiplications(net: "keras.Model", length: float = 1) -> int:
    """Count the multiplications with kernels for one example. Products of two activations, as in attention, are not counted.

    Args:
        net: A functional model; its tensors have shape (batch, ...).
        length: The number that replaces unknown lengths.

    Returns:
        The number of multiplications. Each comes with an addition, so the number of floating point operations is twice as large.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> multiplications(keras.Model(pixels, keras.layers.Conv2D(16, 3, padding="same")(pixels)))
        27648
    """
    return round(sum(_multiplications(node, length) for node in nodes(net)))


def _multiplications(node: Any, length: float) -> float:
    # the graph inside a SavedModel is not counted: its layer only says that it multiplies something
    return getattr(node.operation, "multiplications", 0) or sum(
        prod(weight.shape) * prod(side or length for side in node.outputs[0].shape[1:-1])
        for weight in getattr(node.operation, "weights", [])
        # an embedding is looked up, and biases of attention have two axes: neither is multiplied
        if len(weight.shape) > 1 and weight.name not in ("embeddings", "codes", "scales", "bias")
    )


def _holds_still(operation: Any, moving: set[int], inference: bool) -> bool:
    return (inference or not _is_random(operation)) and not any(
        id(variable) in moving for variable in getattr(operation, "weights", [])
    )


def _narrowed(net: "keras.Model", before: list[Any]) -> list[Any]:
    """Drop cheap calls at the end while this gives smaller boundary tensors: caching their inputs takes less space."""
    best, best_size = before, _size(boundary(net, before))
    while True:
        later = {id(t) for node in before for t in node.input_tensors}
        ends = [n for n in before if not any(id(t) in later for t in n.outputs) and _is_cheap(n.operation)]
        smaller = [[n for n in before if n is not end] for end in ends]
        smaller = [s for s in smaller if _size(boundary(net, s)) <= best_size]
        if not smaller:
            return best
        before = min(smaller, key=lambda nodes: _size(boundary(net, nodes)))
        if _size(boundary(net, before)) < best_size:
            best, best_size = before, _size(boundary(net, before))


def _is_cheap(operation: Any) -> bool:
    """Return whether an operation can be computed again in every epoch: it has no kernel and is not random."""
    return not _is_random(operation) and all(len(weight.shape) < 2 for weight in getattr(operation, "weights", []))


def _is_random(operation: Any) -> bool:
    import keras

    # variables of a layer that are not weights are the states of random generators
    drawn = len(getattr(operation, "variables", [])) > len(getattr(operation, "weights", []))
    return drawn or isinstance(operation, keras.layers.Dropout)


def _size(tensors: tuple[Any, ...]) -> int:
    """Count the values of one example in some tensors. Unknown lengths count as one."""
    return sum(prod(length or 1 for length in tensor.shape[1:]) for tensor in tensors)


def nodes(net: "keras.Model") -> Iterator[Any]:
    """Iterate over the calls of operations in topological order.

    Keras 3.15 has no public way to do this; a test fails if the private one changes.

    Args:
        net: A functional model.

    Yields:
        Each call, except the inputs of the net.
    """
    for depth in sorted(net._nodes_by_depth, reverse=True):
        yield from (node for node in net._nodes_by_depth[depth] if not node.is_input)


def is_functional(net: Any) -> bool:
    """Return whether the graph of a net is all that it computes: a functional model whose class does not define ``call``.

    Args:
        net: Any Keras layer.

    Returns:
        True when ``nodes`` and ``called`` describe the whole computation. (A ``Sequential`` model only contains such a net.)

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> is_functional(keras.Model(pixels, pixels + 1)), is_functional(keras.layers.ReLU())
        (True, False)
    """
    return hasattr(net, "_nodes_by_depth") and type(net).call.__qualname__ == "Functional.call"


def called(net: "keras.Model", inputs: Iterable[Any], call: Callable[[Any], Any]) -> Any:
    """Call a net with each operation replaced. (Keras 3.15 has no public way to do this; a test fails if this one changes.)

    Args:
        net: A functional model.
        inputs: One tensor for each of ``net.inputs``, in the same order, of shape (batch, ...).
        call: Operation or layer -> the callable to use in its place, with the same arguments.

    Returns:
        The outputs of the net, in the same structure.

    Example:
        >>> import keras, numpy as np
        >>> pixels = keras.Input((2,))
        >>> net = keras.Model(pixels, keras.layers.ReLU()(pixels) + 1)
        >>> called(net, [np.array([[-1.0, 2.0]])], lambda operation: operation).numpy().tolist()
        [[1.0, 3.0]]
    """
    return net._run_through_graph(list(inputs), operation_fn=call)
