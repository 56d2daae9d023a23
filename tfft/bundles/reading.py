"""What ``predict`` reads: the result of one input, and the refusal of arguments that are not inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.core.errors import DataError
from tfft.data.examples import Examples, Splits

Named = tuple[str, Any]


@dataclass(frozen=True)
class Read:
    """One input.

    Attributes:
        rows: One row of pixels, shape (height, width, 3), or one or several rows of tokens, shape (tokens, 2); None when the input
            cannot be read.
        item: The input as the task sees it, such as a text with the places of its words.
        warning: A warning about an image that was read, or an empty string.
        error: The reason why the input cannot be read.
    """

    rows: Sequence[np.ndarray] | None
    item: Any = None
    warning: str = ""
    error: DataError | None = None


def refuse_labelled(inputs: Any) -> None:
    """Refuse tensors, and datasets that include labels (``Examples`` and ``Splits``).

    Args:
        inputs: The argument of ``predict``, or one item of it.

    Raises:
        DataError: When it is one of these.
    """
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
