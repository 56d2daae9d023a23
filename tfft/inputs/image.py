"""Convert paths, bytes, arrays or Pillow images to RGB pixels of one size; training, evaluation and prediction use this code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from PIL import Image, ImageOps

from tfft.core.errors import DataError, TaskError
from tfft.images.decoding import decoded
from tfft.images.sizes import size_of
from tfft.inputs.alignment import Alignment
from tfft.inputs.base import AnswerUnit
from tfft.tokenizers.packing import Packed

Fit = Literal["crop", "squash", "pad"]
_FITS = ("crop", "squash", "pad")


@dataclass(frozen=True)
class ImagePreprocessor:
    """Converts every image to RGB pixels of the backbone's input size, (height, width, 3).

    Attributes:
        height, width: The size in pixels.
        fit: ``"squash"`` stretches the image to the size; ``"crop"`` keeps its proportions and cuts the middle out; ``"pad"`` keeps
            its proportions and fills the rest with black.

    Raises:
        DataError: When ``fit`` is unknown, or a side is not a positive whole number.

    Example:
        >>> ImagePreprocessor(4, 6)(np.zeros((10, 20), np.uint8)).shape
        (4, 6, 3)
    """

    height: int
    width: int
    fit: Fit = "crop"
    noun: ClassVar[str] = "image"
    unit: ClassVar[str] = "pixels"
    length: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.fit not in _FITS:
            raise DataError(f"fit={self.fit!r} is unknown.", fix=f"Use one of {', '.join(map(repr, _FITS))}.")
        if any(not isinstance(side, Integral) or side < 1 for side in (self.height, self.width)):
            raise DataError(
                "Height and width must be whole numbers of at least 1.",
                f"{self.height!r} x {self.width!r}",
                "Pass pixels, such as 224.",
            )

    def __call__(self, item: Any) -> np.ndarray:
        """Read one image.

        Args:
            item: A path, encoded bytes, a Pillow image, or a uint8 array (height, width[, 1, 3 or 4]).

        Returns:
            uint8, shape (height, width, 3), RGB.

        Raises:
            DataError: When the item has another type, or cannot be decoded.
        """
        size = (self.width, self.height)
        with decoded(item, size) as image:
            if self.fit == "squash":
                image = image.resize(size, Image.Resampling.BILINEAR)
            elif self.fit == "crop":
                image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
            else:
                # a very thin image keeps at least one pixel, unlike with ``ImageOps.pad``; a large image is decoded smaller, and is
                # placed by its own size, as its mask is
                whole = size_of(item)
                left, top, *inner = Alignment(self.height, self.width, padded=True).box(whole.width, whole.height)
                canvas = Image.new("RGB", size)
                canvas.paste(image.resize((inner[0], inner[1]), Image.Resampling.BILINEAR), (left, top))
                image = canvas
            return np.asarray(image)

    @property
    def size(self) -> str:
        """Height and width as text, such as ``"16x16 pixels"``."""
        return f"{self.height}x{self.width} pixels"

    @property
    def inputs(self) -> tuple[tuple[str, tuple[int | None, ...], str], ...]:
        """Name, shape without the batch axis and dtype of the network's input; uint8 pixels are converted to float32 on the way."""
        return (("pixels", (self.height, self.width, 3), "float32"),)

    def many(self, items: Sequence[Any], first: int = 0) -> Packed:
        """Refuse to read many images at once: all of them may not fit into memory.

        Args:
            items: Not used.
            first: Not used.

        Raises:
            TypeError: Always.
        """
        raise TypeError("Images are read one by one, when a batch needs them.")

    def collate(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Stack the images of a batch.

        Args:
            rows: The images, each uint8 of shape (height, width, 3).

        Returns:
            ``"pixels"`` -> uint8, shape (batch, height, width, 3).
        """
        return {"pixels": np.stack(rows)}

    @property
    def alignment(self) -> Alignment | None:
        """Where pixels of an image are in a row; None with ``"crop"``, which loses some of them."""
        return None if self.fit == "crop" else Alignment(self.height, self.width, self.fit == "pad")

    def padded_to(self, width: int | None) -> "ImagePreprocessor":
        """Return the preprocessor unchanged, because all batches have the same shape.

        Args:
            width: Not used.
        """
        return self

    def answering(self, unit: AnswerUnit, stride: int = 0) -> "ImagePreprocessor":
        """Return a preprocessor that loses no part of an image: ``"squash"`` in place of ``"crop"``.

        Args:
            unit: ``"pixels"``.
            stride: Not used.

        Raises:
            TaskError: For parts of a text.
        """
        if unit != "pixels":
            raise TaskError(
                "This task answers about parts of a text, and needs a backbone for texts.",
                "a backbone for images",
                'Choose a text encoder, such as "minilm_l6".',
            )
        return replace(self, fit="squash") if self.fit == "crop" else self

    def loaded_by(self, around: Callable[..., Any]) -> "ImagePreprocessor":
        """Return the preprocessor unchanged, because it loads no file.

        Args:
            around: Not used.
        """
        return self

    def save(self, folder: Path) -> None:
        """Write nothing.

        Args:
            folder: Not used.
        """

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values.

        Example:
            >>> ImagePreprocessor(4, 6).to_dict()
            {'height': 4, 'width': 6, 'fit': 'crop'}
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ImagePreprocessor":
        """Undo ``to_dict``.

        Args:
            values: The result of ``to_dict``.

        Returns:
            An equal ImagePreprocessor.

        Raises:
            DataError: When a value is out of range.
            KeyError: When a value is missing.

        Example:
            >>> squash = ImagePreprocessor.from_dict({"height": 4, "width": 6, "fit": "squash"})
            >>> squash(np.zeros((10, 20), np.uint8)).shape
            (4, 6, 3)
        """
        return cls(int(values["height"]), int(values["width"]), values["fit"])
