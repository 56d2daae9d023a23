"""Random changes of one Pillow image; each takes the image and a generator, and returns an image of the same size."""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps, ImageStat

_TRIES = 10
_ELONGATION = math.log(10 / 3)
_TRANSLATE_SHARE, _SHEAR, _DEGREES, _ENHANCE = 0.45, 0.3, 30.0, 0.9
"""Changes at magnitude 30: shift as a share of the side, shear, angle in degrees, change of an enhancement factor."""
_MOST = 30.0


def crop(
    image: Image.Image,
    random: np.random.Generator,
    size: tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float],
) -> Image.Image:
    """Cut out a random box, and resize it.

    Args:
        image: An image of any size.
        random: The generator that draws the box.
        size: (width, height) of the result, in pixels.
        scale: Lowest and highest area of the box, as a share of the image.
        ratio: Lowest and highest ratio of width to height of the box.

    Returns:
        An image of that size; as an array, uint8 of shape (height, width, 3).

    Example:
        >>> grey = Image.new("RGB", (40, 30))
        >>> crop(grey, np.random.default_rng(0), (8, 6), (0.5, 1.0), (0.75, 1.33)).size
        (8, 6)
    """
    width, height = image.size
    for _ in range(_TRIES):
        area = width * height * random.uniform(*scale)
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = math.sqrt(area * shape), math.sqrt(area / shape)
        if w <= width and h <= height:
            break
    else:
        w, h = min(width, height * ratio[1]), min(height, width / ratio[0])
    left, top = random.uniform(0, width - w), random.uniform(0, height - h)
    return image.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + w, top + h))


def flip(image: Image.Image, random: np.random.Generator, horizontal: bool, vertical: bool) -> Image.Image:
    """Mirror half of the images; both directions are independent.

    Args:
        image: Any image.
        random: The generator that decides.
        horizontal: Whether to exchange left and right in half of the images.
        vertical: Whether to exchange top and bottom in half of the images.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    sideways, upside_down = random.random(2) < 0.5
    if horizontal and sideways:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if vertical and upside_down:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def rotate(image: Image.Image, random: np.random.Generator, degrees: float) -> Image.Image:
    """Rotate by a random angle.

    Args:
        image: Any image.
        random: The generator that draws the angle.
        degrees: Largest angle in either direction, in degrees.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    return image.rotate(random.uniform(-degrees, degrees), Image.Resampling.BILINEAR, fillcolor=_mean(image))


def zoom(image: Image.Image, random: np.random.Generator, share: float) -> Image.Image:
    """Enlarge or shrink around the middle.

    Args:
        image: Any image.
        random: The generator that draws the factor.
        share: Largest relative change of width and height, in either direction.

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).
    """
    step = 1 / (1 + random.uniform(-share, share))
    width, height = image.size
    return _affine(image, (step, 0, (1 - step) * width / 2, 0, step, (1 - step) * height / 2))


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
    image: Image.Image, random: np.random.Generator, probability: float, area: tuple[float, float]
) -> Image.Image:
    """Fill a random box with noise.

    Args:
        image: Any image.
        random: The generator that draws the box and the noise.
        probability: Probability for each image.
        area: Lowest and highest area of the box, as a share of the image.

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
    noise = Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
    image = image.copy()
    image.paste(noise, (int(left), int(top)))
    return image


def rand_augment(image: Image.Image, random: np.random.Generator, operations: int, magnitude: float) -> Image.Image:
    """Apply a few of fourteen operations.

    Args:
        image: Any image.
        random: The generator that draws the operations, and the direction of those that have one.
        operations: The number of operations.
        magnitude: The strength of the operations, in (0, 30].

    Returns:
        An image of the same size; as an array, uint8 of shape (height, width, 3).

    Example:
        >>> rand_augment(Image.new("RGB", (8, 6)), np.random.default_rng(0), operations=2, magnitude=9).size
        (8, 6)
    """
    for index in random.integers(len(_OPERATIONS), size=operations):
        strength = magnitude / _MOST * random.choice((-1, 1))
        image = _OPERATIONS[index](image, strength)
    return image


def _mean(image: Image.Image) -> tuple[int, ...]:
    return tuple(round(value) for value in ImageStat.Stat(image).mean)


def _affine(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    return image.transform(
        image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=_mean(image)
    )


def _solarize(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.solarize(image, round(256 * (1 - abs(strength))))


def _posterize(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.posterize(image, max(1, 8 - round(4 * abs(strength))))


_OPERATIONS: tuple[Callable[[Image.Image, float], Image.Image], ...] = (
    lambda image, _: image,
    lambda image, _: ImageOps.autocontrast(image),
    lambda image, _: ImageOps.equalize(image),
    lambda image, s: image.rotate(_DEGREES * s, Image.Resampling.BILINEAR, fillcolor=_mean(image)),
    _solarize,
    _posterize,
    lambda image, s: ImageEnhance.Color(image).enhance(1 + _ENHANCE * s),
    lambda image, s: ImageEnhance.Contrast(image).enhance(1 + _ENHANCE * s),
    lambda image, s: ImageEnhance.Brightness(image).enhance(1 + _ENHANCE * s),
    lambda image, s: ImageEnhance.Sharpness(image).enhance(1 + _ENHANCE * s),
    lambda image, s: _affine(image, (1, _SHEAR * s, -_SHEAR * s * image.height / 2, 0, 1, 0)),
    lambda image, s: _affine(image, (1, 0, 0, _SHEAR * s, 1, -_SHEAR * s * image.width / 2)),
    lambda image, s: _affine(image, (1, 0, _TRANSLATE_SHARE * s * image.width, 0, 1, 0)),
    lambda image, s: _affine(image, (1, 0, 0, 0, 1, _TRANSLATE_SHARE * s * image.height)),
)
