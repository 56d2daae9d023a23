"""Resize images in a TensorFlow graph with the exact results of Pillow, which training and prediction use."""

from typing import Any

import numpy as np

_BITS = 22
_VERTICAL_FIRST = 13
"""Since this version, Pillow resizes the height first where it shrinks by more than twice as many pixels as the width."""


def resized(image: Any, box: Any, height: Any, width: Any) -> Any:
    """Resize a part of an image as ``Image.resize(size, BILINEAR, box)`` of Pillow does.

    Args:
        image: uint8, shape (rows, columns, channels).
        box: (left, top, right, bottom) of the part, float64 tensors in pixels; Pillow rounds them to float32.
        height: The number of rows of the result, a number or an int32 tensor.
        width: The number of columns of the result, likewise.

    Returns:
        uint8, shape (height, width, channels).

    Source:
        Pillow's ``Resample.c``: a triangle filter as wide as the reduction, as whole numbers of 22 bits, with whole grey values
        between the two passes. The order of the passes: pull request 9549 of Pillow.

    Example:
        >>> import tensorflow as tf
        >>> row = tf.constant([[[0], [100], [200], [250]]], tf.uint8)
        >>> box = [tf.constant(each, tf.float64) for each in (0, 0, 4, 1)]
        >>> resized(row, box, 1, 2)[0, :, 0].numpy().tolist()
        [71, 207]
    """
    import tensorflow as tf

    rows, columns = tf.shape(image)[0], tf.shape(image)[1]
    left, top, right, bottom = (tf.cast(edge, tf.float32) for edge in box)
    across, down = _weights(columns, left, right, width), _weights(rows, top, bottom, height)
    pixels = tf.cast(image, tf.float64)

    def horizontal(values: Any) -> Any:
        return _rounded(tf.einsum("hwc,ow->hoc", values, across))

    def vertical(values: Any) -> Any:
        return _rounded(tf.einsum("hwc,oh->owc", values, down))

    shrunk = (rows > height) & (rows - height > 2 * (columns - width)) & _vertical_first()
    found = tf.cond(shrunk, lambda: horizontal(vertical(pixels)), lambda: vertical(horizontal(pixels)))
    return tf.cast(found, tf.uint8)


def _vertical_first() -> bool:
    import PIL

    return int(PIL.__version__.partition(".")[0]) >= _VERTICAL_FIRST


def _weights(size: Any, begin: Any, end: Any, out: Any) -> Any:
    """The share of each pixel of a row in each pixel of the result, times 2**22, float64, shape (out, size)."""
    import tensorflow as tf

    double = tf.float64
    scale = tf.cast(end - begin, double) / tf.cast(out, double)
    support = tf.maximum(scale, tf.constant(1, double))
    center = tf.cast(begin, double) + (tf.range(tf.cast(out, double), dtype=double) + 0.5) * scale
    low = tf.maximum(tf.floor(center - support + 0.5), tf.constant(0, double))
    high = tf.minimum(tf.floor(center + support + 0.5), tf.cast(size, double))
    places = tf.range(tf.cast(size, double), dtype=double)
    shares = tf.nn.relu(1 - tf.abs((places[None] - center[:, None] + 0.5) / support))
    inside = (places[None] >= low[:, None]) & (places[None] < high[:, None])
    shares = tf.where(inside, shares, tf.zeros_like(shares))
    return tf.floor(shares / tf.reduce_sum(shares, axis=1, keepdims=True) * 2**_BITS + 0.5)


def _rounded(sums: Any) -> Any:
    """Sums of pixels with weights of 22 bits as whole grey values."""
    import tensorflow as tf

    return tf.clip_by_value(tf.floor((sums + 2 ** (_BITS - 1)) / 2**_BITS), np.float64(0), np.float64(255))
