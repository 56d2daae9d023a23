"""Frozen normalisation, folded into the kernel in front of it: the same numbers in fewer passes over the activations."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tfft.accelerate.convolutions import biased, convolve, is_differentiated
from tfft.accelerate.precision import FLOAT32
from tfft.accelerate.switches import is_on
from tfft.core.graph import called, is_functional, nodes

if TYPE_CHECKING:
    import keras


def run(net: "keras.Model", inputs: Any, training: bool | None) -> Any:
    """Call a net, its frozen batch normalisation folded into the convolutions in front of it.

    A frozen norm multiplies each channel by a constant and adds one. TensorFlow does that in passes of their own over activations
    that do not fit into a CPU's caches; with the constants inside kernel and bias the product is the same, and gradients flow
    through it. (2 cores, 224 pixels, forward: MobileNetV2-0.35 4.0 -> 2.1 ms in float32, ResNet50 27 -> 6.3 ms in bfloat16.)

    Args:
        net: A model; one that is not functional is just called.
        inputs: As the net takes them, each of shape (batch, ...).
        training: As Keras has it.

    Returns:
        What ``net(inputs, training=training)`` returns.

    Example:
        >>> import keras, numpy as np
        >>> inputs = keras.Input((4, 4, 3))
        >>> net = keras.Model(inputs, keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3)(inputs)))
        >>> pixels = np.random.default_rng(0).normal(size=(1, 4, 4, 3)).astype("float32")
        >>> bool(np.allclose(run(net, pixels, training=False), net(pixels, training=False), atol=1e-6))
        True

    Source:
        Jacob et al. 2018, section 3.2, https://arxiv.org/abs/1712.05877, there for quantised inference.
    """
    found = foldable(net, training) if is_on("folding") else []
    norms = {id(norm) for _, norm in found}
    gradients = bool(training) or is_differentiated()
    folded = {id(convolution): _folded(convolution, norm, gradients) for convolution, norm in found}
    if gradients and is_on("convolutions"):
        folded = {id(layer): _alone(layer) for layer in net.layers if _trains_in_less(layer)} | folded
    if not folded or not is_functional(net):
        return net(inputs, training=training)

    def call(operation: Any) -> Callable[..., Any]:
        if id(operation) in norms:
            return lambda tensor, **_: tensor
        if id(operation) in folded:
            return folded[id(operation)]
        if getattr(operation, "_call_has_training_arg", False):
            return lambda *args, **kwargs: operation(*args, **{**kwargs, "training": training})
        return operation

    return called(net, inputs if isinstance(inputs, (list, tuple)) else [inputs], call)


def foldable(net: "keras.Model", training: bool | None) -> list[tuple[Any, Any]]:
    """The convolutions of a net whose outputs go to a frozen norm and nowhere else.

    Args:
        net: A model.
        training: Whether norms that train are in training mode.

    Returns:
        Pairs of a convolution and its norm.
    """
    import keras

    layers = keras.layers
    kinds = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
    if not is_functional(net):
        return []
    calls = list(nodes(net))
    readers: dict[int, list[Any]] = {}
    for node in calls:
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node.operation)
    ends, once = {id(tensor) for tensor in net.outputs}, _once(node.operation for node in calls)
    found = []
    for node in calls:
        operation, after = node.operation, readers.get(id(node.outputs[0]), [])
        if type(operation) in kinds and len(after) == 1 and id(node.outputs[0]) not in ends:
            norm = after[0]
            alone = id(operation) in once and id(norm) in once
            if alone and _is_linear(operation) and _is_frozen(norm, training):
                found.append((operation, norm))
    return found


def _once(operations: Iterable[Any]) -> set[int]:
    """Those that are called once; a layer that is shared by two paths may have a norm behind one of them only."""
    counts: dict[int, int] = {}
    for operation in operations:
        counts[id(operation)] = counts.get(id(operation), 0) + 1
    return {found for found, count in counts.items() if count == 1}


def _is_linear(convolution: Any) -> bool:
    import keras

    plain = convolution.activation is keras.activations.linear and convolution.activity_regularizer is None
    return plain and convolution.data_format == "channels_last"


def _is_frozen(norm: Any, training: bool | None) -> bool:
    import keras

    if type(norm) is not keras.layers.BatchNormalization or norm.axis not in (3, -1) or norm.renorm:
        return False
    return not training or not norm.trainable


def _trains_in_less(layer: Any) -> bool:
    import keras

    if type(layer) is not keras.layers.Conv2D or layer.data_format != "channels_last":
        return False
    return layer.compute_dtype != FLOAT32 and layer.activity_regularizer is None


def _alone(convolution: Any) -> Callable[..., Any]:
    """A convolution without a norm, in training."""

    def call(tensor: Any, **_: Any) -> Any:
        found = convolve(convolution, tensor, convolution.kernel, training=True)
        return convolution.activation(biased(found, convolution.bias) if convolution.use_bias else found)

    return call


def _folded(convolution: Any, norm: Any, training: bool) -> Callable[..., Any]:
    """Convolution and norm in one, as a function of the convolution's input."""
    from keras import layers, ops

    def call(tensor: Any, **_: Any) -> Any:
        dtype = convolution.compute_dtype
        scale = ops.rsqrt(norm.moving_variance + norm.epsilon)
        scale = scale if norm.gamma is None else scale * norm.gamma
        shift = -norm.moving_mean * scale
        shift = shift if norm.beta is None else shift + norm.beta
        shift = shift + convolution.bias * scale if convolution.use_bias else shift
        where = {
            "strides": convolution.strides,
            "padding": convolution.padding,
            "dilation_rate": convolution.dilation_rate,
        }
        tensor = ops.cast(tensor, dtype)
        if isinstance(convolution, layers.SeparableConv2D):
            kernels = (
                ops.cast(convolution.depthwise_kernel, dtype),
                ops.cast(convolution.pointwise_kernel * scale, dtype),
            )
            found = ops.separable_conv(tensor, *kernels, **where)
        elif isinstance(convolution, layers.DepthwiseConv2D):
            kernel = convolution.kernel * ops.reshape(scale, convolution.kernel.shape[2:])
            found = ops.depthwise_conv(tensor, ops.cast(kernel, dtype), **where)
        else:
            found = convolve(convolution, tensor, convolution.kernel * scale, training)
        return biased(found, shift) if training and dtype != FLOAT32 else ops.add(found, ops.cast(shift, dtype))

    return call
