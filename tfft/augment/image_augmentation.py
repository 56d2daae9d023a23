"""What is done to training pictures only: frozen values, carried out anew for every picture in every epoch."""

from numbers import Integral

import numpy as np

from tfft.augment.views import Augmentation
from tfft.core.errors import DataError
from tfft.preprocess import validation


def flips(horizontal: bool = True, vertical: bool = False) -> Augmentation:
    """Mirror half of the pictures. Whether a mirrored picture still means the same is yours to know: digits do not.

    Args:
        horizontal: Left and right.
        vertical: Up and down.

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When it would mirror nothing.
    """
    if not all(isinstance(way, (bool, np.bool_)) for way in (horizontal, vertical)) or not (horizontal or vertical):
        raise DataError(
            "flips() needs True for one way or both.",
            f"horizontal={horizontal!r}, vertical={vertical!r}",
            "Or leave it out.",
        )
    return Augmentation.of("flips", horizontal=bool(horizontal), vertical=bool(vertical))


def crops(scale: tuple[float, float] = (0.5, 1.0), ratio: tuple[float, float] = (3 / 4, 4 / 3)) -> Augmentation:
    """Cut a random box out of the original picture and bring it to the size of the net.

    Args:
        scale: Lowest and highest share of the picture's area, in (0, 1].
        ratio: Lowest and highest width over height of the box, above 0.

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a range is none.

    Source:
        Szegedy et al. 2015, section 6, which goes down to 0.08 of the area; for a thousand pictures half is bold enough.
    """
    return Augmentation.of(
        "crops", scale=validation.pair("scale", scale, 0, 1), ratio=validation.pair("ratio", ratio, 0, 100)
    )


def rotation(degrees: float = 15.0) -> Augmentation:
    """Turn by a random angle; corners are filled with the picture's mean colour.

    Args:
        degrees: Largest angle, either way, in (0, 180].

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When the angle is none.
    """
    return Augmentation.of("rotation", degrees=validation.within("degrees", degrees, 180))


def zoom(share: float = 0.2) -> Augmentation:
    """Enlarge or shrink around the middle; what lies outside is filled with the picture's mean colour.

    Args:
        share: Largest change of width and height, either way, in (0, 0.9].

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When the share is none.
    """
    return Augmentation.of("zoom", share=validation.within("share", share, 0.9))


def colors(brightness: float = 0.2, contrast: float = 0.2) -> Augmentation:
    """Change brightness and contrast by random factors.

    Args:
        brightness: Largest change of the factor 1, either way, in (0, 1].
        contrast: The same for the distance of pixels from their mean.

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a number is out of range.
    """
    return Augmentation.of(
        "colors",
        brightness=validation.within("brightness", brightness, 1),
        contrast=validation.within("contrast", contrast, 1),
    )


def rand_augment(operations: int = 2, magnitude: float = 9.0) -> Augmentation:
    """Apply a few of fourteen operations, drawn for each picture.

    Args:
        operations: How many, one after the other.
        magnitude: How strong, in (0, 30].

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a number is out of range.

    Source:
        Cubuk et al. 2020, "RandAugment", for the operations. Magnitudes count to 30, where a rotation turns by 30 degrees and an
        enhancement changes by 0.9, as most code that followed the paper counts them; corners are filled with the mean colour.
    """
    if isinstance(operations, bool) or not isinstance(operations, Integral) or operations < 1:
        raise DataError(f"operations={operations!r} must be a whole number of at least 1.", fix="2 is common.")
    return Augmentation.of(
        "rand_augment", operations=int(operations), magnitude=validation.within("magnitude", magnitude, 30)
    )


def erasing(probability: float = 0.25, area: tuple[float, float] = (0.02, 0.2)) -> Augmentation:
    """Fill a random box with noise.

    Args:
        probability: Share of the pictures that it happens to, in (0, 1].
        area: Lowest and highest share of the picture's area, in (0, 1].

    Returns:
        An Augmentation of single pictures, uint8 of shape (height, width, 3).

    Raises:
        DataError: When a number is out of range.

    Source:
        Zhong et al. 2020, "Random Erasing Data Augmentation", whose height over width, 0.3 to 3.33, and noise these are. It erases
        in half of the pictures, up to 0.4 of the area; a quarter and 0.2 are gentler, as befits few epochs.
    """
    return Augmentation.of(
        "erasing",
        probability=validation.within("probability", probability, 1),
        area=validation.pair("area", area, 0, 1),
    )


def mixup(alpha: float = 0.2) -> Augmentation:
    """Lay every picture of a batch over another one; the targets are mixed in the same shares.

    Args:
        alpha: Of the Beta(alpha, alpha) distribution of the shares, in [0.01, 10].

    Returns:
        An Augmentation of batches: pixels of shape (batch, height, width, 3) and targets of shape (batch, outputs).

    Raises:
        DataError: When alpha is out of range.

    Source:
        Zhang et al. 2018, "mixup", section 2, which draws one share for a whole batch; here each example has its own. With class
        weights a mixed example weighs what its shares weigh, and its targets stay as they are mixed.
    """
    return Augmentation.of("mixup", alpha=validation.within("alpha", alpha, 10, 0.01))


def cutmix(alpha: float = 1.0) -> Augmentation:
    """Put a box of another picture of the batch into every one; the targets are mixed by area.

    Args:
        alpha: Of the Beta(alpha, alpha) distribution of the areas, in [0.01, 10].

    Returns:
        An Augmentation of batches: pixels of shape (batch, height, width, 3) and targets of shape (batch, outputs).

    Raises:
        DataError: When alpha is out of range.

    Source:
        Yun et al. 2019, "CutMix", section 3, which draws one box for a whole batch; here each example has its own.
    """
    return Augmentation.of("cutmix", alpha=validation.within("alpha", alpha, 10, 0.01))
