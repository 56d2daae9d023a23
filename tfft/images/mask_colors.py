"""Colours of classes: distinguishable, also for colour-blind people, and the same for a class id in every image."""

import colorsys

import numpy as np
from PIL import Image

from tfft.core.label_values import IGNORED, ValuePairs

# Okabe and Ito 2008, without black, and then Paul Tol's "light" and "dark" colours (Tol 2021, "Colour schemes")
_FIRST = (
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0), (240, 228, 66), (51, 34, 136),
    (170, 170, 0), (136, 34, 85), (187, 204, 51), (255, 170, 187), (34, 85, 34), (102, 51, 51), (68, 187, 153),
)  # fmt: skip
_GOLDEN = 0.618033988749895
IGNORED_COLOR = (160, 160, 160)
"""The colour of pixels without a class."""


def colors(count: int) -> list[tuple[int, int, int]]:
    """Return a colour for each class.

    Args:
        count: The number of classes, at most 255.

    Returns:
        (red, green, blue) of each. From the 16th class on, hues follow the golden ratio, and neighbours differ in brightness.

    Example:
        >>> colors(2)
        [(0, 114, 178), (230, 159, 0)]
    """
    found = list(_FIRST[:count])
    for index in range(len(found), count):
        shade = colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.45 + 0.2 * (index % 3), 0.95 - 0.3 * (index % 2))
        found.append((round(255 * shade[0]), round(255 * shade[1]), round(255 * shade[2])))
    return found


def indexed(mask: np.ndarray, count: int) -> Image.Image:
    """Make an image whose pixel values are class ids, with a palette that shows them in colours.

    Args:
        mask: uint8 class ids, shape (height, width).
        count: The number of classes.

    Returns:
        A Pillow image of mode P. Pixels with the id 255, which have no class, are grey.

    Example:
        >>> image = indexed(np.uint8([[0, 1, 255]]), 2)
        >>> image.mode, np.asarray(image).tolist(), image.convert("RGB").getpixel((1, 0))
        ('P', [[0, 1, 255]], (230, 159, 0))
    """
    return _with_palette(mask, dict(enumerate(colors(count))))


def written(mask: np.ndarray, count: int, values: ValuePairs) -> Image.Image:
    """Make an image whose pixels have the values of the masks that a model was trained on, so that both can be compared.

    Args:
        mask: uint8 class ids, shape (height, width); each is below ``count``.
        count: The number of classes.
        values: The meaning of the values of masks, as in a ``LabelSpace``. Of several values of one class, the lowest is written.

    Returns:
        A Pillow image: of mode P with a palette for values up to 255, I;16 for values up to 65,535, and RGB for colours. As
        ``indexed`` where a class has no value, or a higher one.

    Example:
        >>> image = written(np.uint8([[0, 1]]), 2, ((0, 255), (7, 0), (8, 1)))
        >>> image.mode, np.asarray(image).tolist()
        ('P', [[7, 8]])
        >>> written(np.uint8([[0, 1]]), 2, (((9, 9, 9), 0), ((0, 0, 255), 1))).getpixel((1, 0))
        (0, 0, 255)
    """
    own = {place: value for value, place in sorted(values, reverse=True) if place != IGNORED}
    table = np.array([own[place] for place in range(count)]) if len(own) == count else np.zeros(0)
    if table.ndim == 2:
        return Image.fromarray(table.astype(np.uint8)[mask])
    highest = table.max(initial=-1)
    if not 0 <= highest < 2**16:
        return indexed(mask, count)
    if highest > 255:
        return Image.fromarray(table.astype(np.uint16)[mask])
    return _with_palette(table[mask], dict(zip(table.tolist(), colors(count), strict=True)))


def _with_palette(values: np.ndarray, shown: dict[int, tuple[int, int, int]]) -> Image.Image:
    """An image of mode P; values without a colour are grey."""
    table = [shown.get(value, IGNORED_COLOR) for value in range(256)]
    image = Image.new("P", (values.shape[1], values.shape[0]))
    image.frombytes(np.ascontiguousarray(values, np.uint8).tobytes())
    image.putpalette([channel for color in table for channel in color])
    return image
