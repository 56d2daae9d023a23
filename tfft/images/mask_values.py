"""Read the values of a mask: the numbers or the colours that stand for classes."""

from typing import Any

import numpy as np
from PIL import Image

from tfft.images.image_files import encoded, opened_image, taking_turns
from tfft.images.png_rows import check_rows
from tfft.images.samples import MIN_IS_WHITE, PHOTOMETRIC
from tfft.images.upright import turned

_FEWER_BITS = {"L;2": 85, "L;4": 17}  # Pillow multiplies grey values of 2 and 4 bits by these numbers
_COLORS = ("RGB", "L", "P", "1")
_NUMBERS = ("L", "P", "1", "I", "I;16", "I;16B", "I;16L")


def mask_values(item: Any, colored: bool, what: str = "it") -> np.ndarray:
    """Read the values of one mask, upright as images are.

    Args:
        item: A path, encoded bytes, or an array of shape (height, width), or (height, width, 3) for colours.
        colored: Whether colours stand for classes; otherwise numbers do, such as the indices of a palette.
        what: The name of the mask in messages.

    Returns:
        int32, shape (height, width): numbers; or colours as 65536 * red + 256 * green + blue.

    Raises:
        ValueError: When the mask has no such values; the message says why.
        DataError: When it has more pixels than the limit ``image_pixels``.
        OSError: When it cannot be read.

    Example:
        >>> mask_values(np.array([[0, 7]], np.uint8), colored=False).tolist()
        [[0, 7]]
        >>> mask_values(np.array([[[1, 0, 2]]], np.uint8), colored=True).tolist()
        [[65538]]
    """
    return read_mask(item, colored, what)[0]


def read_mask(item: Any, colored: bool, what: str = "it") -> tuple[np.ndarray, np.ndarray]:
    """Read the values of one mask as ``mask_values`` does, and its palette.

    Args:
        item: As for ``mask_values``.
        colored: As for ``mask_values``.
        what: As for ``mask_values``.

    Returns:
        The values; and the colour of each index, uint8, shape (colours, 3), without rows where indices are not the values.

    Raises:
        ValueError: As ``mask_values``.
        DataError: As ``mask_values``.
        OSError: As ``mask_values``.

    Example:
        >>> read_mask(np.array([[0, 7]], np.uint8), colored=False)[1].shape
        (0, 3)
    """
    no_palette = np.zeros((0, 3), np.uint8)
    if isinstance(item, np.ndarray):
        return _packed(item, colored), no_palette
    with opened_image(item, what) as image, taking_turns(image.width * image.height):
        tile = image.tile[0] if getattr(image, "tile", None) else None
        stored = tile[3] if tile is not None else ""
        raw = str(stored[0] if isinstance(stored, tuple) and stored else stored)
        if lossy := _lossy(image):
            raise ValueError(f"{lossy} changes the values of masks; save masks as PNG")
        if image.format == "PNG":
            check_rows(encoded(image))
        indices = image.mode == "P" or image.format == "GIF"
        _check_bits(image, raw, colored)
        if getattr(image, "is_animated", False):
            raise ValueError("it has several pages or frames, and a mask has one")
        image.load()
        scale = _FEWER_BITS.get(raw, 1)
        if colored or not indices:
            _check_opaque(image, scale)
        image = turned(image)
        if image.mode in ("RGBA", "LA", "PA"):
            image = image.convert({"RGBA": "RGB", "LA": "L", "PA": "P"}[image.mode])
        if image.mode not in (_COLORS if colored else (*_NUMBERS, "RGB")):
            raise ValueError(f"its pixels are of type {image.mode!r}; save masks as PNG with 8 bits")
        if colored:
            return _packed(np.asarray(image.convert("RGB")), True), no_palette
        palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3) if image.mode == "P" else no_palette
        return _packed(np.asarray(image), False) // scale, palette


