"""Convert Pillow images in memory to pixels, with the same code that reads files."""

import numpy as np
from PIL import Image

from tfft.core.errors import DataError
from tfft.images.image_files import LARGE_PIXELS, encoded, opened_image, taking_turns
from tfft.images.samples import loaded
from tfft.images.upright import turned, upright

_WIDE = ("F", "I")  # Pillow modes with more than 8 bits per channel begin like this, such as I;16 and I;16B


def as_pixels(image: Image.Image, ranged: bool = False) -> tuple[np.ndarray | bytes, str]:
    """Convert one image to upright pixels.

    Args:
        image: A Pillow image of any mode, loaded or not.
        ranged: Whether the caller knows the range of the values; samples of more than 8 bits then stay unchanged.

    Returns:
        Two values. The first is uint8 RGB pixels of shape (height, width, 3), or samples of shape (height, width), or the encoded
        bytes of a large image that is not loaded yet, to save memory. The second is the reason why the brightness is probably
        wrong, or an empty string.

    Raises:
        DataError: When the image cannot be decoded, has no known range, or has more pixels than the limit.

    Example:
        >>> pixels, _ = as_pixels(Image.new("CMYK", (6, 4)))
        >>> pixels.shape, int(pixels.min())
        ((4, 6, 3), 255)
    """
    what = f"a Pillow image of mode {image.mode!r}"
    try:
        with opened_image(image, what), taking_turns(image.width * image.height):
            if (
                image.width * image.height >= LARGE_PIXELS
                and getattr(image, "tile", None)
                and (content := encoded(image))
            ):
                return content, ""
            if ranged and image.mode.startswith(_WIDE):
                return np.asarray(turned(image)), ""
            warning = loaded(image)[1].warning if image.mode.startswith("I;16") else ""
            return np.asarray(upright(image)), warning
    except DataError:
        raise
    except Exception as error:
        # for damaged headers, Pillow's readers raise many kinds of errors
        fix = "Pass value_range=(lowest, highest)." if "range" in str(error) else "Repair or remove it."
        raise DataError(f"{what} cannot be read: {str(error) or type(error).__name__}.", fix=fix) from error
