"""Convert paths, bytes, arrays or Pillow images to RGB pixels of one size; training, evaluation and prediction use this code."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps

from tfft.core.errors import DataError
from tfft.images.decoding import decoded

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
                image = _padded(image, size)
            return np.asarray(image)

    @property
    def inputs(self) -> tuple[tuple[str, tuple[int | None, ...], str], ...]:
        """Name, shape without the batch axis and dtype of the network's input; uint8 pixels are converted to float32 on the way."""
        return (("pixels", (self.height, self.width, 3), "float32"),)

    def collate(self, rows: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Stack the images of a batch.

        Args:
            rows: The images, each uint8 of shape (height, width, 3).

        Returns:
            One array, uint8, shape (batch, height, width, 3).
        """
        return (np.stack(rows),)

    def named(self, arrays: Sequence[Any]) -> Any:
        """Convert the result of ``collate`` to the argument of the network.

        Args:
            arrays: One array of pixels, shape (batch, height, width, 3).

        Returns:
            The pixels.
        """
        return arrays[0]

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


def _padded(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize into the middle of a black canvas; a very thin image keeps at least one pixel, unlike with ``ImageOps.pad``."""
    share = min(size[0] / image.width, size[1] / image.height)
    inner = max(1, round(image.width * share)), max(1, round(image.height * share))
    canvas = Image.new("RGB", size)
    canvas.paste(image.resize(inner, Image.Resampling.BILINEAR), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas
