"""Masks as images: coloured, beside their image, with a legend."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError
from tfft.core.terminal import plain
from tfft.images.decoding import decode
from tfft.images.mask_colors import IGNORED_COLOR, colors, indexed

_SIDE, _GAP = 320, 4
_MOST_IN_LEGEND = 30


def beside(image: Any, masks: Sequence[np.ndarray], count: int) -> Image.Image:
    """Put coloured masks to the right of an image, all of the size of the image.

    Args:
        image: A Pillow image of mode RGB.
        masks: uint8 class ids, each of shape (height, width); of the same proportions as the image.
        count: The number of classes.

    Returns:
        A Pillow image.

    Example:
        >>> beside(Image.new("RGB", (6, 4)), [np.zeros((40, 60), np.uint8)], 2).size
        (16, 4)
    """
    width, height = image.size
    canvas = Image.new("RGB", ((width + _GAP) * (1 + len(masks)) - _GAP, height), "white")
    canvas.paste(image, (0, 0))
    for number, mask in enumerate(masks, start=1):
        small = Image.fromarray(np.ascontiguousarray(mask)).resize((width, height), Image.Resampling.NEAREST)
        canvas.paste(indexed(np.asarray(small), count).convert("RGB"), (number * (width + _GAP), 0))
    return canvas


def legend(names: Sequence[str], shown: Sequence[int], ignored: bool = False) -> str:
    """Name the colours of classes, as HTML.

    Args:
        names: The names of all classes.
        shown: The ids of the classes to name.
        ignored: Whether to name the colour of pixels without a class as well.

    Returns:
        A paragraph; names are escaped.

    Example:
        >>> legend(["sky", "<road>"], [1]).count("&lt;road&gt;")
        1
    """
    table = colors(len(names))
    box = '<span style="background:#{:02x}{:02x}{:02x};display:inline-block;width:.8em;height:.8em;margin-right:.3em"></span>'
    parts = [f"{box.format(*table[index])}{escape(plain(names[index]))}" for index in shown[:_MOST_IN_LEGEND]]
    parts += ["..."] if len(shown) > _MOST_IN_LEGEND else []
    parts += [f"{box.format(*IGNORED_COLOR)}no class"] if ignored else []
    return f"<p>{' &nbsp; '.join(parts)}</p>"


def html(mask: np.ndarray, names: Sequence[str], source: Any) -> str:
    """Show a mask beside its image, with a legend of the classes that it has.

    Args:
        mask: uint8 class ids, shape (height, width).
        names: The names of the classes.
        source: The image, as for ``decode``; when it is None or can no longer be read, the mask is shown alone.

    Returns:
        HTML that needs no other file.
    """
    try:
        image = decode(source, (_SIDE, _SIDE))
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        shown_image = beside(image, [mask], len(names))
    except DataError:
        shown_image = indexed(mask, len(names)).convert("RGB")
        shown_image.thumbnail((_SIDE, _SIDE), Image.Resampling.NEAREST)
    content = io.BytesIO()
    shown_image.save(content, "PNG")
    shown = sorted(set(np.unique(mask).tolist()) & set(range(len(names))))
    return (
        f'<img alt="image and mask" src="data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}">'
        f"{legend(names, shown)}"
    )
