"""Images for ``predict``: split its argument into single images, and decode them batch by batch in threads."""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfft.bundles.reading import Named, Read, refuse_labelled
from tfft.core import regular_files
from tfft.core.errors import DataError, DataWarning, quantity, shortlist
from tfft.core.machine import cores
from tfft.core.path_advice import check_permitted, missing_file
from tfft.core.specs import IMAGE_FORMATS
from tfft.data.files.file_listing import SUFFIXES, look_below
from tfft.data.sources.arrays import AsPixels, looks_channels_first
from tfft.data.tables.table_files import ENDINGS
from tfft.images.decoding import doubt_about
from tfft.images.image_files import is_image
from tfft.images.png_rows import check_rows

_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = "Texts need a model that was trained on texts."
_MOST_CHANNELS = 16
"""A last axis up to this size may be the channels of a multispectral image."""


def split(inputs: Any, value_range: tuple[float, float] | None) -> Iterator[tuple[str, Any]]:
    """Split what was passed into single images.

    Args:
        inputs: As for ``Predictor.predict``: paths, folders, bytes, Pillow images, arrays of shape (height, width[, channels]) or
            (n, height, width[, channels]), or a sequence of these.
        value_range: (lowest, highest) pixel value of arrays that are not uint8.

    Yields:
        (name, item) of each image.

    Raises:
        DataError: For arrays that may be one image or several, for datasets that include labels, and for tensors.
    """
    refuse_labelled(inputs)
    single = isinstance(inputs, (str, Path, bytes, bytearray)) or not isinstance(inputs, (Sequence, np.ndarray))
    if isinstance(inputs, np.ndarray):
        # (height, width, channels) is one image, (n, height, width) are grey ones
        single = inputs.ndim == 2 or (inputs.ndim == 3 and inputs.shape[2] in (1, 3, 4))
        if inputs.ndim == 3 and not single and inputs.shape[1] != inputs.shape[2] <= _MOST_CHANNELS:
            raise DataError(
                f"An array of shape {inputs.shape} may be one image of {inputs.shape[2]} channels, or {len(inputs)} grey images.",
                f"dtype {inputs.dtype}",
                "Images have 1, 3 or 4 channels: choose three, as image[..., :3]; pass images[..., None] for grey ones.",
            )
        if not single and len(inputs) > 1 and looks_channels_first(inputs.shape):
            raise DataError(
                f"An array of shape {inputs.shape} looks channels-first, and may be {len(inputs)} grey images as well.",
                f"dtype {inputs.dtype}",
                "Pass np.moveaxis(image, 0, -1) for one colour image, or images[..., None] for grey ones.",
            )
    if single:
        inputs = [inputs]
    for index, item in enumerate(inputs):
        refuse_labelled(item)
        if isinstance(item, (str, Path)):
            yield from _files(str(item))
        elif isinstance(item, np.ndarray) or (isinstance(item, Image.Image) and value_range is not None):
            try:
                yield f"input {index}", AsPixels([item], value_range)[0]
            except DataError as error:
                raise DataError(f"input {index}: {error.what}", error.got, error.fix) from None
        else:
            yield f"input {index}", item


def check(items: Sequence[tuple[str, Any]]) -> None:
    """Check that the files of images exist, before any of them is read.

    Args:
        items: From ``images``: (name, item) of each image of any shape.

    Raises:
        DataError: When some do not, or lie in a folder that may not be read; the message tells a text from a misspelt path.
    """
    missing = [item for _, item in items if isinstance(item, str) and not os.path.exists(item)]
    if not missing:
        _check_no_texts([item for _, item in items if isinstance(item, str)])
        return
    first = missing[0]
    check_permitted(first)
    if any(letter.isspace() for letter in first) and os.sep not in first and not first.lower().endswith(SUFFIXES):
        raise DataError(
            "The model reads images, and there is no file of this name.",
            f"{first[:60]!r}{'...' if len(first) > 60 else ''}",
            f"Pass paths of images. {_TEXTS}",
        )
    what = f"{first!r} cannot be read as an image: no such file."
    if len(missing) > 1:
        what = f"{len(missing)} of {quantity(len(items), 'image')} not found: {shortlist(missing)}."
    raise DataError(what, fix=missing_file(first) + ("" if os.path.splitext(first)[1] else f" {_TEXTS}"))


