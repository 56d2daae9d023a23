"""Augmentations of training images: each image is changed anew, at random, in every epoch."""

from numbers import Integral

import numpy as np

from tfft.augment.views import Augmentation
from tfft.core.errors import DataError
from tfft.inputs import validation


def flips(horizontal: bool = True, vertical: bool = False) -> Augmentation:
    """Mirror half of the images. Use it only when a mirrored image means the same; a mirrored digit does not.

    Args:
        horizontal: Whether to exchange left and right.
        vertical: Whether to exchange top and bottom.

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When both arguments are False, or one is not a boolean.
    """
    if not all(isinstance(way, (bool, np.bool_)) for way in (horizontal, vertical)) or not (horizontal or vertical):
        raise DataError(
            "flips() needs horizontal=True, vertical=True or both.",
            f"horizontal={horizontal!r}, vertical={vertical!r}",
            "To mirror nothing, leave flips() out.",
        )
    return Augmentation.of("flips", horizontal=bool(horizontal), vertical=bool(vertical))


def crops(scale: tuple[float, float] = (0.5, 1.0), ratio: tuple[float, float] = (3 / 4, 4 / 3)) -> Augmentation:
    """Cut a random box out of the original image, and resize it to the input size of the network.

    Args:
        scale: Lowest and highest area of the box, as a share of the image, in (0, 1].
        ratio: Lowest and highest ratio of width to height of the box, in (0, 100].

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a range is invalid.

    Source:
        Szegedy et al. 2015, section 6, with boxes from 0.08 of the area; for about a thousand images, boxes from 0.5 are enough.
    """
    return Augmentation.of(
        "crops", scale=validation.pair("scale", scale, 0, 1), ratio=validation.pair("ratio", ratio, 0, 100)
    )


def rotation(degrees: float = 15.0) -> Augmentation:
    """Rotate by a random angle; corners are filled with the mean colour of the image.

    Args:
        degrees: Largest angle in either direction, in degrees, in (0, 180].

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When the angle is not in (0, 180].
    """
    return Augmentation.of("rotation", degrees=validation.within("degrees", degrees, 180))


def zoom(share: float = 0.2) -> Augmentation:
    """Enlarge or shrink around the middle; empty margins are filled with the mean colour of the image.

    Args:
        share: Largest relative change of width and height, in either direction, in (0, 0.9].

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When the share is not in (0, 0.9].
    """
    return Augmentation.of("zoom", share=validation.within("share", share, 0.9))


def colors(brightness: float = 0.2, contrast: float = 0.2) -> Augmentation:
    """Change brightness and contrast by random factors.

    Args:
        brightness: Largest change of the brightness factor 1, in either direction, in (0, 1].
        contrast: The same for the contrast factor, which scales the distance of pixels from their mean.

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a number is out of range.
    """
    return Augmentation.of(
        "colors",
        brightness=validation.within("brightness", brightness, 1),
        contrast=validation.within("contrast", contrast, 1),
    )


def rand_augment(operations: int = 2, magnitude: float = 9.0) -> Augmentation:
    """Apply a few of fourteen operations, drawn at random for each image.

    Args:
        operations: The number of operations, applied one after the other.
        magnitude: The strength of the operations, in (0, 30].

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a number is out of range.

    Source:
        Cubuk et al. 2020, "RandAugment", for the operations. At the highest magnitude, 30, a rotation is by 30 degrees and an
        enhancement changes its factor by 0.9, as in most code that followed the paper. Corners are filled with the mean colour.
    """
    if isinstance(operations, bool) or not isinstance(operations, Integral) or operations < 1:
        raise DataError(f"operations={operations!r} must be a whole number of at least 1.", fix="2 is common.")
    return Augmentation.of(
        "rand_augment", operations=int(operations), magnitude=validation.within("magnitude", magnitude, 30)
    )


def erasing(probability: float = 0.25, area: tuple[float, float] = (0.02, 0.2)) -> Augmentation:
    """Fill a random box with noise.

    Args:
        probability: Probability for each image, in (0, 1].
        area: Lowest and highest area of the box, as a share of the image, in (0, 1].

    Returns:
        An Augmentation of single images, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a number is out of range.

    Source:
        Zhong et al. 2020, "Random Erasing Data Augmentation": height over width from 0.3 to 3.33, and the noise. The paper erases
        in half of the images, up to 0.4 of the area; the defaults here are gentler, because fine-tuning takes few epochs.
    """
    return Augmentation.of(
        "erasing",
        probability=validation.within("probability", probability, 1),
        area=validation.pair("area", area, 0, 1),
    )


def mixup(alpha: float = 0.2) -> Augmentation:
    """Blend every image of a batch with another one; the targets are mixed in the same shares.

    Args:
        alpha: Parameter of the Beta(alpha, alpha) distribution of the shares, in [0.01, 10].

    Returns:
        An Augmentation of batches: pixels of shape (batch, height, width, 3) and targets of shape (batch, outputs).

    Raises:
        DataError: When alpha is out of range.

    Source:
        Zhang et al. 2018, "mixup", section 2, which draws one share for a whole batch; here each example has its own. With class
        weights, the weight of a mixed example is mixed in the same shares.
    """
    return Augmentation.of("mixup", alpha=validation.within("alpha", alpha, 10, 0.01))


def cutmix(alpha: float = 1.0) -> Augmentation:
    """Paste a box of another image of the batch into every image; the targets are mixed by area.

    Args:
        alpha: Parameter of the Beta(alpha, alpha) distribution of the areas, in [0.01, 10].

    Returns:
        An Augmentation of batches: pixels of shape (batch, height, width, 3) and targets of shape (batch, outputs).

    Raises:
        DataError: When alpha is out of range.

    Source:
        Yun et al. 2019, "CutMix", section 3, which draws one box for a whole batch; here each example has its own.
    """
    return Augmentation.of("cutmix", alpha=validation.within("alpha", alpha, 10, 0.01))
