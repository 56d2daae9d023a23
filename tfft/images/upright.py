"""Convert a Pillow image of any mode to upright 8-bit RGB, with bounded memory for large images."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.specs import rangeless
from tfft.images.image_files import LARGE_PIXELS
from tfft.images.samples import Samples, loaded

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_STRIP_PIXELS = 2**20
# source: Pillow's reducing_gap; from 2 on the result hardly differs from resizing the whole image (Image.thumbnail)
_GAP = 2


def upright(image: Any, least: int | None = None) -> Image.Image:
    """Convert an opened image to upright 8-bit RGB.

    Applies the EXIF rotation, scales 16-bit grey to 8 bits by its number of bits, and looks up palettes. Converts CMYK, Lab, YCbCr
    and HSV. Puts transparent images on white, because the colours of transparent pixels are arbitrary.

    Args:
        image: A Pillow image, loaded or not.
        least: The smallest number of pixels that the caller needs for each side. A large image is then reduced during the
            conversion. None keeps every pixel.

    Returns:
        A Pillow image of mode RGB; as an array it is uint8 of shape (height, width, 3).

    Raises:
        ValueError: When tfft cannot tell which pixel value is white.
        OSError: When the image cannot be decoded.

    Example:
        >>> upright(Image.new("HSV", (6, 4), (0, 255, 255))).getpixel((0, 0))
        (255, 0, 0)
    """
    if image.tell():  # use the first frame of an animation, whatever its current frame
        image.seek(0)
    reason = rangeless(image.mode, image.format)
    image, samples = loaded(image)  # errors in the pixels must be raised here; ``orientation`` would ignore them
    if reason:
        raise ValueError(reason)
    if image.width * image.height < LARGE_PIXELS:
        return _rgb(turned(image), samples)
    turn = _UPRIGHT.get(orientation(image))
    made = in_strips(image.size, least, lambda top, bottom: _rgb(image.crop((0, top, image.width, bottom)), samples))
    return made if turn is None else made.transpose(turn)


def turned(image: Any) -> Any:
    """Apply the rotation that a camera stored as a tag.

    Args:
        image: A Pillow image.

    Returns:
        A rotated image of the same mode, or the same image when it has no such tag.

    Example:
        >>> turned(Image.new("L", (6, 4))).size
        (6, 4)
    """
    turn = _UPRIGHT.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def in_strips(size: tuple[int, int], least: int | None, strip: Callable[[int, int], Image.Image]) -> Image.Image:
    """Assemble a large image from strips, so that no second full copy is needed.

    Args:
        size: (width, height) of the whole image.
        least: The same as for ``upright``.
        strip: First row and end row (exclusive) -> an image of these rows, mode RGB; as an array of shape (rows, width, 3).

    Returns:
        The whole image, reduced by a whole number when ``least`` allows it.

    Example:
        >>> in_strips((800, 400), 100, lambda top, bottom: Image.new("RGB", (800, bottom - top))).size
        (400, 200)
    """
    width, height = size
    factor = 1 if least is None else max(1, min(size) // (_GAP * least))
    whole = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, _STRIP_PIXELS // (width * factor))
    for top in range(0, height, rows):
        whole.paste(strip(top, min(top + rows, height)).reduce(factor), (0, top // factor))
    return whole


def _rgb(image: Image.Image, samples: Samples) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow's own conversion clips instead of scaling: all values above 255 would be white
        return Image.fromarray(samples.to_grey(np.asarray(image))).convert("RGB")
    if samples.key is not None:
        image = image.copy()
        image.info["transparency"] = samples.key
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def orientation(image: Any) -> int:
    """Read the rotation that a camera stored as a tag.

    Args:
        image: A Pillow image.

    Returns:
        The value of the tag; 1, which means no rotation, when there is none.

    ``ImageOps.exif_transpose`` is not used, because it also writes the tags back. When a tag is damaged it therefore fails,
    although the pixels are intact (Pillow 13.0).
    """
    try:
        found = image.getexif().get(_ORIENTATION_TAG)
    except Exception:
        return 1
    return found if isinstance(found, int) else 1
