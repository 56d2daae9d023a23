"""Convolutions and biases for training in bfloat16, where some gradients of TensorFlow are slow and some are wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tfft.accelerate.precision import FLOAT32
from tfft.accelerate.switches import is_on

_DIFFERENTIATED = ContextVar("differentiated", default=False)


@contextmanager
def differentiated() -> Iterator[None]:
    """Use the convolutions for training in nets that are traced in this context. Dropout and norms are not affected.

    Yields:
        None.
    """
    before = _DIFFERENTIATED.set(True)
    try:
        yield
    finally:
        _DIFFERENTIATED.reset(before)


def is_differentiated() -> bool:
    """Return whether the context ``differentiated`` is active."""
    return _DIFFERENTIATED.get()


def is_plain(layer: Any) -> bool:
    """Return whether a layer is a 2D convolution with one group and dilation 1 of tensors (batch, height, width, channels).

    Args:
        layer: Any layer or operation.

    Returns:
        True for layers for which ``convolve`` has its own gradient.
    """
    import keras

    if type(layer) is not keras.layers.Conv2D or layer.data_format != "channels_last":
        return False
    return layer.groups == 1 and layer.dilation_rate == (1, 1) and layer.padding in ("same", "valid")


def convolve(layer: Any, tensor: Any, kernel: Any, training: bool) -> Any:
    """Convolve a tensor with a kernel as a ``Conv2D`` layer does, without its bias.

    For the gradient of a bfloat16 kernel, oneDNN takes two to four times as long as the matrix products that it consists of
    (TensorFlow 2.21, batch 32, 7 x 7 pixels: 17 and 4 ms for 1 x 1 kernels from 512 to 2048 channels, 18 and 8 ms for 3 x 3
    kernels from 512 to 512). In training, a convolution with a 1 x 1 kernel is therefore a matrix product, and the gradient
    of other kernels is one matrix product for each position of the kernel. In float32 and in inference, the
    operations of Keras are as fast.

    Args:
        layer: A ``Conv2D`` layer. Its strides, padding, dilation and precision are used.
        tensor: The input, shape (batch, height, width, channels).
        kernel: The kernel, float32, shape (height, width, channels / groups, filters).
        training: Whether a gradient will be computed.

    Returns:
        The result in the precision of the layer, shape (batch, height, width, filters).

    Example:
        >>> import keras, numpy as np
        >>> layer = keras.layers.Conv2D(2, 3)
        >>> layer.build((None, 4, 4, 1))
        >>> convolve(layer, np.ones((1, 4, 4, 1), np.float32), np.ones((3, 3, 1, 2), np.float32), False).shape.as_list()
        [1, 2, 2, 2]
    """
    from keras import ops

    dtype = layer.compute_dtype
    tensor, kernel = ops.cast(tensor, dtype), ops.cast(kernel, dtype)
    if training and dtype != FLOAT32 and is_on("convolutions") and is_plain(layer):
        rows, columns = layer.strides
        if layer.kernel_size == (1, 1):
            tensor = tensor[:, ::rows, ::columns] if rows * columns > 1 else tensor
            found = ops.matmul(ops.reshape(tensor, (-1, kernel.shape[2])), kernel[0, 0])
            return ops.reshape(found, (-1, *tensor.shape[1:-1], kernel.shape[3]))
        if rows * columns == 1:
            before = [(size - 1) // 2 if layer.padding == "same" else 0 for size in layer.kernel_size]
            after = [
                size - 1 - b if layer.padding == "same" else 0
                for size, b in zip(layer.kernel_size, before, strict=True)
            ]
            tensor = ops.pad(tensor, [(0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)])
            return _by_products(tensor, kernel)
    where = {"strides": layer.strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
    return ops.conv(tensor, kernel, **where)


def biased(tensor: Any, bias: Any) -> Any:
    """Add a bias to each channel, with a gradient that is correct in every precision.

    TensorFlow 2.21 sums the gradient of a bias in the precision of the tensor. In bfloat16 the sum is wrong by 4 % for a batch of
    32 with 7 x 7 pixels, and by 26 % with 14 x 14 pixels. A matrix product with ones sums in float32.

    Args:
        tensor: A tensor of shape (..., channels).
        bias: The bias, float32, shape (channels,).

    Returns:
        The sum, with the shape and dtype of ``tensor``.

    Example:
        >>> import numpy as np
        >>> biased(np.zeros((1, 2), np.float32), np.array([1.0, 2.0], np.float32)).numpy().tolist()
        [[1.0, 2.0]]
    """
    from keras import ops

    dtype = tensor.dtype

    @ops.custom_gradient
    def added(tensor: Any, bias: Any) -> Any:
        def gradients(*given: Any, upstream: Any = None) -> tuple[Any, Any]:
            of_result = given[0] if upstream is None else upstream
            flat = ops.reshape(of_result, (-1, of_result.shape[-1]))
            return of_result, ops.matmul(ops.ones((1, ops.shape(flat)[0]), dtype), flat)[0]

        return ops.add(tensor, bias), gradients

    return added(tensor, ops.cast(bias, dtype))


def _by_products(tensor: Any, kernel: Any) -> Any:
    """Compute a convolution with stride 1 and without padding, with its own gradients."""
    from keras import ops

    @ops.custom_gradient
    def convolved(tensor: Any, kernel: Any) -> Any:
        height, width, channels, filters = kernel.shape

        def gradients(*given: Any, upstream: Any = None) -> tuple[Any, Any]:
            of_result = given[0] if upstream is None else upstream
            rows, columns = of_result.shape[1:3]
            flat = ops.reshape(of_result, (-1, filters))
            products = [
                ops.matmul(ops.transpose(ops.reshape(tensor[:, y : y + rows, x : x + columns], (-1, channels))), flat)
                for y in range(height)
                for x in range(width)
            ]
            around = [(0, 0), (height - 1, height - 1), (width - 1, width - 1), (0, 0)]
            turned = ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))
            return ops.conv(ops.pad(of_result, around), turned), ops.reshape(ops.stack(products), kernel.shape)

        return ops.conv(tensor, kernel), gradients

    return convolved(tensor, kernel)
