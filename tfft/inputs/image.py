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
from tfft.inputs.base import AnswerUnit
from tfft.tokenizers.packing import Packed

Fit = Literal["crop", "squash", "pad"]
_FITS = ("crop", "squash", "pad")
_NOTHING = 255  # the class id of pixels without a class


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
                left, top, *inner = self._inner(whole.width, whole.height)
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

    def for_net(self, arrays: Mapping[str, Any]) -> Any:
        """Return the pixels, the only argument of a net.

        Args:
            arrays: ``"pixels"`` -> array or tensor of shape (batch, height, width, 3).
        """
        return arrays["pixels"]

    def padded_to(self, width: int | None) -> "ImagePreprocessor":
        """Return the preprocessor unchanged, because all batches have the same shape.

        Args:
            width: Not used.
        """
        return self

    def answering(self, unit: AnswerUnit, stride: int) -> "ImagePreprocessor":
        """Refuse answers about parts of a text.

        Args:
            unit: Not used.
            stride: Not used.

        Raises:
            TaskError: Always.
        """
        raise TaskError(
            "This task answers about parts of a text, and needs a backbone for texts.",
            "a backbone for images",
            'Choose a text encoder, such as "minilm_l6".',
        )

    def by_pixels(self) -> "ImagePreprocessor":
        """Return a preprocessor that loses no part of an image: ``"squash"`` in place of ``"crop"``."""
        return replace(self, fit="squash") if self.fit == "crop" else self

    def place(self, mask: np.ndarray) -> np.ndarray:
        """Resize a mask as its image is resized; each pixel takes the class of the nearest one.

        Args:
            mask: uint8 class ids, shape (height, width) of the image; 255 for pixels without a class.

        Returns:
            uint8, shape (height, width) of the network's input; 255 where there is no image.

        Example:
            >>> ImagePreprocessor(2, 4, "pad").place(np.uint8([[1, 2], [3, 4]])).tolist()
            [[255, 1, 2, 255], [255, 3, 4, 255]]
        """
        image = Image.fromarray(mask)
        if self.fit == "crop":
            return np.asarray(ImageOps.fit(image, (self.width, self.height), Image.Resampling.NEAREST))
        left, top, width, height = self._inner(image.width, image.height)
        placed = np.full((self.height, self.width), _NOTHING, np.uint8)
        placed[top : top + height, left : left + width] = np.asarray(
            image.resize((width, height), Image.Resampling.NEAREST)
        )
        return placed

    def restore(self, found: np.ndarray, item: Any) -> np.ndarray:
        """Undo ``place`` for values at each pixel; each pixel of the image takes the nearest value.

        Args:
            found: Values at each pixel of the network's input, shape (height, width, ...).
            item: The image, as for a call.

        Returns:
            Values at each pixel of the image as it was given, upright.

        Raises:
            TaskError: When the preprocessor cuts off parts of images, which then have no value.
            DataError: When the image cannot be read.

        Example:
            >>> squash = ImagePreprocessor(2, 2, "squash")
            >>> squash.restore(np.uint8([[1, 2], [3, 4]]), np.zeros((2, 4, 3), np.uint8)).tolist()
            [[1, 1, 2, 2], [3, 3, 4, 4]]
        """
        if self.fit == "crop":
            raise TaskError('fit="crop" loses parts of images.', fix='Use "squash" or "pad".')
        size = size_of(item)
        left, top, width, height = self._inner(size.width, size.height)
        rows, columns = (
            inner[0] + np.minimum((np.arange(side) + 0.5) * inner[1] / side, inner[1] - 1).astype(int)
            for side, inner in ((size.height, (top, height)), (size.width, (left, width)))
        )
        return found[rows[:, None], columns]

    def _inner(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of an image of any size inside of the network's input."""
        if self.fit == "squash":
            return 0, 0, self.width, self.height
        share = min(self.width / width, self.height / height)
        inner = max(1, round(width * share)), max(1, round(height * share))
        return (self.width - inner[0]) // 2, (self.height - inner[1]) // 2, *inner

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
