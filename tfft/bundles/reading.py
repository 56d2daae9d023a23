"""Read the inputs of a predictor, batch by batch. An input that cannot be read does not stop the others."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.core.errors import DataError
from tfft.core.machine import cores
from tfft.images.decoding import range_warning
from tfft.inputs.text import TextPreprocessor

Named = tuple[str, Any]


@dataclass(frozen=True)
class Read:
    """One input.

    Attributes:
        row: The pixels, shape (height, width, 3), or the tokens, shape (tokens, 2); None when the input cannot be read.
        warning: A warning about an image that was read, or an empty string.
        error: The reason why the input cannot be read.
    """

    row: np.ndarray | None
    warning: str = ""
    error: DataError | None = None


def read_batches(
    preprocessor: Callable[[Any], np.ndarray], items: Sequence[Named], batch_size: int
) -> Iterator[tuple[Sequence[Named], list[Read]]]:
    """Read batch after batch. While the caller works on a batch of images, threads read the images of the next one.

    Args:
        preprocessor: Image -> uint8 pixels of shape (height, width, 3), or text -> int32 tokens of shape (tokens, 2).
        items: Name and value of each input.
        batch_size: The number of inputs in a batch.

    Yields:
        The items of a batch, and a Read for each of them.

    Raises:
        DataError: When some texts of a batch are pairs, and others are single texts.

    Example:
        >>> from tfft.inputs.image import ImagePreprocessor
        >>> preprocessor = ImagePreprocessor(8, 8)
        >>> good = np.zeros((16, 16, 3), np.uint8)
        >>> [[each.row is None for each in found] for _, found in read_batches(preprocessor, [("a", good), ("b", b"?")], 1)]
        [[False], [True]]
    """
    batches = [items[start : start + batch_size] for start in range(0, len(items), batch_size)]
    if isinstance(preprocessor, TextPreprocessor):
        for number, chosen in enumerate(batches):
            yield chosen, _read_texts(preprocessor, [item for _, item in chosen], number * batch_size)
        return
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


def _read_texts(preprocessor: TextPreprocessor, items: Sequence[Any], first: int) -> list[Read]:
    """Tokenize a batch at once, which takes a hundredth of the time; only when that fails, one text after the other."""
    try:
        return [Read(row) for row in preprocessor.many(items, first).rows]
    except DataError:
        found = [_read_text(preprocessor, item, number) for number, item in enumerate(items, first)]
        if all(each.error is None for each in found):
            raise  # each text can be read, but some are pairs and others are not
        return found


def _read_text(preprocessor: TextPreprocessor, item: Any, number: int) -> Read:
    try:
        return Read(preprocessor.many([item], number).rows[0])
    except DataError as error:
        return Read(None, error=error)


def _read_image(preprocessor: Callable[[Any], np.ndarray], name: str, item: Any) -> Read:
    warning = ""
    if reason := range_warning(item):
        warning = (
            f"{name} has 16 bits a pixel and is almost black: {reason}. If white is a smaller value in it, pass it as an array "
            "with value_range=(0, 4095), or with another highest value."
        )
    try:
        return Read(preprocessor(item), warning)
    except DataError as error:
        if name not in error.what:
            error = DataError(f"{name}: {error.what}", error.got, error.fix)
        return Read(None, warning, error)
