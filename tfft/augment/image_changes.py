"""Random changes of one Pillow image; each takes the image and a generator, and returns an image of the same size.

With ``like=MASK``, those that move pixels do the same to a mask of class ids, for a generator in the same state.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageOps, ImageStat

_TRIES = 10
_ELONGATION = math.log(10 / 3)
_TRANSLATE_SHARE, _SHEAR, _DEGREES, _ENHANCE = 0.45, 0.3, 30.0, 0.9
"""Changes at magnitude 30: shift as a share of the side, shear, angle in degrees, change of an enhancement factor."""
_MOST = 30.0


class Like(NamedTuple):
    """What the pixels of an image are.

    Attributes:
        between: The value of a point between pixels.
        outside: The value outside of the image; None for its mean colour.
    """

    between: Image.Resampling
    outside: int | None = None


COLORS, MASK = Like(Image.Resampling.BILINEAR), Like(Image.Resampling.NEAREST, 255)
"""The pixels of a photo; and class ids, where 255 stands for pixels without a class."""


def crop_box(
    size: tuple[int, int], random: np.random.Generator, scale: tuple[float, float], ratio: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Draw a random box.

    Args:
        size: (width, height) of the image, in pixels; only their ratio matters.
        random: The generator that draws the box.
        scale: Lowest and highest area of the box, as a share of the image.
        ratio: Lowest and highest ratio of width to height of the box.

    Returns:
        Left, top, right and bottom of the box, as shares of width and height.

    Example:
        >>> crop_box((40, 30), np.random.default_rng(0), (1.0, 1.0), (4 / 3, 4 / 3))
        (0.0, 0.0, 1.0, 1.0)
    """
    width, height = size
    for _ in range(_TRIES):
        area = width * height * random.uniform(*scale)
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = math.sqrt(area * shape), math.sqrt(area / shape)
        if w <= width and h <= height:
            break
    else:
        w, h = min(width, height * ratio[1]), min(height, width / ratio[0])
    left, top = random.uniform(0, max(0.0, width - w)), random.uniform(0, max(0.0, height - h))
    return left / width, top / height, min(1.0, (left + w) / width), min(1.0, (top + h) / height)


def cut(
    image: Image.Image, box: tuple[float, float, float, float], size: tuple[int, int], like: Like = COLORS
) -> Image.Image:
    """Cut out a box, and resize it.

    Args:
        image: An image of any size.
        box: Left, top, right and bottom of the box, as shares of width and height.
        size: (width, height) of the result, in pixels.
        like: What the pixels are.

    Returns:
        An image of that size; as an array, uint8 of shape (height, width, 3), or (height, width) for a mask.

    Example:
        >>> cut(Image.new("RGB", (40, 30)), (0.25, 0.0, 0.75, 0.5), (8, 6)).size
        (8, 6)
    """
    edges = tuple(share * side for share, side in zip(box, image.size * 2, strict=True))
    return image.resize(size, like.between, box=edges)  # type: ignore[arg-type]


def flip(
    image: Image.Image, random: np.random.Generator, horizontal: bool, vertical: bool, like: Like = COLORS
) -> Image.Image:
    """Mirror half of the images; both directions are independent.

    Args:
        image: Any image.
        random: The generator that decides.
        horizontal: Whether to exchange left and right in half of the images.
        vertical: Whether to exchange top and bottom in half of the images.
        like: What the pixels are.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    sideways, upside_down = random.random(2) < 0.5
    if horizontal and sideways:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if vertical and upside_down:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def rotate(image: Image.Image, random: np.random.Generator, degrees: float, like: Like = COLORS) -> Image.Image:
    """Rotate by a random angle.

    Args:
        image: Any image.
        random: The generator that draws the angle.
        degrees: Largest angle in either direction, in degrees.
        like: What the pixels are.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    return _rotated(image, random.uniform(-degrees, degrees), like)


def zoom(image: Image.Image, random: np.random.Generator, share: float, like: Like = COLORS) -> Image.Image:
    """Enlarge or shrink around the middle.

    Args:
        image: Any image.
        random: The generator that draws the factor.
        share: Largest relative change of width and height, in either direction.
        like: What the pixels are.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    step = 1 / (1 + random.uniform(-share, share))
    width, height = image.size
    return _affine(image, (step, 0, (1 - step) * width / 2, 0, step, (1 - step) * height / 2), like)


def change_colors(image: Image.Image, random: np.random.Generator, brightness: float, contrast: float) -> Image.Image:
    """Multiply brightness and contrast by random factors.

    Args:
        image: Any image.
        random: The generator that draws both factors.
        brightness: Largest change of the brightness factor 1, in either direction.
        contrast: Largest change of the contrast factor 1, in either direction.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    image = ImageEnhance.Brightness(image).enhance(1 + random.uniform(-brightness, brightness))
    return ImageEnhance.Contrast(image).enhance(1 + random.uniform(-contrast, contrast))