def _check_no_texts(paths: Sequence[str]) -> None:
    """Refuse text files and tables for a model of images."""
    texts = [path for path in paths if path.lower().endswith((".txt", *ENDINGS)) and not is_image(path)]
    if texts:
        raise DataError(
            f"The model reads images, and {texts[0]!r} is a file of texts or a table.", fix=f"Pass images. {_TEXTS}"
        )


def read_batches(
    preprocessor: Callable[[Any], np.ndarray], items: Sequence[Named], batch_size: int
) -> Iterator[tuple[Sequence[Named], list[Read]]]:
    """Decode batch after batch. While the caller works on a batch, threads decode the images of the next one.

    Args:
        preprocessor: The preprocessor of the model: image -> uint8 pixels of shape (height, width, 3).
        items: Name and value of each input.
        batch_size: The number of inputs in a batch.

    Yields:
        The items of a batch, and a Read for each of them.

    Example:
        >>> from tfft.inputs.image import ImagePreprocessor
        >>> preprocessor = ImagePreprocessor(8, 8)
        >>> good = np.zeros((16, 16, 3), np.uint8)
        >>> [[each.rows is None for each in found] for _, found in read_batches(preprocessor, [("a", good), ("b", b"?")], 1)]
        [[False], [True]]
    """
    batches = [items[start : start + batch_size] for start in range(0, len(items), batch_size)]
    waiting: deque[list[Future[Read]]] = deque()
    with ThreadPoolExecutor(cores()) as pool:
        try:
            for number in range(len(batches) + 1):
                waiting.extend(
                    [pool.submit(_read_image, preprocessor, *each) for each in some]
                    for some in batches[number : number + 1]
                )
                if number:
                    yield batches[number - 1], [future.result() for future in waiting.popleft()]
        finally:
            pool.shutdown(cancel_futures=True)


def _files(path: str) -> Iterator[tuple[str, str]]:
    """Yield (name, path) of one file, or of all images below a folder."""
    if not os.path.isdir(path):
        yield path, path
        return
    found = look_below(path)
    if not found.images:
        raise DataError(
            f"There is no image below {path!r}.",
            found.left_out() or "an empty folder",
            f"Looked for {', '.join(IMAGE_FORMATS)} by content." + (f" {_TEXTS}" if found.texts else ""),
        )
    if rest := found.rest():
        warnings.warn(
            f"{quantity(len(rest), 'file')} below {path!r} "
            f"{'are not readable images and are' if len(rest) > 1 else 'is not a readable image and is'} left out: "
            f"{found.left_out()}.",
            DataWarning,
            stacklevel=4,  # the line that calls predict, which calls images, which calls _files
        )
    yield from ((image, image) for image in found.images)


def _check_rows(item: Any) -> None:
    """Refuse a PNG file without all of its rows; training data is checked when it is read."""
    if not isinstance(item, (str, bytes, bytearray)):
        return
    content = regular_files.read(item) if isinstance(item, str) else bytes(item)
    try:
        if content.startswith(_PNG):
            check_rows(content)
    except ValueError as error:
        raise DataError(f"The image cannot be decoded: {error}.", fix="Repair it, or export it again.") from None


def _read_image(preprocessor: Callable[[Any], np.ndarray], name: str, item: Any) -> Read:
    doubt = doubt_about(item)
    warning = f"{name} {doubt}" if doubt else ""
    try:
        row = preprocessor(item)
        _check_rows(item)  # after the limits were checked
        return Read([row], item, warning)
    except DataError as error:
        if name not in error.what:
            error = DataError(f"{name}: {error.what}", error.got, error.fix)
        return Read(None, item, warning, error)
