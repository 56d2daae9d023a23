"""Read NumPy arrays as Splits; the user states the range of the values, because a guess may be wrong."""

import math
import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError, DataWarning, quantity
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.raw_examples import Pool
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.strings import are_texts, as_texts
from tfft.images.pillow_images import as_pixels

_CHANNELS = (1, 3, 4)
_WIDE = 100
_LOOKED_AT = 64
_CHANNELS_FIRST = (
    "Channels come last, and this looks channels-first: "
    "pass np.moveaxis(image, 0, -1), or for a batch np.moveaxis(images, 1, -1)."
)


def from_arrays(
    images: Any,
    targets: Any = None,
    class_names: Sequence[str] | None = None,
    groups: Sequence[Any] | None = None,
    value_range: tuple[float, float] | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
) -> Splits:
    """Use images or texts, and targets, that are already in memory (or memory-mapped).

    Args:
        images: An array of shape (n, height, width) or (n, height, width, 1 or 3 or 4); a list of such images or of Pillow images,
            of any sizes; n strings or pairs of strings, for texts; or a mapping
            ``{"train": (images, targets), "test": (images, targets)}``, with ``targets`` left at None.
        targets: Shape (n,): integers or strings are classes, floats a quantity; shape (n, k): zeros and ones are several labels,
            floats k quantities.
        class_names: Class names in id order; None to use the ids as names.
        groups: Group of each example, shape (n,); all examples of a group belong to the same part.
        value_range: (lowest, highest) value that a pixel can have, mapped to 0..255. Required for all dtypes but uint8: in a dark
            image, floats in [0, 1] and in [0, 255] look alike, and a wrong guess would go unnoticed.
        holdout: Fractions (validation, test) of the training examples, to split off missing parts.
        seed: Seed of the random split.

    Returns:
        Splits whose inputs are the arrays or texts.

    Raises:
        DataError: For a wrong rank, dtype or length, NaN, or a missing ``value_range``.

    Warns:
        DataWarning: When ``value_range`` is much wider than the values.

    Example:
        >>> random = np.random.default_rng(0)
        >>> from_arrays(random.integers(0, 255, (20, 8, 8, 3), np.uint8), [0, 1] * 10).describe()
        '14 train, 4 validation, 2 test; 2 classes'
    """
    source = as_call(from_arrays, locals())
    given = images if isinstance(images, Mapping) else {"train": (images, targets)}
    pools = {}
    for part, pair in given.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise DataError(
                f"The {part} part must be a pair (images, targets).",
                type(pair).__name__,
                'Write {"train": (images, targets), "test": (images, targets)}.',
            )
        inputs, labels = pair
        what = "text" if are_texts(inputs) else "image"
        items: Sequence[Any] = as_texts(inputs) if what == "text" else AsPixels(inputs, value_range)
        count = len(labels) if hasattr(labels, "__len__") and getattr(labels, "shape", "list") != () else "no"
        if count != len(items):
            raise DataError(
                f"The {part} part needs one target for each {what}.",
                f"{quantity(len(items), what)} and {count} target{'s' * (count != 1)}",
                "Pass arrays of the same length.",
            )
        pools[part] = Pool(items, labels, groups if part == "train" else None)
        if what == "image" and value_range is not None:
            _warn_range(inputs, value_range)
    return assemble(pools, Splitting(holdout, seed, skippable=False), class_names, source)


class AsPixels(Sequence[np.ndarray]):
    """Images as uint8 pixels, each converted when it is accessed.

    Args:
        images: An array of shape (n, height, width[, channels]), or a sequence of arrays or Pillow images of any sizes.
        value_range: (lowest, highest) pixel value, or None for uint8.

    Raises:
        DataError: When rank, channels or dtype of the first image are not supported.

    Example:
        >>> pixels = AsPixels(np.full((2, 4, 6), 0.5), value_range=(0, 1))
        >>> len(pixels), pixels[1].shape, int(pixels[1].max())
        (2, (4, 6), 128)
    """

    def __init__(self, images: Any, value_range: tuple[float, float] | None) -> None:
        if not hasattr(images, "__len__") or not hasattr(images, "__getitem__") or isinstance(images, (str, bytes)):
            raise DataError(
                "Images must be an array or a sequence of arrays.",
                type(images).__name__,
                "For files use from_folder or from_dataframe, for a tf.data.Dataset from_dataset.",
            )
        self._images, self._value_range = images, value_range
        self.doubts: dict[int, str] = {}
        if len(images):
            self[0]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: Any) -> Any:
        image = self._images[index]
        try:
            if not isinstance(image, Image.Image):
                return to_pixels(np.asarray(image), self._value_range)
            pixels, doubt = as_pixels(image, self._value_range is not None)
            if doubt:
                self.doubts[int(index)] = doubt
            return pixels if isinstance(pixels, bytes) else to_pixels(pixels, self._value_range)
        except DataError as error:
            raise DataError(f"Image {index} cannot be used: {error.what}", error.got, error.fix) from None


