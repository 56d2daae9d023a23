"""One image, whatever it is stored as -> upright 8-bit RGB; the same code trains, evaluates and predicts."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError
from tfft.core.specs import IMAGE_FORMATS, rangeless

_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)
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


def decode(item: Any, size: tuple[int, int] | None = None) -> Image.Image:
    """Open one image and make it upright 8-bit RGB, whatever it was stored as.

    The first frame of an animation; EXIF rotation applied; 16-bit grey scaled to 8 bits; palettes looked up; CMYK converted;
    transparency laid over white, since the colours hidden under transparent pixels are arbitrary.

    Args:
        item: A path, encoded bytes, a Pillow image, or a uint8 array of shape (height, width[, 1, 3 or 4]).
        size: (width, height) in pixels that is wanted in the end; a JPEG is then decoded no larger than needed.

    Returns:
        A Pillow image of mode RGB.

    Raises:
        DataError: When it cannot be decoded; the message names the file.

    Example:
        >>> image = decode(np.zeros((4, 6), np.uint8))
        >>> image.mode, image.size, np.asarray(image).shape  # Pillow says width first, arrays say height first
        ('RGB', (6, 4), (4, 6, 3))
    """
    if isinstance(item, np.ndarray):
        return _rgb(_from_array(item))
    if not isinstance(item, (str, Path, bytes, bytearray, Image.Image)):
        raise DataError(
            f"An image cannot be read from a {type(item).__name__}.",
            fix="Pass a path, encoded bytes, a uint8 array, or a Pillow image.",
        )
    try:
        if isinstance(item, Image.Image):
            return _rgb(item)
        with Image.open(
            io.BytesIO(item) if isinstance(item, (bytes, bytearray)) else item, formats=IMAGE_FORMATS
        ) as image:
            if size is not None and image.format == "JPEG" and image.mode in ("RGB", "L"):
                # EXIF may still swap the sides, so ask for the larger one both ways
                image.draft(image.mode, (max(size), max(size)))
            return _rgb(image)
    except _UNREADABLE as error:
        name = repr(str(item)) if isinstance(item, (str, Path)) else "what was passed"
        if isinstance(error, FileNotFoundError):
            raise DataError(
                f"{name} cannot be read as an image: no such file.",
                fix="Check the path; it is relative to where you run.",
            ) from error
        raise DataError(f"{name} cannot be read as an image: {error}.", fix="Repair or remove it.") from error


def _from_array(array: np.ndarray) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4) or not array.size:
        raise DataError(
            "An image array must be uint8 of shape (height, width) or (height, width, 1, 3 or 4).",
            f"dtype {array.dtype}, shape {array.shape}",
            "For other ranges pass value_range=(lowest, highest).",
        )
    return Image.fromarray(array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array)


def _rgb(image: Image.Image) -> Image.Image:
    if getattr(image, "is_animated", False):
        image.seek(0)
    reason = rangeless(image.mode, image.format)
    image = _upright(image)
    if reason:
        raise ValueError(reason)
    if image.mode.startswith("I"):
        # Pillow's own conversion clips instead of scaling: everything above 255 would be white
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Undo the rotation that a camera only wrote down.

    Not ``ImageOps.exif_transpose``: that writes the tags back as well, and so fails on pixels that are fine when any of them is
    broken (Pillow 13.0).
    """
    image.load()  # what is wrong with the pixels must be raised here, not swallowed below
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except (*_UNREADABLE, TypeError, LookupError):  # tags nobody can read: the pixels as they are stored
        return image
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