def _lossy(image: Image.Image) -> str:
    """Name the compression of a file when it changes values; else return an empty string."""
    if image.format in ("JPEG", "MPO"):  # the cameras of phones write MPO: a JPEG with further images behind it
        return "a JPEG"
    compression = str(image.info.get("compression"))
    if image.format == "TIFF" and ("jpeg" in compression or "webp" in compression):
        return "a TIFF with JPEG or WebP compression"
    if image.format != "WEBP":
        return ""
    # RIFF: the name and the size of each chunk; "VP8 " holds lossy pixels and "VP8L" lossless ones, in an animation inside of ANMF
    content, start = encoded(image), 12
    while start + 8 <= len(content):
        name, size = content[start : start + 4], int.from_bytes(content[start + 4 : start + 8], "little")
        if name == b"VP8L":
            return ""
        if name == b"VP8 ":
            return "a lossy WebP"
        start += 24 if name == b"ANMF" else 8 + size + size % 2
    return "a lossy WebP"


def _check_bits(image: Image.Image, raw: str, colored: bool) -> None:
    """Refuse samples that Pillow scales or cuts to 8 bits, because two classes could get one value, or that it inverts."""
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == MIN_IS_WHITE:
        raise ValueError("it is a TIFF in which 0 is white, so that programs disagree on its values; save masks as PNG")
    deep = ";16" in raw or image.mode.startswith("I")
    if deep and (colored or not image.mode.startswith("I")):
        raise ValueError("its colours have 16 bits, and only 8 of them are read; save masks as PNG with 8 bits")
    tile = getattr(image, "tile", None)
    stored = tile[0][3] if image.format == "PPM" and tile else None
    if isinstance(stored, tuple) and stored[-1] != (65535 if deep else 255):
        raise ValueError(f"its highest value is {stored[-1]}, and Pillow scales its values; save masks as PNG")


def _check_opaque(image: Image.Image, scale: int) -> None:
    """Refuse transparent pixels: those of an alpha channel, and those of a palette index, a grey value or a colour (tRNS)."""
    if image.mode in ("RGBA", "LA", "PA"):
        transparent = image.getchannel("A").getextrema() != (255, 255)
    elif (key := image.info.get("transparency")) is None:
        return
    elif isinstance(key, bytes):  # the opacity of the first indices of a palette
        table = np.frombuffer(key.ljust(256, b"\xff"), np.uint8)
        transparent = bool((table[np.asarray(image)] < 255).any())
    elif isinstance(key, tuple):
        transparent = bool((np.asarray(image) == key).all(axis=-1).any())
    else:
        key = int(key > 0) if image.mode == "1" else key * scale
        transparent = bool((np.asarray(image).astype(np.int64) == key).any())
    if transparent:
        raise ValueError("it has transparent pixels, which stand for no class")


def _packed(array: np.ndarray, colored: bool) -> np.ndarray:
    """Numbers or colours of an array as int32, shape (height, width)."""
    if array.dtype.kind not in "bui" or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)):
        raise ValueError(
            f"an array of dtype {array.dtype} and shape {array.shape} is no mask; pass integers (height, width)"
        )
    if not array.size:
        raise ValueError("it has no pixels")
    if array.dtype.kind != "b" and (int(array.min()) < 0 or int(array.max()) >= 2**24):
        raise ValueError(
            f"its values run from {array.min()} to {array.max()}; masks have values from 0 to {2**24 - 1:,}"
        )
    array = array.astype(np.int32)
    channels = array[:, :, None] if array.ndim == 2 else array
    if not colored:
        if channels.shape[2] == 3 and not (channels == channels[:, :, :1]).all():
            one_hot = bool(channels.max() == 1 and (channels.sum(axis=2) == 1).all())
            raise ValueError(
                "each pixel has the value 1 in one of 3 channels, as one-hot masks have; pass mask.argmax(axis=-1)"
                if one_hot
                else "it has colours, and no colour has a class"
            )
        return channels[:, :, 0]
    if channels.max() > 255:
        raise ValueError("its values are no colours of 8 bits")
    red, green, blue = (channels[:, :, min(index, channels.shape[2] - 1)] for index in range(3))
    return (red << 16) + (green << 8) + blue
