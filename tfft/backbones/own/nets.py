"""A user's own net as one flat functional model: inner models unfolded, one image input, and a known size.

::

    image_input     the input for images
    has_clashes     whether two operations inside have the same name
    unfolded        the flat net
"""

from collections.abc import Iterator
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.core.graph import called, is_functional, nodes


def image_input(net: Any, handle: str) -> Any:
    """Find the image input of a net.

    Args:
        net: Any Keras model.
        handle: The handle of the backbone, for messages.

    Returns:
        A symbolic tensor of shape (batch, height, width, 3).

    Raises:
        BackboneError: When the net is not functional, or does not take images.

    Example:
        >>> import keras
        >>> image_input(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]), "net").shape
        (None, 8, 8, 3)
    """
    if as_graph(net) is None:
        own = hasattr(net, "_nodes_by_depth")
        raise BackboneError(
            f"The model {handle!r} is not functional.",
            f"{type(net).__name__} with a call() of its own" if own else f"{type(net).__name__} without keras.Input",
            "Build it with keras.Model(inputs, outputs), or begin the Sequential one with keras.Input(shape). A subclassed "
            "model that is registered with keras.saving.register_keras_serializable() may be called inside a functional one.",
        )
    images = [tensor for tensor in net.inputs if len(tensor.shape) == 4 and tensor.shape[-1] == 3]
    if len(images) != 1:
        shapes = [tuple(tensor.shape) for tensor in net.inputs]
        raise BackboneError(
            f"The model {handle!r} takes no images." if not images else f"The model {handle!r} takes several images.",
            shortlist(shapes),
            f"It must take one tensor of shape (batch, height, width, 3).{_advice(shapes)}",
        )
    return images[0]


def _advice(shapes: list[tuple[int | None, ...]]) -> str:
    """Advice that turns a net with a similar input into a net for RGB images."""
    shape = shapes[0] if len(shapes) == 1 and len(shapes[0]) == 4 else ()
    if not shape:
        return ""
    inside = {
        1: "keras.ops.image.rgb_to_grayscale(images)",
        4: "keras.ops.pad(images, [(0, 0), (0, 0), (0, 0), (0, 1)], constant_values=255)",
    }.get(shape[-1] or 0)
    size = f"({shape[1]}, {shape[2]}, 3)"
    if shape[1] == 3:
        size, inside = f"({shape[2]}, {shape[3]}, 3)", "keras.layers.Permute((3, 1, 2))(images)"
    if inside is None:
        return ""
    return f" Write images = keras.Input({size}), and pass keras.Model(images, net({inside}))."


def as_graph(net: Any) -> Any:
    """Return the functional model of a layer or model.

    Args:
        net: Any Keras layer or model; its tensors have shape (batch, ...).

    Returns:
        A functional model with the same layers; None when there is no graph, or when the class adds code of its own.

    Example:
        >>> import keras
        >>> as_graph(keras.Sequential([keras.Input((2,)), keras.layers.ReLU(name="relu")])).layers[-1].name
        'relu'
    """
    import keras

    if type(net).__name__ == "Sequential" and isinstance(net, keras.Sequential):
        return keras.Model(net.inputs, net.outputs, name=net.name) if net.built and net.inputs else None
    return net if is_functional(net) else None


def has_clashes(net: Any) -> bool:
    """Return whether two operations of a net and its inner models share a name, as in nets that were made in two sessions.

    Args:
        net: A functional or sequential model.

    Returns:
        Whether ``unfolded`` has to rename operations, which is allowed only in a copy of a user's net.

    Example:
        >>> import keras
        >>> inner = keras.Sequential([keras.Input((2,)), keras.layers.ReLU(name="relu")])
        >>> has_clashes(keras.Sequential([keras.Input((2,)), inner, keras.layers.ReLU(name="relu")]))
        True
    """
    names = [operation.name for operation, _ in _operations(as_graph(net), "")]
    return len(set(names)) < len(names)


def _operations(net: Any, prefix: str) -> Iterator[tuple[Any, str]]:
    """Yield each operation once, with the name of the model that contains it; inputs and the models themselves are left out."""
    seen: set[int] = set()
    for operation in (node.operation for node in nodes(net)):
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        inner = as_graph(operation)
        if inner is None:
            yield operation, prefix
        else:
            yield from _operations(inner, operation.name)


def unfolded(net: Any, handle: str, size: tuple[int, int]) -> Any:
    """Replace inner models by their operations, so that the net can be cut inside them.

    Args:
        net: A functional or sequential model. If ``has_clashes`` is true for it, some of its operations are renamed.
        handle: The handle of the backbone, for messages.
        size: Height and width in pixels, for a net that does not fix them.

    Returns:
        A functional model for images of shape (batch, height, width, 3), which shares the layers of the net.

    Raises:
        BackboneError: When the net cannot be called with images of this size.

    Example:
        >>> import keras
        >>> inner = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3, name="conv")])
        >>> outer = keras.Sequential([keras.Input((None, None, 3)), inner])
        >>> unfolded(outer, "outer", (8, 8)).outputs[0].shape
        (None, 6, 6, 4)
    """
    import keras

    graph, image = as_graph(net), image_input(net, handle)
    inside = any(as_graph(node.operation) is not None for node in nodes(graph))
    fixed = image.shape[0] is None and tuple(image.shape[1:3]) == tuple(size)
    if not inside and fixed:
        return graph
    _rename(graph)

    def call(operation: Any) -> Any:
        inner = as_graph(operation)
        return (
            operation if inner is None else lambda *given, **named: called(inner, _tensors(inner, given, named), call)
        )

    shapes = [(*size, 3) if tensor is image else tensor.shape[1:] for tensor in graph.inputs]
    pairs = zip(shapes, graph.inputs, strict=True)
    inputs = [keras.Input(shape, dtype=tensor.dtype, name=tensor.name) for shape, tensor in pairs]
    try:
        return keras.Model(inputs, called(graph, inputs, call), name=net.name)
    except Exception as error:  # the layers and operations of the net may raise any exception
        reason = (str(error).splitlines() or [""])[0][:200]
        raise BackboneError(
            f"The model {handle!r} cannot be called with images of {size[0]} x {size[1]} pixels: {reason}.",
            f"{type(error).__name__}, for an input of shape {tuple(image.shape)}",
            "Pass another size=, or build the model with an input of shape (height, width, 3) and no fixed batch size.",
        ) from error


def _rename(graph: Any) -> None:
    """Rename operations that share a name with an earlier operation."""
    known: dict[str, Any] = {}
    taken = {operation.name for operation, _ in _operations(graph, "")}
    for operation, prefix in _operations(graph, ""):
        if known.setdefault(operation.name, operation) is operation:
            continue
        name, number = f"{prefix}_{operation.name}", 1
        while name in taken:
            name, number = f"{prefix}_{operation.name}_{number}", number + 1
        operation.name = name
        known[name] = operation
        taken.add(name)


def _tensors(inner: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The arguments with which an inner model was called, in the order of its inputs."""
    import keras

    given = given or tuple(value for value in named.values() if keras.ops.is_tensor(value))[:1]
    if len(given) == 1 and isinstance(given[0], dict) and all(tensor.name in given[0] for tensor in inner.inputs):
        return [given[0][tensor.name] for tensor in inner.inputs]
    return given
