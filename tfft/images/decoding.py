"""Decode one image in any form to upright 8-bit RGB. Training, evaluation and prediction use the same code."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError, kind_of
from tfft.core.path_advice import missing_file, unreadable
from tfft.images.image_files import LARGE_PIXELS, has_pages, opened_image, taking_turns
from tfft.images.samples import loaded
from tfft.images.upright import in_strips, upright


def decode(item: Any, size: tuple[int, int] | None = None) -> Image.Image:
    """Open one image in any form, and convert it to upright 8-bit RGB.

    Uses the first frame of an animation, applies the EXIF rotation, scales 16-bit grey to 8 bits, looks up palettes, and converts
    CMYK. Transparent images are put on white, because the colours of transparent pixels are arbitrary.

    Args:
        item: A path, encoded bytes, a Pillow image, or a uint8 array of shape (height, width[, 1, 3 or 4]).
        size: The (width, height) in pixels that the caller needs. A JPEG is then decoded no larger than needed, and other images
            of 16 megapixels or more are reduced during the conversion.

    Returns:
        A Pillow image of mode RGB.

    Raises:
        DataError: When the image cannot be decoded, or has more pixels than the limit ``image_pixels``. The message names the file.

    Example:
        >>> image = decode(np.zeros((4, 6), np.uint8))
        >>> image.mode, image.size, np.asarray(image).shape  # Pillow has the width first, arrays have the height first
        ('RGB', (6, 4), (4, 6, 3))
    """
    with decoded(item, size) as image:
        return image


@contextmanager
def decoded(item: Any, size: tuple[int, int] | None = None) -> Iterator[Image.Image]:
    """Decode an image for the time of a context. No two threads hold large images at the same time.

    Args:
        item: The same as for ``decode``.
        size: The same as for ``decode``.

    Yields:
        A Pillow image of mode RGB; as an array it is uint8 of shape (height, width, 3).

    Raises:
        DataError: For the same reasons as ``decode``.

    Example:
        >>> with decoded(np.zeros((4, 6), np.uint8)) as image:
        ...     image.size
        (6, 4)
    """
    if not isinstance(item, (str, Path, bytes, bytearray, Image.Image, np.ndarray)):
        raise DataError(
            f"An image cannot be read from {kind_of(item)}.",
            fix="Pass a path, encoded bytes, a uint8 array, or a Pillow image.",
        )
    least = None if size is None else max(size)
    with ExitStack() as stack:
        if isinstance(item, np.ndarray):
            yield _from_array(item, least, stack)
        else:
            yield _from_file(item, least, stack)


def doubt_about(item: Any) -> str:
    """Warn of an image with several pages, or whose brightness is probably wrong: it has 16 bits a pixel and uses few of them.

    Args:
        item: The same as for ``decode``.

    Returns:
        A sentence without its subject. Empty when there is no doubt or the image cannot be read.

    Example:
        >>> doubt_about(Image.fromarray(np.full((2, 2), 700, np.uint16)))
        'has 16 bits a pixel and is almost black: its largest value of 65535 is 700. If white is a smaller value...'
    """
    if isinstance(item, np.ndarray):
        return ""
    try:
        with opened_image(item, "it") as image, taking_turns(image.width * image.height):
            if has_pages(image):
                return "has several pages, and only the first is read. Save each page as a file of its own."
            deep = image.mode.startswith("I;16") or ";16" in str(getattr(image, "tile", ""))
            reason = loaded(image)[1].warning if deep else ""
    except Exception:
        return ""
    return reason and (
        f"has 16 bits a pixel and is almost black: {reason}. If white is a smaller value in it, pass it as an array with "
        "value_range=(0, 4095), or with another highest value."
    )


def _from_file(item: Any, least: int | None, stack: ExitStack) -> Image.Image:
    name = repr(str(item)) if isinstance(item, (str, Path)) else "The given value"
    try:
        image = stack.enter_context(opened_image(item, name))
        stack.enter_context(taking_turns(image.width * image.height))
        if least is not None and item is not image and image.format == "JPEG" and image.mode in ("RGB", "L"):
            # the EXIF rotation may swap the sides later, so ask for the larger side in both directions
            image.draft(image.mode, (least, least))
        made = upright(image, least)
        if item is not image:
            image.close()  # frees its pixels
        return made
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{name} cannot be read as an image: no such file.", fix=missing_file(item)) from error
    except PermissionError as error:
        raise DataError(f"{name} cannot be read as an image: permission denied.", fix=unreadable(item).fix) from error
    except Exception as error:
        # for damaged headers, Pillow's readers raise many kinds of errors
        reason = str(error) or type(error).__name__
        fix = "Make it smaller." if isinstance(error, MemoryError) else "Repair or remove it."
        raise DataError(f"{name} cannot be read as an image: {reason}.", fix=fix) from error


def _from_array(array: np.ndarray, least: int | None, stack: ExitStack) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4) or not array.size:
        raise DataError(
            "An image array must be uint8 of shape (height, width) or (height, width, 1, 3 or 4).",
            f"dtype {array.dtype}, shape {array.shape}",
            "For other ranges pass value_range=(lowest, highest).",
        )
    array = array[:, :, 0] if array.ndim == 3 and channels == 1 else array
    height, width = array.shape[:2]
    if height * width < LARGE_PIXELS:
        return upright(Image.fromarray(array))
    stack.enter_context(taking_turns(height * width))
    return in_strips((width, height), least, lambda top, bottom: upright(Image.fromarray(array[top:bottom])))
