"""Choose the examples on which an exported file is compared with the Keras net."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core import regular_files
from tfft.core.errors import DataError, kind_of
from tfft.data.examples import Examples
from tfft.data.strings import text_of
from tfft.images.decoding import decoded

_MOST = 256
_KINDS = (b"\xff\xd8", b"\x89PNG")
_PAIRS = "question_answering"
GIVEN, MADE_UP = "the given examples", "examples made up for this"
_SENTENCES = (
    "A wonderful film, from the first minute to the last.",
    "The room was small, and nobody answered the phone.",
    "Which river flows through Vienna?",
    "Prices rose by 3.5 % in 2024.",
    "这家酒店的早餐很好。",
    "服务态度太差，不会再来了。",
    "OK",
    "Ça va? I'm not sure: see https://example.org/a?b=1 or ask @someone #now",
)


def chosen(examples: Any, predictor: Predictor) -> tuple[list[Any], str]:
    """Choose up to 256 examples, evenly spread over those that were given, or make some up.

    Args:
        examples: An ``Examples``, or inputs as for ``Predictor.predict``, or None.
        predictor: The model that reads them.

    Returns:
        The inputs, and where they come from.

    Raises:
        DataError: When there are no examples, the model reads others, or one cannot be read.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     chosen(["a film"], tfft.load(tfft.export(model, f"{folder}/toy.tfft")))
        ([Text(first='a film', second=None)], 'the given examples')
    """
    if examples is None:
        return _made_up(predictor), MADE_UP
    items = [item for _, item in predictor.items(examples.inputs if isinstance(examples, Examples) else examples)]
    if not items:
        raise DataError("examples= holds no examples.", kind_of(examples), "Pass data.validation.")
    if predictor.seen is not None:
        for item in items:
            predictor.seen.check_pairs(item)
    found = [items[int(place)] for place in spread(len(items))]
    for item in found:
        predictor.preprocessor(item)  # the error of an example is no error of the format
    return found, GIVEN


def spread(count: int) -> np.ndarray:
    """Return the positions of up to 256 examples, evenly spread.

    Args:
        count: The number of examples, at least 1.

    Returns:
        Positions, int64, shape (m,), in their order.
    """
    return np.unique(np.linspace(0, count - 1, min(_MOST, count)).astype(int))


def texts_of(predictor: Predictor) -> int:
    """Return the number of texts in an example of a model, 1 or 2.

    Args:
        predictor: The model.
    """
    known = predictor.seen.texts if predictor.seen is not None else None
    return known or (2 if predictor.task.name == _PAIRS else 1)


def _made_up(predictor: Predictor) -> list[Any]:
    return _MAKING[predictor.preprocessor.noun](predictor)


def _sentences(predictor: Predictor) -> list[Any]:
    pairs = texts_of(predictor) == 2
    return [(text, _SENTENCES[-1 - index]) if pairs else text for index, text in enumerate(_SENTENCES)]


def _images(predictor: Predictor) -> list[Any]:
    height, width = (side or 1 for side in predictor.preprocessor.inputs[0][1][:2])
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (8, 4, 5, 3), np.uint8)
    rows, columns = np.arange(height + 3) * 4 // (height + 3), np.arange(width + 9) * 5 // (width + 9)
    return list(coarse[:, rows][:, :, columns])


_MAKING: Mapping[str, Callable[[Predictor], list[Any]]] = {"image": _images, "text": _sentences}


def encoded(item: Any) -> bytes:
    r"""Return an image as the content of a JPEG, PNG or WebP file; all other images become PNG.

    Args:
        item: A path, encoded bytes, a Pillow image, or a uint8 array.

    Returns:
        The bytes.

    Raises:
        DataError: When the file is too large.
        OSError: When the file cannot be read.

    Example:
        >>> encoded(np.zeros((2, 2, 3), np.uint8))[:4]
        b'\x89PNG'
    """
    from PIL import Image

    if isinstance(item, (str, Path)):
        item = regular_files.read(item, "input_bytes")
    if isinstance(item, (bytes, bytearray)):
        content = bytes(item)
        if content.startswith(_KINDS) or (content.startswith(b"RIFF") and content[8:12] == b"WEBP"):
            return content
        with decoded(content) as image:  # such as BMP and GIF
            return encoded(image)
    if isinstance(item, np.ndarray):
        item = Image.fromarray(item[:, :, 0] if item.ndim == 3 and item.shape[2] == 1 else item)
    file = io.BytesIO()
    item.save(file, "PNG")
    return file.getvalue()


def strings(item: Any) -> tuple[str, ...]:
    """Return the texts of an example.

    Args:
        item: A ``Text``, a string, or a pair of strings.

    Returns:
        One string, or two for a pair.

    Raises:
        DataError: When the item is no text.

    Example:
        >>> strings(("Who?", "Ann."))
        ('Who?', 'Ann.')
    """
    text = text_of(item)
    if text is None:
        raise DataError("An example is not a text.", kind_of(item), "Pass strings, or pairs of strings.")
    return (text.first,) if text.second is None else (text.first, text.second)
