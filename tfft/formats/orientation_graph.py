"""Read in a TensorFlow graph which rotation a camera stored in an encoded image."""

from collections.abc import Callable
from typing import Any

_TAG, _SHORT, _LONG = 0x0112, 3, 4
_XMP = rb"http://ns.adobe.com/xap/1.0/" + b"\0"
_PADDING = 64
_MOST_BLOCKS = 10_000  # a hostile file may consist of millions of empty blocks


def orientation(content: Any) -> Any:
    """Read the tag of the rotation from the EXIF data of a JPEG, PNG or WebP file, or else from the XMP data of a JPEG file.

    Args:
        content: The encoded image, a string tensor of shape ().

    Returns:
        int64 of shape (): the value of the tag, from 1 to 8; 1, which means no rotation, when there is none.

    Source:
        EXIF 2.3, section 4.6.4, tag 0x0112; the blocks of the files: JPEG (ITU T.81, B.1), PNG (eXIf) and RIFF (WebP).

    Example:
        >>> import io
        >>> from PIL import Image
        >>> image, file = Image.new("RGB", (2, 2)), io.BytesIO()
        >>> tags = image.getexif()
        >>> tags[0x0112] = 6
        >>> image.save(file, "JPEG", exif=tags)
        >>> int(orientation(file.getvalue()))
        6
    """
    import tensorflow as tf

    data = tf.io.decode_raw(content, tf.uint8)  # a number of more bytes for each byte would take a multiple of the file
    size = tf.size(data, tf.int64)
    data = tf.pad(data, [[0, _PADDING]])  # so that no read is outside
    one = tf.constant(1, tf.int64)
    jpeg, png = _at(data, 0, b"\xff\xd8"), _at(data, 0, b"\x89PNG")
    webp = _at(data, 0, b"RIFF") & _at(data, 8, b"WEBP")

    def of_blocks(first: int, block: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
        return _tag(data, size, _found(data, size, first, block))

    def of_jpeg() -> Any:
        tag = of_blocks(2, _jpeg_block)
        return tf.cond(tag > 0, lambda: tag, lambda: _xmp(content, data, size))

    return tf.maximum(
        one,
        tf.case(
            [
                (jpeg, of_jpeg),
                (png, lambda: of_blocks(8, _png_block)),
                (webp, lambda: of_blocks(12, _riff_block)),
            ],
            default=lambda: one,
        ),
    )


def _at(data: Any, place: Any, wanted: bytes) -> Any:
    """Whether some bytes are at a place."""
    import tensorflow as tf

    return tf.reduce_all(data[place : place + len(wanted)] == tf.constant(list(wanted), tf.uint8))


def _number(data: Any, places: Any, count: int, little: Any) -> Any:
    """Unsigned numbers of ``count`` bytes at some places."""
    import tensorflow as tf

    last = tf.size(data, tf.int64) - count
    places = tf.clip_by_value(places, tf.constant(0, tf.int64), last)
    parts = [tf.cast(tf.gather(data, places + index), tf.int64) for index in range(count)]
    forward = sum(part * 256**index for index, part in enumerate(parts))
    backward = sum(part * 256**index for index, part in enumerate(reversed(parts)))
    return tf.where(little, forward, backward)


def _found(data: Any, size: Any, first: int, block: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    """Walk over the blocks of a file. Return where the wanted one begins; -1 without it."""
    import tensorflow as tf

    def step(place: Any, _: Any) -> tuple[Any, Any]:
        after, begin = block(data, place)
        return tf.where(after > place, after, size), begin

    start = tf.constant(first, tf.int64), tf.constant(-1, tf.int64)
    return tf.while_loop(
        lambda place, begin: (place < size) & (begin < 0), step, start, maximum_iterations=_MOST_BLOCKS
    )[1]


def _jpeg_block(data: Any, place: Any, wanted: bytes = b"Exif\0\0") -> tuple[Any, Any]:
    import tensorflow as tf

    marker, end = data[place + 1], tf.constant(2**62, tf.int64)
    length = _number(data, place + 2, 2, False)
    filled, alone = marker == 0xFF, (marker == 1) | ((marker >= 0xD0) & (marker <= 0xD8))
    after = tf.where(filled, place + 1, tf.where(alone, place + 2, place + 2 + length))
    pixels = (data[place] != 0xFF) | (marker == 0xDA) | (marker == 0xD9)
    there = ~pixels & (marker == 0xE1) & _at(data, place + 4, wanted)
    begin = tf.where(there, place + 4 + len(wanted), tf.constant(-1, tf.int64))
    return tf.where(pixels, end, after), begin


def _png_block(data: Any, place: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    after = place + 12 + _number(data, place, 4, False)
    return after, tf.where(_at(data, place + 4, b"eXIf"), place + 8, tf.constant(-1, tf.int64))


def _riff_block(data: Any, place: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    length = _number(data, place + 4, 4, True)
    there = _at(data, place, b"EXIF")
    return place + 8 + length + length % 2, tf.where(there, place + 8, tf.constant(-1, tf.int64))


def _tag(data: Any, size: Any, begin: Any) -> Any:
    """The value of the tag in a TIFF header and its first directory; 0 without it."""
    import tensorflow as tf

    begin = tf.where((begin >= 0) & _at(data, tf.maximum(begin, 0), b"Exif\0\0"), begin + 6, begin)
    start = tf.maximum(begin, 0)
    little = _at(data, start, b"II*\0")
    valid = (begin >= 0) & (little | _at(data, start, b"MM\0*"))
    directory = start + _number(data, start + 4, 4, little)
    room = tf.maximum(size - directory - 2, 0) // 12
    count = tf.minimum(_number(data, directory, 2, little), room)
    entries = directory + 2 + 12 * tf.range(count)
    tags, kinds = _number(data, entries, 2, little), _number(data, entries + 2, 2, little)
    shorts, longs = _number(data, entries + 8, 2, little), _number(data, entries + 8, 4, little)
    single = _number(data, entries + 4, 4, little) == 1
    values = tf.where(kinds == _SHORT, shorts, tf.where(kinds == _LONG, longs, 0))
    chosen = tf.boolean_mask(values, (tags == _TAG) & single)
    found = tf.cond(tf.size(chosen) > 0, lambda: chosen[0], lambda: tf.constant(0, tf.int64))
    return tf.where(valid & (found <= 8), found, tf.constant(0, tf.int64))


def _xmp(content: Any, data: Any, size: Any) -> Any:
    """The value of the tag in the XMP data of a JPEG file; 0 without it."""
    import tensorflow as tf

    begin = _found(data, size, 2, lambda data, place: _jpeg_block(data, place, _XMP))

    def read() -> Any:
        length = tf.maximum(_number(data, begin - len(_XMP) - 2, 2, False) - len(_XMP) - 2, 0)
        text = tf.strings.substr(content, begin, tf.minimum(length, size - begin))
        value = tf.strings.regex_replace(text, r'(?s)^.*?tiff:Orientation(?:="|>)([1-8]).*$', r"\1")
        single = tf.strings.regex_full_match(value, "[1-8]")
        return tf.cond(single, lambda: tf.strings.to_number(value, tf.int64), lambda: tf.constant(0, tf.int64))

    return tf.cond(begin >= 0, read, lambda: tf.constant(0, tf.int64))