def erase(
    image: Image.Image,
    random: np.random.Generator,
    probability: float,
    area: tuple[float, float],
    like: Like = COLORS,
) -> Image.Image:
    """Fill a random box with noise; in a mask, its pixels then have no class.

    Args:
        image: Any image.
        random: The generator that draws the box and the noise.
        probability: Probability for each image.
        area: Lowest and highest area of the box, as a share of the image.
        like: What the pixels are.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    if random.random() >= probability:
        return image
    for _ in range(_TRIES):
        share, shape = random.uniform(*area), math.exp(random.uniform(-_ELONGATION, _ELONGATION))
        height = max(1, round(math.sqrt(share * image.width * image.height * shape)))
        width = max(1, round(math.sqrt(share * image.width * image.height / shape)))
        if height <= image.height and width <= image.width:
            break
    else:
        # a box with the proportions of the image always fits
        height, width = (max(1, round(side * math.sqrt(share))) for side in (image.height, image.width))
    top, left = random.integers(image.height - height + 1), random.integers(image.width - width + 1)
    noise: Any = like.outside
    if noise is None:
        noise = Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
    image = image.copy()
    image.paste(noise, (int(left), int(top), int(left) + width, int(top) + height))
    return image


def rand_augment(
    image: Image.Image, random: np.random.Generator, operations: int, magnitude: float, like: Like = COLORS
) -> Image.Image:
    """Apply a few of fourteen operations.

    Args:
        image: Any image.
        random: The generator that draws the operations, and the direction of those that have one.
        operations: The number of operations.
        magnitude: The strength of the operations, in (0, 30].
        like: What the pixels are.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).

    Example:
        >>> rand_augment(Image.new("RGB", (8, 6)), np.random.default_rng(0), operations=2, magnitude=9).size
        (8, 6)
    """
    for index in random.integers(len(_COLORING) + len(_MOVING), size=operations).tolist():
        strength = magnitude / _MOST * random.choice((-1, 1))
        if index in _MOVING:
            image = _MOVING[index](image, strength, like)
        elif like is COLORS:
            image = _COLORING[index](image, strength)
    return image


def _mean(image: Image.Image) -> tuple[int, ...]:
    return tuple(round(value) for value in ImageStat.Stat(image).mean)


def _affine(image: Image.Image, matrix: tuple[float, ...], like: Like) -> Image.Image:
    outside = _mean(image) if like.outside is None else like.outside
    return image.transform(image.size, Image.Transform.AFFINE, matrix, like.between, fillcolor=outside)


def _rotated(image: Image.Image, degrees: float, like: Like) -> Image.Image:
    return image.rotate(degrees, like.between, fillcolor=_mean(image) if like.outside is None else like.outside)


def _solarize(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.solarize(image, round(256 * (1 - abs(strength))))


def _posterize(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.posterize(image, max(1, 8 - round(4 * abs(strength))))


_COLORING: dict[int, Callable[[Image.Image, float], Image.Image]] = {
    0: lambda image, _: image,
    1: lambda image, _: ImageOps.autocontrast(image),
    2: lambda image, _: ImageOps.equalize(image),
    4: _solarize,
    5: _posterize,
    6: lambda image, s: ImageEnhance.Color(image).enhance(1 + _ENHANCE * s),
    7: lambda image, s: ImageEnhance.Contrast(image).enhance(1 + _ENHANCE * s),
    8: lambda image, s: ImageEnhance.Brightness(image).enhance(1 + _ENHANCE * s),
    9: lambda image, s: ImageEnhance.Sharpness(image).enhance(1 + _ENHANCE * s),
}
_MOVING: dict[int, Callable[[Image.Image, float, Like], Image.Image]] = {
    3: lambda image, s, like: _rotated(image, _DEGREES * s, like),
    10: lambda image, s, like: _affine(image, (1, _SHEAR * s, -_SHEAR * s * image.height / 2, 0, 1, 0), like),
    11: lambda image, s, like: _affine(image, (1, 0, 0, _SHEAR * s, 1, -_SHEAR * s * image.width / 2), like),
    12: lambda image, s, like: _affine(image, (1, 0, _TRANSLATE_SHARE * s * image.width, 0, 1, 0), like),
    13: lambda image, s, like: _affine(image, (1, 0, 0, 0, 1, _TRANSLATE_SHARE * s * image.height), like),
}
