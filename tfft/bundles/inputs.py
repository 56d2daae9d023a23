"""Split the argument of ``predict`` into (name, item) pairs: one for each image or text."""

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError, DataWarning, kind_of, quantity, shortlist
from tfft.core.path_advice import check_permitted, missing_file
from tfft.core.specs import IMAGE_FORMATS, Text
from tfft.data.examples import Examples, Splits
from tfft.data.files.file_listing import SUFFIXES, look_below
from tfft.data.sources.arrays import AsPixels, looks_channels_first
from tfft.data.strings import text_of
from tfft.data.tables.table_files import ENDINGS
from tfft.images.image_files import is_image

_FILES = (*ENDINGS, *SUFFIXES, ".txt", ".json", ".gz", ".zip", ".xls", ".xlsx", ".pdf", ".docx")
_TEXTS = "Texts need a model that was trained on texts."
_LONGEST_PATH = 1_000
_MOST_CHANNELS = 16
"""A last axis up to this size may be the channels of a multispectral image."""


def texts(inputs: Any) -> Iterator[tuple[str, Any]]:
    """Split what was passed into texts or pairs of texts.

    Args:
        inputs: A text, a pair of texts as a tuple, or a sequence, pandas Series or array of them, shape (n,) or (n, 2).

    Yields:
        (name, Text) of each; other objects are returned unchanged, and the preprocessor refuses them.

    Raises:
        DataError: For images and paths, also paths of folders as text, for datasets that include labels, and for tensors.

    Warns:
        DataWarning: When texts are names of files that exist, when all look like paths of files, and for the name of a folder
            alone.
    """
    _check_kind(inputs)
    if hasattr(inputs, "to_numpy"):
        inputs = inputs.to_numpy(object)
    single = isinstance(inputs, (str, bytes, bytearray, Text, tuple)) or not isinstance(inputs, (Sequence, np.ndarray))
    inputs = [inputs] if single else inputs
    _refuse_folders(inputs)
    _warn_files(inputs, single)
    for index, item in enumerate(inputs):
        if isinstance(item, (bytes, bytearray, Path, Image.Image)) or getattr(item, "ndim", 1) > 1:
            raise DataError(
                f"The model reads texts, and input {index} is {'a path' if isinstance(item, Path) else 'an image'}.",
                kind_of(item),
                "Pass texts, such as Path(name).read_text().splitlines(). Images need a model that was trained on images.",
            )
        text = text_of(item)
        yield f"input {index}" if text is None else text.excerpt(), item if text is None else text


def images(inputs: Any, value_range: tuple[float, float] | None) -> Iterator[tuple[str, Any]]:
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
    _check_kind(inputs)
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
        _check_kind(item)
        if isinstance(item, (str, Path)):
            yield from _files(str(item))
        elif isinstance(item, np.ndarray) or (isinstance(item, Image.Image) and value_range is not None):
            try:
                yield f"input {index}", AsPixels([item], value_range)[0]
            except DataError as error:
                raise DataError(f"input {index}: {error.what}", error.got, error.fix) from None
        else:
            yield f"input {index}", item


def check_paths(items: Sequence[tuple[str, Any]]) -> None:
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


def _check_kind(inputs: Any) -> None:
    """Refuse tensors, and datasets that include labels (``Examples`` and ``Splits``)."""
    if isinstance(inputs, (Examples, Splits)):
        whole = isinstance(inputs, Splits)
        raise DataError(
            "predict() takes inputs without their labels.",
            f"{'all parts of the data' if whole else 'one part of the data'} ({type(inputs).__name__})",
            f"Pass {'data.test' if whole else 'examples'}.inputs; to measure the model, write "
            f"tfft.evaluate(model, {'data.test' if whole else 'examples'}).",
        )
    if hasattr(inputs, "numpy") and hasattr(inputs, "shape"):
        raise DataError(
            "predict() takes NumPy arrays, not tensors.",
            f"{type(inputs).__name__}",
            "Pass tensor.numpy() in its place.",
        )


def _refuse_folders(inputs: Sequence[Any]) -> None:
    """Raise for a path of an existing folder; a word that is also the name of a folder may be a text."""
    for index, text in enumerate(inputs):
        if isinstance(text, str) and os.sep in text and _stands(text) and os.path.isdir(text):
            raise DataError(
                f"The model reads texts, and input {index} is the path of a folder.",
                repr(text),
                f'Pass the texts in it: [file.read_text() for file in Path({text!r}).rglob("*.txt")].',
            )


def _warn_files(inputs: Sequence[Any], single: bool) -> None:
    """Warn when texts are names of files or folders, because the model classifies the names and not what is in the files."""
    files, one, several = _names_among([text for text in inputs if isinstance(text, str)], single)
    if files:
        warnings.warn(
            f"{quantity(len(files), f'text is the name of {one}', f'texts are names of {several}')}: {shortlist(files)}. "
            "The model reads only the names, not the files. "
            "Pass the texts, such as Path(name).read_text().splitlines() or frame[column] of a table.",
            DataWarning,
            stacklevel=4,  # the line that calls predict, which calls texts, which calls _warn_files
        )


def _names_among(given: Sequence[str], single: bool) -> tuple[list[str], str, str]:
    """The texts that are names of files or folders, and what they name, in the singular and in the plural."""
    named = [text for text in given if text.lower().endswith(_FILES)]
    files = [text for text in named if _stands(text) and os.path.isfile(text)]
    if files:
        return files, "a file", "files"
    if single and given and _stands(given[0]) and os.path.isdir(given[0]):  # among others it may be an ordinary word
        return list(given), "a folder", "folders"
    missing = len(named) == len(given) and all(os.sep in text and " " not in text for text in named)
    return (named if missing else []), "a file that does not exist", "files that do not exist"


def _stands(text: str) -> bool:
    return len(text) <= _LONGEST_PATH and "\0" not in text and os.path.exists(text)
