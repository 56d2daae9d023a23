"""Preprocessor: how raw inputs of one kind become the inputs of a network. Code outside of this room never asks for the kind."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from tfft.inputs.alignment import Alignment
from tfft.tokenizers.packing import Packed

Spec = tuple[str, tuple[int | None, ...], str]
TextUnit = Literal["words", "places"]
AnswerUnit = TextUnit | Literal["pixels"]


class Preprocessor(Protocol):
    """Converts raw inputs of one kind to the inputs of a network.

    Attributes:
        noun: What one input is called in messages, such as ``"image"``; of several inputs, all nouns in alphabetical order, such as
            ``"image and text"``.
        unit: What a row consists of, such as ``"pixels"``.
    """

    noun: ClassVar[str]
    unit: ClassVar[str]

    @property
    def length(self) -> int | None:
        """The largest number of tokens in a row; None when all rows have one shape."""

    @property
    def size(self) -> str:
        """The size of a row as text, such as ``"16x16 pixels"``."""

    @property
    def alignment(self) -> Alignment | None:
        """Where the pixels of an image are in a row; None for texts, and for images that are cropped."""

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """Name, shape without the batch axis and dtype of each input of the network."""

    def __call__(self, item: Any) -> np.ndarray:
        """Convert one raw input to a row.

        Args:
            item: A raw input, or a row, which is returned unchanged where rows are not raw inputs as well.

        Returns:
            The row, such as uint8 pixels of shape (height, width, 3), or int32 tokens of shape (tokens, 2).

        Raises:
            DataError: When the input has another type, or cannot be read.
        """

    def many(self, items: Sequence[Any], first: int = 0) -> Packed:
        """Convert many inputs at once, which is faster where rows have a length, as tokens have.

        Args:
            items: Raw inputs.
            first: The number of the first input, for messages.

        Returns:
            A Packed with int32 rows of shape (tokens, columns).

        Raises:
            DataError: When an input cannot be converted.
        """

    def collate(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Convert the rows of a batch to the inputs of the network.

        Args:
            rows: The rows.

        Returns:
            Input name -> array of shape (batch, ...).
        """

    def padded_to(self, width: int | None) -> "Preprocessor":
        """Return a preprocessor that pads every batch to one width.

        Args:
            width: The number of tokens, at least that of the longest row; None pads each batch to its own longest row.
        """

    def answering(self, unit: AnswerUnit, stride: int = 0) -> "Preprocessor":
        """Return a preprocessor for answers about parts of an input. Long texts have several rows, and images are not cropped.

        Args:
            unit: ``"words"`` of a text, ``"places"`` in the second text of a pair, or ``"pixels"`` of an image.
            stride: The number of tokens that two rows of a long text share.

        Raises:
            TaskError: When inputs have no such parts.
        """

    def loaded_by(self, around: "Callable[[Callable[[], Any]], Callable[[], Any]]") -> "Preprocessor":
        """Return a preprocessor whose files are loaded by another function.

        Args:
            around: A function: the function that loads -> the function to call in its place.
        """

    def save(self, folder: Path) -> None:
        """Write the files that ``from_dict`` needs.

        Args:
            folder: The folder of the files. It does not exist, and is made where there are files.

        Raises:
            OSError: When a file cannot be written.
        """

    def to_dict(self) -> Mapping[str, Any]:
        """Return the settings as plain JSON values."""
