"""Open encoded images. Size and format are checked in the header before memory for pixels is allocated.

::

    with opened_image("huge.png", "'huge.png'") as image, taking_turns(image.width * image.height):
        image.load()
"""

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

# each of these plugins registers itself in Image.OPEN
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from tfft.core import limits, regular_files
from tfft.core.errors import DataError
from tfft.core.machine import release_memory
from tfft.core.specs import IMAGE_FORMATS
from tfft.images import image_segments

PLUGINS = (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
LARGE_PIXELS = 16_000_000
"""Images with at least this many pixels, and files with at least this many bytes, are processed one at a time in all threads."""
_PREFIX = 32
_TILE_SIDES = (322, 323)
_TURN = threading.RLock()


def taking_turns(amount: int) -> AbstractContextManager[Any]:
    """Wait until no other thread works on a large image or file.

    Args:
        amount: The number of pixels or bytes.

    Returns:
        A context; hold it for as long as the memory is needed. For smaller amounts it never waits.

    Example:
        >>> with taking_turns(20_000_000), taking_turns(20_000_000):
        ...     "the same thread may enter twice"
        'the same thread may enter twice'
    """
    return _turn() if amount >= LARGE_PIXELS else nullcontext()


@contextmanager
def _turn() -> Iterator[None]:
    with _TURN:
        release_memory()  # return the memory that the previous thread has freed
        try:
            yield
        finally:
            release_memory()


@contextmanager
def opened_image(source: Any, what: str) -> Iterator[Any]:
    """Open an image without decoding it.

    Pillow's own ``Image.open`` is not used: its warning about large images names the user's code, and it allocates a WebP image
    before it checks the size.

    Args:
        source: A path, encoded bytes, or a Pillow image, which is returned unchanged.
        what: The name of the image in messages.

    Yields:
        A Pillow image of a format in ``IMAGE_FORMATS``. Its method ``load`` reads the pixels.

    Raises:
        DataError: When the image has more pixels than the limit ``image_pixels``, or too many segments or scans.
        OSError: When the file cannot be read, or is not an image.

    Example:
        >>> with opened_image(b"P5 3 2 255 abcdef", "a grey image") as image:
        ...     image.format, image.size
        ('PPM', (3, 2))
    """
    if isinstance(source, Image.Image):
        limits.check("image_pixels", source.width * source.height, what)
        yield source
        return
    path = "" if isinstance(source, (bytes, bytearray)) else str(source)
    if path:
        regular_files.size_of(path)
    with open(path, "rb") if path else io.BytesIO(source) as file:
        prefix = file.read(_PREFIX)
        limits.check("image_pixels", _webp_pixels(prefix), what)
        image_segments.check(file, prefix, what)
        try:
            image = _identified(file, prefix, path)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # a GIF frame is larger than the image
            raise DataError(
                f"{what}: its pixels are more than the limit.",
                f"limit {limits.highest('image_pixels'):,}",
                "Fix the file: it has a frame that is larger than the image.",
            ) from None
        tags = getattr(image, "tag_v2", {})
        tile = _whole(tags.get(_TILE_SIDES[0])) * _whole(tags.get(_TILE_SIDES[1]))
        limits.check("image_pixels", max(image.width * image.height, tile), what)
        yield image


def has_pages(image: Any) -> bool:
    """Return whether an opened TIFF has several pages; further frames of other formats are an animation.

    The pages are not counted, because a damaged or hostile file can have millions.

    Args:
        image: A Pillow image.

    Example:
        >>> has_pages(Image.new("L", (2, 2)))
        False
    """
    return image.format == "TIFF" and bool(getattr(image, "is_animated", False))


def encoded(image: Any) -> bytes:
    """Return the bytes of the file of an opened image.

    Args:
        image: A Pillow image; pixels that are already loaded are ignored.

    Returns:
        The bytes of the file; empty when the file is closed or the image has no file.

    Example:
        >>> encoded(Image.new("L", (2, 2)))
        b''
    """
    file = getattr(image, "fp", None)
    if file is None or file.closed:
        return b""
    here = file.tell()
    file.seek(0)
    content: bytes = file.read()
    file.seek(here)
    return content


def is_image(source: str | Path | bytes) -> bool:
    """Return whether data begins like an image that tfft can decode. The name of the file and its pixels are ignored.

    Args:
        source: A path or encoded bytes.

    Returns:
        True for headers of the formats in ``IMAGE_FORMATS``, whatever the size of the image.

    Example:
        >>> is_image(b"P5 3 2 255 abcdef"), is_image(b"P5 is a page of text"), is_image(b"")
        (True, False, False)
    """
    try:
        with _beginning(source) as file:
            prefix = file.read(_PREFIX)
            if not any(Image.OPEN[name][1](prefix) is True for name in IMAGE_FORMATS):  # type: ignore[misc]
                return False
            try:
                image_segments.check(file, prefix, "it", pixels=False)
            except DataError:
                return True  # opening it will raise the error
            # for WebP the magic bytes are enough, because Pillow would need the whole file
            return prefix[8:12] == b"WEBP" or bool(_identified(file, prefix, ""))
    except Exception:
        return False


def _beginning(source: str | Path | bytes) -> Any:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    regular_files.size_of(source)
    return open(source, "rb")


def _identified(file: Any, prefix: bytes, path: str) -> Any:
    """Open an image in the format that its first bytes tell, whatever its name."""
    for name in IMAGE_FORMATS:
        factory, accept = Image.OPEN[name]
        if accept is None or accept(prefix) is not True:
            continue
        file.seek(0)
        try:
            return factory(file, path)
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue
    raise UnidentifiedImageError("not an image")


def _webp_pixels(prefix: bytes) -> int:
    """Return width x height from the header of a WebP file; 0 when they cannot be found."""
    chunk, rest = prefix[12:16], prefix[20:32]
    if prefix[:4] != b"RIFF" or prefix[8:12] != b"WEBP" or len(rest) < 10:
        return 0
    if chunk == b"VP8X":  # an animation, or an image with metadata: flags, then both sides minus 1, 24 bits each
        pixels = (1 + int.from_bytes(rest[4:7], "little")) * (1 + int.from_bytes(rest[7:10], "little"))
        return pixels * 2 if rest[0] & 2 else pixels  # Pillow keeps two more canvases for an animation
    if chunk == b"VP8L":  # a signature, then both sides minus 1, 14 bits each
        bits = int.from_bytes(rest[1:5], "little")
        return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
    if chunk == b"VP8 ":  # a frame tag and a start code, then two sides of 14 bits
        width, height = struct.unpack("<HH", rest[6:10])
        return int(width & 0x3FFF) * int(height & 0x3FFF)
    return 0


def _whole(value: Any) -> int:
    """Return the value of a TIFF tag that should be one whole number, or 0."""
    return value if isinstance(value, int) else 0
