"""Alignment: where the pixels of an image are in the input of a network, for targets and answers that lie on them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.label_values import IGNORED
from tfft.images.sizes import size_of


@dataclass(frozen=True)
class Alignment:
    """How an image of any size is laid into the input of a network, without losing a part of it.

    Attributes:
        height, width: The size of the input in pixels.
        padded: Whether the image keeps its proportions, in the middle of the input; else it is stretched to the size.

    Example:
        >>> Alignment(2, 4, padded=True).box(10, 10)
        (1, 0, 2, 2)
    """

    height: int
    width: int
    padded: bool = False

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return where an image is in the input.

        Args:
            width: The width of the image in pixels.
            height: Its height.

        Returns:
            Left, top, width and height in pixels of the input; a very thin image keeps one pixel.
        """
        if not self.padded:
            return 0, 0, self.width, self.height
        share = min(self.width / width, self.height / height)
        inner = max(1, round(width * share)), max(1, round(height * share))
        return (self.width - inner[0]) // 2, (self.height - inner[1]) // 2, *inner

    def place(self, mask: np.ndarray) -> np.ndarray:
        """Resize a mask as its image is resized; each pixel takes the class of the nearest one.

        Args:
            mask: uint8 class ids, shape (height, width) of the image; 255 for pixels without a class.

        Returns:
            uint8, shape (height, width) of the input; 255 where there is no image.

        Example:
            >>> Alignment(2, 4, padded=True).place(np.uint8([[1, 2], [3, 4]])).tolist()
            [[255, 1, 2, 255], [255, 3, 4, 255]]
        """
        image = Image.fromarray(mask)
        left, top, width, height = self.box(image.width, image.height)
        placed = np.full((self.height, self.width), IGNORED, np.uint8)
        placed[top : top + height, left : left + width] = np.asarray(
            image.resize((width, height), Image.Resampling.NEAREST)
        )
        return placed

    def restore(self, found: np.ndarray, item: Any) -> np.ndarray:
        """Undo ``place`` for values at each pixel; each pixel of the image takes the nearest value.

        Args:
            found: Values at each pixel of the input, shape (height, width, ...).
            item: The image, as a preprocessor takes it.

        Returns:
            Values at each pixel of the image as it was given, upright, of the same dtype.

        Raises:
            DataError: When the image cannot be read.

        Example:
            >>> Alignment(2, 2).restore(np.uint8([[1, 2], [3, 4]]), np.zeros((2, 4, 3), np.uint8)).tolist()
            [[1, 1, 2, 2], [3, 3, 4, 4]]
        """
        size = size_of(item)
        left, top, width, height = self.box(size.width, size.height)
        rows, columns = (
            inner[0] + np.minimum((np.arange(side) + 0.5) * inner[1] / side, inner[1] - 1).astype(int)
            for side, inner in ((size.height, (top, height)), (size.width, (left, width)))
        )
        return found[rows[:, None], columns]
