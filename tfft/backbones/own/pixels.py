"""Find the pixel range of a user's own net from what its first layers do with 0..255, so that pixels are scaled once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.core.errors import BackboneError, nearest
from tfft.core.graph import nodes
from tfft.inputs.pixels import PIXEL_RANGES

RAW = "raw"
_UNIT = "zero_to_one"
# a change of pixel values by at least this much is not rounding: in bfloat16, 255 is rounded by less
_CHANGED = 1.0
# scaled images span at least this range, and their values are at most this far from 0
_LEAST, _MOST = 0.3, 100.0
# a net that only subtracts ImageNet's channel means keeps the span of 255; larger spans than this are not a known scaling
_WIDEST = 300.0
_RANGES = '"raw" for 0..255, "zero_to_one", "minus_one_to_one", "torch" or "caffe"'


@dataclass(frozen=True)
class Entry:
    """The layers and operations at the beginning of a net that scale pixels.

    Attributes:
        names: The names of these layers and operations in order, without inputs.
        net: The net from images of shape (batch, height, width, 3) to their output; None when there are no such layers.
    """

    names: tuple[str, ...]
    net: Any

    def scaling(self) -> tuple[str, ...]:
        """The names of those that change values; layers that only crop, pad or flip are left out."""
        import keras

        calls, before, changing = list(nodes(self.net)), np.array([7.0, 199.0]), []
        net = keras.Model(self.net.inputs[0], [node.outputs[0] for node in calls])
        images = np.broadcast_to(before.astype("float32")[:, None, None, None], (2, *net.inputs[0].shape[1:]))
        results = net(np.ascontiguousarray(images), training=False)
        for node, result in zip(calls, results if isinstance(results, list) else [results], strict=True):
            after = np.array([_middle(image).mean() for image in np.asarray(result, "float32")])
            if not np.allclose(after, before, rtol=1e-3):
                changing.append(node.operation.name)
            before = after
        return tuple(changing)

    def values(self, lowest: float, highest: float) -> tuple[np.ndarray, np.ndarray]:
        """Compute the outputs for the darkest and the brightest pixel.

        Args:
            lowest: The value of all pixels in the first image.
            highest: The value of all pixels in the second image.

        Returns:
            Two arrays of shape (channels,).
        """
        found = []
        for value in (lowest, highest):
            image = np.full((1, *self.net.inputs[0].shape[1:]), value, "float32")
            found.append(_middle(np.asarray(self.net(image, training=False), "float32")[0]))
        return found[0], found[1]


def _middle(image: np.ndarray) -> np.ndarray:
    """The channels of the middle pixel, because padding may surround it; works for both channel axes."""
    return image[tuple(side // 2 if side > 4 else slice(None) for side in image.shape)].reshape(-1)


def entry(net: Any) -> Entry:
    """Find the beginning of a net that treats all pixels alike: layers without weights, and normalisation by constants.

    Args:
        net: A flat functional model from images of shape (batch, height, width, 3).

    Returns:
        An Entry; it may contain augmentation, resizing and cropping layers.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> net = keras.Model(pixels, keras.layers.Conv2D(4, 3)(pixels / 127.5 - 1))
        >>> found = entry(net)
        >>> [values.tolist() for values in found.values(0, 255)]
        [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]
    """
    import keras

    end: Any = None
    names: list[str] = []
    waiting: list[str] = []
    calls = list(nodes(net))
    readers: dict[int, int] = {}
    for node in calls:
        for tensor in node.input_tensors:
            readers[id(tensor)] = readers.get(id(tensor), 0) + 1
    live = {id(net.inputs[0])}
    for node in calls:
        if not _is_constant(node) or not all(id(tensor) in live for tensor in node.input_tensors):
            break
        waiting.append(node.operation.name)
        for tensor in node.input_tensors:
            readers[id(tensor)] -= 1
        live = {each for each in live if readers.get(each)} | {id(node.outputs[0])}
        if live == {id(node.outputs[0])}:
            end, names = node.outputs[0], [*names, *waiting]
            waiting = []
    return Entry(tuple(names), None if end is None else keras.Model(net.inputs[0], end))


def _is_constant(node: Any) -> bool:
    learned = getattr(node.operation, "weights", []) and type(node.operation).__name__ != "Normalization"
    return not learned and len(node.outputs) == 1 and len(node.outputs[0].shape) == 4


def reads_weights(net: Any) -> bool:
    """Return whether the pixel range depends on the weights, because the net begins with an adapted ``Normalization``.

    Args:
        net: A flat functional model from images of shape (batch, height, width, 3).

    Returns:
        True when the range cannot be found without the weights.
    """
    names = set(entry(net).names)
    return any(layer.name in names and layer.weights for layer in net.layers)


def range_of_net(net: Any, handle: str, asked: str | None) -> str:
    """Determine the pixel range of a user's own net.

    Args:
        net: A flat functional model from images of shape (batch, height, width, 3), with its weights.
        handle: The handle of the backbone, for messages.
        asked: The user's ``pixel_range``, or None.

    Returns:
        A key of ``PIXEL_RANGES``: the conversion from pixels 0..255 to the input of the net.

    Raises:
        BackboneError: When the range is unknown or cannot be determined, or pixels would be scaled twice.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> range_of_net(keras.Model(pixels, keras.layers.Conv2D(4, 3)(pixels / 255)), "net", None)
        'raw'
    """
    if asked is not None and asked not in PIXEL_RANGES:
        raise BackboneError(f"The pixel range {asked!r} does not exist.", fix=nearest(str(asked), PIXEL_RANGES))
    if asked not in (None, RAW) and "float" not in net.inputs[0].dtype:
        raise BackboneError(
            f"The model {handle!r} takes whole numbers, but pixel_range={asked!r} gives fractions.",
            f"an input of {net.inputs[0].dtype}",
            'Leave pixel_range out or pass "raw", or build the model with an input of float32.',
        )
    found = entry(net)
    dark, bright = (np.zeros(1), np.full(1, 255.0)) if found.net is None else found.values(0, 255)
    scales = max(abs(dark).max(), abs(bright - 255).max()) > _CHANGED
    if asked is not None:
        if asked != RAW and scales and _are_scaled(dark, bright):
            raise BackboneError(
                f"The model {handle!r} scales pixels itself: pixel_range={asked!r} would scale them a second time.",
                f"{_sentence(found, dark, bright)}",
                f"Leave pixel_range out, or remove {' and '.join(map(repr, found.scaling()))} from the model.",
            )
        return asked
    if scales and _are_scaled(dark, bright):
        return RAW
    if scales:
        unit = _are_scaled(*found.values(0, 1))
        raise BackboneError(
            f"The model {handle!r} scales its input, but not from pixels of 0..255.",
            f"{_sentence(found, dark, bright)}",
            f'Pass pixel_range="{_UNIT}", which it seems to expect.' if unit else f"Pass pixel_range={_RANGES}.",
        )
    raise BackboneError(
        f"The range of pixels that the model {handle!r} was trained on is unknown.",
        f"it begins with {next((type(node.operation).__name__ for node in nodes(net)), 'nothing')}",
        f"Pass pixel_range={_RANGES}.",
    )


def _are_scaled(dark: np.ndarray, bright: np.ndarray) -> bool:
    """Return whether these are the ends of a range on which nets are trained."""
    varying = abs(bright - dark) > 0
    low, high = np.minimum(dark, bright)[varying], np.maximum(dark, bright)[varying]
    span, middle = high - low, abs(high + low) / 2
    small = (span >= _LEAST) & (np.maximum(abs(low), abs(high)) <= _MOST)
    centred = (span >= _LEAST) & (span <= _WIDEST) & (middle <= span / 4)
    return bool(len(low) and np.all(small | centred))


def _sentence(found: Entry, dark: np.ndarray, bright: np.ndarray) -> str:
    names = ", ".join(map(repr, found.scaling()))
    return f"{names} map 0..255 to {dark.min():.4g}..{bright.max():.4g}"
