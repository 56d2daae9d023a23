"""Read the meaning of pixel values from the header of an image: bits per pixel, whether 0 is white, and the transparent value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tfft.images.image_files import LARGE_PIXELS, encoded

_BITS_PER_SAMPLE = 258
PHOTOMETRIC, MIN_IS_WHITE = 262, 0
"""The number of the TIFF tag that says what 0 means, and its value when 0 is white."""
_DEEP = "I;16"
_DARK = 4096  # scanners and microscopes store 12 bits in 16


@dataclass(frozen=True)
class Samples:
    """How to read the pixels of one image, shape (height, width[, channels]).

    Attributes:
        bits: The number of bits that carry values in a 16-bit grey image; white is ``2**bits - 1``.
        inverted: Whether 0 is white in a 16-bit grey image.
        key: The transparent grey value, as in the loaded image; None when no value is transparent.
        warning: The reason why the range is probably wrong, in words; empty when it is plausible.
    """

    bits: int = 16
    inverted: bool = False
    key: int | None = None
    warning: str = ""

    def to_grey(self, values: np.ndarray) -> np.ndarray:
        """Convert 16-bit samples to 8-bit grey on a white background.

        Args:
            values: Unsigned integers of shape (height, width).

        Returns:
            uint8 values of the same shape.

        Example:
            >>> Samples(bits=12).to_grey(np.uint16([[0, 2048, 4095]])).tolist()
            [[0, 128, 255]]
        """
        wide = values.astype(np.uint32)
        grey = wide >> (self.bits - 8) if self.bits >= 8 else wide * 255 // (2**self.bits - 1)
        grey = grey.clip(0, 255).astype(np.uint8)
        if self.inverted:
            grey = 255 - grey
        return grey if self.key is None else np.where(wide == self.key, np.uint8(255), grey)


def loaded(image: Any) -> tuple[Any, Samples]:
    """Load the pixels of an opened image, and find out what their values mean.

    Args:
        image: A Pillow image, loaded or not.

    Returns:
        The loaded image and its Samples. A 16-bit colour PNG with a transparent colour becomes an image of mode RGBA, because
        Pillow compares the low bytes of that colour with the high bytes of the pixels (Pillow 13.0).

    Raises:
        ValueError: When such a PNG is too large.

    Example:
        >>> image, samples = loaded(Image.fromarray(np.full((2, 2), 700, np.uint16)))
        >>> samples.bits, samples.warning
        (16, 'its largest value of 65535 is 700')
    """
    tile = image.tile[0] if getattr(image, "tile", None) else None
    stored_as = tile[3] if tile is not None else ""
    raw = str(stored_as[0] if isinstance(stored_as, tuple) and stored_as else stored_as)
    key = image.info.get("transparency")
    if isinstance(key, tuple) and raw == "RGB;16B":
        return _with_colour_key(image), Samples()
    if image.format == "WEBP" and image.width * image.height >= LARGE_PIXELS and image.n_frames == 1 and encoded(image):
        return _large_webp(image), Samples()
    significant = _significant_bits(image) if image.mode.startswith(_DEEP) else None
    image.load()
    if image.mode == "L" and isinstance(key, int) and raw in ("L;2", "L;4"):
        # Pillow scales the pixels to 8 bits, but does not scale the transparent value (Pillow 13.0)
        return image, Samples(key=key * 255 // (2 ** int(raw[2]) - 1))
    if not image.mode.startswith(_DEEP):
        return image, Samples(warning=_colour_warning(image) if ";16" in raw else "")
    tags = getattr(image, "tag_v2", {})
    bits = _first(tags.get(_BITS_PER_SAMPLE), 16)
    if significant is not None and _fits(image, significant):
        bits = significant
    warning = _dark(_largest(image), 65535) if bits == 16 else ""
    inverted = tags.get(PHOTOMETRIC) == MIN_IS_WHITE
    return image, Samples(bits, inverted, key if isinstance(key, int) else None, "" if inverted else warning)


def _first(value: Any, default: int) -> int:
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) and 1 <= value <= default else default


def _dark(largest: int, white: int) -> str:
    return f"its largest value of {white} is {largest}" if 0 < largest < _DARK else ""


def _colour_warning(image: Any) -> str:
    """Return the same for 16-bit colours. Pillow keeps only their high bytes."""
    highest = max(int(high) for _, high in image.getextrema()[:3])
    return f"its largest value of 255 is {highest}" if 0 < highest < _DARK // 256 else ""


def _fits(image: Any, significant: int) -> bool:
    """Return whether a PNG stores its significant bits unscaled, although the format requires scaling to 16 bits.

    Scaled values repeat their high bits in the low bits. In a dark image the low bits are zero (PNG specification, sBIT).
    """
    if not 1 <= significant < 16 or _largest(image) >= 2**significant:
        return False
    low = 2 ** (16 - significant) - 1
    return any(bool((values & low).any()) for values in _rows(image))


def _largest(image: Any) -> int:
    return max(int(values.max()) for values in _rows(image))


def _rows(image: Any) -> Iterator[np.ndarray]:
    step = max(1, 2**20 // image.width)
    for top in range(0, image.height, step):
        yield np.asarray(image.crop((0, top, image.width, min(top + step, image.height)))).astype(np.uint16)


def _significant_bits(image: Any) -> int | None:
    """Return the number of significant bits from the sBIT chunk of a PNG, which Pillow ignores."""
    file = getattr(image, "fp", None)
    if image.format != "PNG" or file is None:
        return None
    here = file.tell()
    try:
        file.seek(8)
        while True:
            length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
            if kind == b"sBIT":
                return int.from_bytes(file.read(1), "big")
            if kind in (b"IDAT", b"IEND", b""):
                return None
            file.seek(length + 4, 1)
    finally:
        file.seek(here)


def _with_colour_key(image: Any) -> Any:
    if image.width * image.height >= LARGE_PIXELS:
        raise ValueError(
            "a large 16-bit PNG with a transparent colour (tRNS) is not supported; save it with an alpha channel"
        )
    deep = _by_tensorflow(image, lambda tf, content: tf.io.decode_png(content, channels=4, dtype=tf.uint16))
    return _instead(image, (deep >> 8).astype(np.uint8))


def _large_webp(image: Any) -> Any:
    # Pillow keeps four copies of the pixels, 16 bytes each (Pillow 13.0)
    return _instead(image, _by_tensorflow(image, lambda tf, content: tf.io.decode_webp(content, channels=0))[0])


def _by_tensorflow(image: Any, decode: Callable[[Any, bytes], Any]) -> np.ndarray:
    import tensorflow as tf

    try:
        # do not use numpy(), because it makes a copy
        return np.asarray(memoryview(decode(tf, encoded(image))))
    except tf.errors.OpError as error:
        raise ValueError(f"damaged: {str(error.message).splitlines()[0][:80]}") from None


def _instead(image: Any, pixels: np.ndarray) -> Any:
    """Replace the pixels of an image and keep its tags."""
    made = Image.fromarray(pixels)
    made.info.update({name: value for name, value in image.info.items() if name in ("exif", "xmp")})
    return made
