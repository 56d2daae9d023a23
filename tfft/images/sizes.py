"""Tell the size of an image from its header, before and after the rotation that a camera stored."""

from typing import Any, NamedTuple

import numpy as np

from tfft.core.errors import DataError
from tfft.images.image_files import opened_image
from tfft.images.upright import orientation

_SWAPPING = (5, 6, 7, 8)


class Size(NamedTuple):
    """The size of an image in pixels.

    Attributes:
        height, width: The sides of the upright image.
        stored: Height and width without the rotation that a camera stored (EXIF); other programs may ignore this rotation.
        turned: Whether there is such a rotation.
    """

    height: int
    width: int
    stored: tuple[int, int]
    turned: bool = False

    def describe(self) -> str:
        """Return width and height as text, such as ``"640x480"``."""
        return f"{self.width}x{self.height}"


def size_of(item: Any) -> Size:
    """Read the size of an image without its pixels.

    Args:
        item: A path, encoded bytes, a Pillow image, or an array of shape (height, width[, channels]).

    Returns:
        The size of the upright image.

    Raises:
        DataError: When the image cannot be opened, or has more pixels than the limit ``image_pixels``.

    Example:
        >>> size_of(np.zeros((4, 6, 3), np.uint8))
        Size(height=4, width=6, stored=(4, 6), turned=False)
    """
    if isinstance(item, np.ndarray):
        return Size(int(item.shape[0]), int(item.shape[1]), (int(item.shape[0]), int(item.shape[1])))
    name = repr(str(item)) if isinstance(item, str) else "The given value"
    try:
        with opened_image(item, name) as image:
            tag = orientation(image)
            width, height = image.size
    except DataError:
        raise
    except Exception as error:  # for damaged headers, Pillow's readers raise many kinds of errors
        reason = str(error) or type(error).__name__
        raise DataError(f"{name} cannot be read as an image: {reason}.", fix="Repair or remove it.") from error
    upright = (width, height) if tag in _SWAPPING else (height, width)
    return Size(*upright, (height, width), 2 <= tag <= 8)