def looks_channels_first(shape: tuple[int, ...]) -> bool:
    """Return whether an array of three axes has its channels on the first axis, as in PyTorch.

    Args:
        shape: The shape of the array.

    Returns:
        True for (1 or 3 or 4, height, width) when height and width are above 4 pixels.

    Example:
        >>> looks_channels_first((3, 8, 8)), looks_channels_first((8, 8, 3)), looks_channels_first((3, 8, 3))
        (True, False, False)
    """
    return len(shape) == 3 and shape[0] in _CHANNELS and min(shape[1:]) > max(_CHANNELS)


def to_pixels(image: np.ndarray, value_range: tuple[float, float] | None = None) -> np.ndarray:
    """Convert one image to uint8 pixels.

    Args:
        image: Shape (height, width) or (height, width, 1, 3 or 4); any real dtype.
        value_range: (lowest, highest) value, mapped linearly to 0..255; None for uint8.

    Returns:
        uint8, the same shape.

    Raises:
        DataError: For another rank or number of channels, NaN, values outside the range, or a missing range.

    Example:
        >>> to_pixels(np.array([[0.0, 0.5, 1.0]]), value_range=(0, 1)).tolist()
        [[0, 128, 255]]
    """
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in _CHANNELS) or 0 in image.shape:
        raise DataError(
            "An image array must be (height, width) or (height, width, channels) with 1, 3 or 4 channels.",
            f"shape {image.shape}, dtype {image.dtype}",
            _CHANNELS_FIRST
            if looks_channels_first(image.shape)
            else "Channels come last; a batch has the shape (n, height, width, 3). For paths, use from_dataframe.",
        )
    if image.dtype.kind not in "buif":
        raise DataError(
            "Pixels must be real numbers.", f"dtype {image.dtype}", "Pass uint8, or floats with value_range=(0, 1)."
        )
    if value_range is None and image.dtype == np.uint8:
        return image
    span = f"dtype {image.dtype}, values from {float(image.min()):g} to {float(image.max()):g}"
    if value_range is None:
        raise DataError(
            f"Pixels of dtype {image.dtype} have no known range.",
            span,
            "Pass value_range=(lowest, highest), such as (0, 1) or (0, 255).",
        )
    low, high = _range(value_range)
    if not np.isfinite(image).all() or image.min() < low or image.max() > high:
        raise DataError(
            f"Pixels must be numbers within value_range={value_range!r}.",
            span,
            "Widen value_range, or clip the images.",
        )
    return np.round((image.astype(np.float32) - low) * (255 / (high - low))).astype(np.uint8)


def _warn_range(images: Any, value_range: tuple[float, float]) -> None:
    """Warn when ``value_range`` is much wider than the values, which look like 0..1: all images would be almost black."""
    low, high = _range(value_range)
    some = [images[index] for index in range(min(len(images), _LOOKED_AT))]
    arrays = [np.asarray(image) for image in some if not isinstance(image, Image.Image)]
    if high - low < _WIDE or len(arrays) < len(some) or any(array.dtype.kind != "f" for array in arrays):
        return
    lowest, highest = min(float(array.min()) for array in arrays), max(float(array.max()) for array in arrays)
    if lowest >= -1 and 0 < highest <= 1:
        warnings.warn(
            f"All values of the first {len(arrays)} images lie in [{'0' if lowest >= 0 else '-1'}, 1]; value_range says "
            f"{value_range!r}, which makes them almost {'black' if low == 0 else 'uniform'}. Pass the range that a pixel can have, "
            f"such as value_range={(0, 1) if lowest >= 0 else (-1, 1)}.",
            DataWarning,
            stacklevel=3,  # the line that calls from_arrays, which calls _warn_range
        )


def _range(value_range: Any) -> tuple[float, float]:
    pair = value_range if isinstance(value_range, (tuple, list)) else ()
    numbers = [float(value) for value in pair if isinstance(value, Real) and math.isfinite(value)]
    if len(pair) != 2 or len(numbers) != 2 or numbers[0] >= numbers[1]:
        raise DataError(
            "value_range must be (lowest, highest).", repr(value_range), "Write value_range=(0, 1) or (-1, 1)."
        )
    return numbers[0], numbers[1]
