"""Read encoded images in a TensorFlow graph as ``ImagePreprocessor`` does: decode, upright, RGB on white, one size."""

from collections.abc import Callable
from typing import Any

from tfft.core import limits
from tfft.formats.orientation_graph import orientation
from tfft.formats.pillow_resize import resized
from tfft.inputs.image import ImagePreprocessor

FORMATS = ("JPEG", "PNG", "WebP")
_REDUCTIONS = (8, 4, 2)
_HEADER = 32
_WRONG = f"The input is not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file."


def pixels_of(preprocessor: ImagePreprocessor) -> Callable[[Any], Any]:
    """Make the function from encoded images to the pixels that the net takes.

    Pixels are those of the preprocessor, except for CMYK files, whose colours may differ by one grey value, and for files with 16
    bits a channel that use fewer of them.

    Args:
        preprocessor: The preprocessor of the model.

    Returns:
        A function: string tensor of shape (batch,), the contents of files -> uint8, shape (batch, height, width, 3). It raises
        ``InvalidArgumentError`` for other files than JPEG, PNG and WebP, damaged ones, and images with more pixels than the limit
        ``image_pixels``.

    Example:
        >>> import numpy as np, tensorflow as tf
        >>> content = tf.io.encode_png(np.full((8, 8, 3), 7, np.uint8))
        >>> pixels_of(ImagePreprocessor(1, 2))(content[None]).numpy().tolist()
        [[[[7, 7, 7], [7, 7, 7]]]]
    """
    height, width, fit = int(preprocessor.height), int(preprocessor.width), preprocessor.fit

    def one(content: Any) -> Any:
        import tensorflow as tf

        image, whole = _decoded(content, max(height, width))
        tag = orientation(content)
        image, sides = _upright(image, tag), tf.cond(tag >= 5, lambda: whole[::-1], lambda: whole)
        rows, columns = tf.unstack(sides, num=2)
        if fit == "pad":
            return _padded(image, rows, columns, height, width)
        box = _middle(image, height, width) if fit == "crop" else _all(image)
        return tf.ensure_shape(resized(image, box, height, width), (height, width, 3))

    def many(contents: Any) -> Any:
        import tensorflow as tf

        row = tf.TensorSpec((height, width, 3), tf.uint8)
        return tf.map_fn(one, contents, fn_output_signature=row, parallel_iterations=16)

    return many


def _decoded(content: Any, least: int) -> tuple[Any, Any]:
    """RGB pixels, uint8, shape (rows, columns, 3), of a JPEG file not larger than needed; and the size of the file, int32 (2,)."""
    import tensorflow as tf

    # padded, so that no read is outside
    begin = tf.strings.join([tf.strings.substr(content, 0, _HEADER), b"\0" * _HEADER])

    def jpeg() -> tuple[Any, Any]:
        shape = tf.image.extract_jpeg_shape(content)
        checked = _checked(content, shape[0], shape[1])
        scale = tf.where(shape[2] == 4, 1, tf.reduce_min(shape[:2]) // least)

        def at(reduction: int) -> Callable[[], Any]:
            options: Any = {"dct_method": "INTEGER_ACCURATE", "fancy_upscaling": True}  # those of Pillow
            return lambda: tf.io.decode_jpeg(checked, 3, reduction, **options)

        return tf.case([(scale >= each, at(each)) for each in _REDUCTIONS], default=at(1)), shape[:2]

    def png() -> tuple[Any, Any]:
        columns, rows = tf.unstack(_big(tf.strings.substr(begin, 16, 8)), num=2)
        checked = _checked(content, rows, columns)
        image = _on_white(_opaque(tf.io.decode_png(checked, channels=4), begin))
        return image, tf.shape(image)[:2]

    def webp() -> tuple[Any, Any]:
        image = tf.io.decode_webp(_still(_checked(content, *_webp_size(begin)), begin), channels=0)[0]
        image = tf.cond(tf.shape(image)[-1] == 4, lambda: _on_white(image), lambda: image)
        return image, tf.shape(image)[:2]

    def other() -> tuple[Any, Any]:
        with tf.control_dependencies([tf.debugging.Assert(False, [_WRONG])]):
            return tf.zeros((1, 1, 3), tf.uint8), tf.ones(2, tf.int32)

    return tf.case(
        [
            (tf.strings.substr(begin, 0, 3) == b"\xff\xd8\xff", jpeg),
            (tf.strings.substr(begin, 0, 8) == b"\x89PNG\r\n\x1a\n", png),
            ((tf.strings.substr(begin, 0, 4) == b"RIFF") & (tf.strings.substr(begin, 8, 4) == b"WEBP"), webp),
        ],
        default=other,
    )


def _still(content: Any, begin: Any) -> Any:
    """The content of a WebP file without animation: all frames of one would be decoded, whatever their number."""
    import tensorflow as tf

    flags = tf.io.decode_raw(tf.strings.substr(begin, 20, 1), tf.uint8)[0]
    animated = (tf.strings.substr(begin, 12, 4) == b"VP8X") & (
        tf.bitwise.bitwise_and(flags, tf.constant(2, tf.uint8)) > 0
    )
    with tf.control_dependencies(
        [tf.debugging.Assert(~animated, ["The WebP file is animated; pass one of its frames."])]
    ):
        return tf.identity(content)


def _checked(content: Any, rows: Any, columns: Any) -> Any:
    """The content of a file, which nothing can read before its number of pixels was checked."""
    import tensorflow as tf

    most = limits.highest("image_pixels")
    pixels = tf.cast(rows, tf.int64) * tf.cast(columns, tf.int64)
    said = [f"The image must have between 1 and {most:,} pixels."]
    with tf.control_dependencies([tf.debugging.Assert((pixels > 0) & (pixels <= most), said)]):
        return tf.identity(content)


def _big(content: Any) -> Any:
    """Big-endian numbers of 32 bits, int32; those with the highest bit are negative."""
    import tensorflow as tf

    return tf.io.decode_raw(content, tf.int32, little_endian=False)


def _webp_size(begin: Any) -> tuple[Any, Any]:
    """Rows and columns, from the header of the first chunk of a WebP file; 0 when it has none."""
    import tensorflow as tf

    chunk = tf.strings.substr(begin, 12, 4)
    rest = tf.cast(tf.io.decode_raw(tf.strings.substr(begin, 20, 10), tf.uint8), tf.int32)

    def little(first: int, count: int) -> Any:
        return sum(rest[first + index] * 256**index for index in range(count))

    packed = little(1, 4)
    sizes = {
        b"VP8X": (1 + little(7, 3), 1 + little(4, 3)),  # canvas: both sides minus 1
        b"VP8L": (1 + (packed // 2**14) % 2**14, 1 + packed % 2**14),
        b"VP8 ": (little(8, 2) % 2**14, little(6, 2) % 2**14),
    }
    rows = columns = tf.constant(0)
    for kind, (high, wide) in sizes.items():
        rows, columns = tf.where(chunk == kind, high, rows), tf.where(chunk == kind, wide, columns)
    return rows, columns


def _opaque(image: Any, begin: Any) -> Any:
    """Mend the alpha channel of a PNG of 1, 2 or 4 bits, which TensorFlow 2.21 fills with 1, 3 or 15 in place of 255."""
    import tensorflow as tf

    depth = tf.io.decode_raw(tf.strings.substr(begin, 24, 1), tf.uint8)[0]
    most = tf.cast(2 ** tf.cast(tf.minimum(depth, 8), tf.int32) - 1, tf.uint8)
    colors, alpha = image[..., :3], image[..., 3:]
    filled = (depth < 8) & (tf.reduce_max(alpha) <= most)
    return tf.cond(filled, lambda: tf.concat([colors, alpha * (tf.constant(255, tf.uint8) // most)], -1), lambda: image)


def _on_white(image: Any) -> Any:
    """Put RGBA pixels on white with the whole numbers of Pillow's ``alpha_composite``; uint8, shape (rows, columns, 3)."""
    import tensorflow as tf

    colors, alpha = tf.cast(image[..., :3], tf.int32), tf.cast(image[..., 3:], tf.int32)
    sums = (colors * alpha + 255 * (255 - alpha)) * 2**7 + (0x80 << 7)
    mixed = ((sums // 2**8 + sums) // 2**8) // 2**7
    return tf.cast(mixed, tf.uint8)


def _upright(image: Any, tag: Any) -> Any:
    """Undo the rotation that a camera stored."""
    import tensorflow as tf

    image = tf.cond(tag >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    across = tf.reduce_any(tag == [2, 3, 6, 7])
    down = tf.reduce_any(tag == [3, 4, 7, 8])
    image = tf.cond(across, lambda: image[:, ::-1], lambda: image)
    return tf.cond(down, lambda: image[::-1], lambda: image)


def _all(image: Any) -> Any:
    import tensorflow as tf

    rows, columns, _ = tf.unstack(tf.shape(image), num=3)
    return 0, 0, columns, rows


def _middle(image: Any, height: int, width: int) -> Any:
    """The middle of an image with the proportions of the result, as ``ImageOps.fit`` cuts it out."""
    import tensorflow as tf

    rows, columns, _ = tf.unstack(tf.cast(tf.shape(image), tf.float64), num=3)
    share = width / height
    wide = columns / rows >= share
    across = tf.where(wide & (columns / rows != share), share * rows, columns)
    down = tf.where(wide, rows, columns / share)
    left, top = (columns - across) * 0.5, (rows - down) * 0.5
    return left, top, left + across, top + down


def _padded(image: Any, rows: Any, columns: Any, height: int, width: int) -> Any:
    """The whole image in the middle of a black one."""
    import tensorflow as tf

    rows, columns = tf.cast(rows, tf.float64), tf.cast(columns, tf.float64)
    share = tf.minimum(width / columns, height / rows)
    # tf.round and Python's round take the even neighbour of a half
    inner = [tf.cast(tf.maximum(1, tf.cast(tf.round(side * share), tf.int32)), tf.int32) for side in (rows, columns)]
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    small = resized(image, _all(image), *inner)
    return tf.image.pad_to_bounding_box(small, top, left, height, width)
