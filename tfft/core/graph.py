"""The graph of a functional net: its longest beginning in which nothing moves, and the tensors where that ends."""

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def beginning(net: "keras.Model", moving: Iterable[Any], inference: bool) -> list[Any]:
    """The largest beginning of a net that gives the same for the same inputs, as long as some of its variables move.

    Args:
        net: A functional model.
        moving: Its variables that move.
        inference: Whether dropout is off; where it is on, what it changes is not in the beginning.

    Returns:
        Calls of operations, in topological order; without those at its end that make more values of what enters them, by the
        shapes of their tensors.

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
    """The tensors that the rest of a net takes from its beginning.

    Args:
        net: A functional model.
        before: From ``beginning``.

    Returns:
        Symbolic tensors of shape (batch, ...), in the order in which they are made; the net's outputs when nothing is left.
    """
    inside = {id(node) for node in before}
    needed = {id(t) for node in nodes(net) if id(node) not in inside for t in node.input_tensors}
    made = [*net.inputs, *(tensor for node in before for tensor in node.outputs)]
    ends = {id(tensor) for tensor in net.outputs}
    return tuple(tensor for tensor in made if id(tensor) in needed or id(tensor) in ends)


def largest(net: "keras.Model") -> int:
    """Values of one example that the hungriest operation of a net reads and writes.

    Args:
        net: A functional model, its tensors of shape (batch, ...); lengths that are not known count as one.

    Returns:
        At least 1.

    Example:
        >>> import tfft
        >>> largest(tfft.load_backbone("toy").load())
        1024
    """
    return max([_size((*node.input_tensors, *node.outputs)) for node in nodes(net)], default=1)


def multiplications(net: "keras.Model", length: float = 1) -> int:
    """Multiplications of one example with kernels; those of two activations with each other, as in attention, are left out.

    Args:
        net: A functional model, its tensors of shape (batch, ...).
        length: What lengths that are not known count as.

    Returns:
        Each comes with an addition: twice as many floating point operations.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> multiplications(keras.Model(pixels, keras.layers.Conv2D(16, 3, padding="same")(pixels)))
        27648
    """
    return round(sum(_multiplications(node, length) for node in nodes(net)))


def _multiplications(node: Any, length: float) -> float:
    # what a SavedModel computes it keeps to itself, and says that it is something
    return getattr(node.operation, "multiplications", 0) or sum(
        prod(weight.shape) * prod(side or length for side in node.outputs[0].shape[1:-1])
        for weight in getattr(node.operation, "weights", [])
        # a table is looked up in, and biases of attention have two axes; neither multiplies anything
        if len(weight.shape) > 1 and weight.name not in ("embeddings", "codes", "scales", "bias")
    )


def _holds_still(operation: Any, moving: set[int], inference: bool) -> bool:
    return (inference or not _is_random(operation)) and not any(
        id(variable) in moving for variable in getattr(operation, "weights", [])
    )


def _narrowed(net: "keras.Model", before: list[Any]) -> list[Any]:
    """Without the cheap calls at its end that make more of what enters them, such as one pooling of two paths."""
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
    """Whether it may as well be computed in every epoch: it has no kernel, and gives the same in training as in inference."""
    return not _is_random(operation) and all(len(weight.shape) < 2 for weight in getattr(operation, "weights", []))


def _is_random(operation: Any) -> bool:
    import keras

    # what a layer holds beside its weights is the state of its random generators
    drawn = len(getattr(operation, "variables", [])) > len(getattr(operation, "weights", []))
    return drawn or isinstance(operation, keras.layers.Dropout)


def _size(tensors: tuple[Any, ...]) -> int:
    """Values that an example has at a boundary; lengths that are not known count as one."""
    return sum(prod(length or 1 for length in tensor.shape[1:]) for tensor in tensors)


def nodes(net: "keras.Model") -> Iterator[Any]:
    """Calls of operations in topological order. (Keras 3.15 has no public way to them; a test guards this one.)

    Args:
        net: A functional model.

    Yields:
        Each call, but for inputs.
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
        call: An operation, which may be a layer or not -> the callable to use in its place, with the same arguments.

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
