"""Masks of images as targets: a class id for each pixel, read from its file when an index asks for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from tfft.core import regular_files
from tfft.core.errors import DataError
from tfft.core.fingerprint import digest
from tfft.core.label_values import IGNORED
from tfft.data.mask_coding import Coding
from tfft.images.mask_values import mask_values

_HELD_BYTES = 2**28


class MaskItem(NamedTuple):
    """One mask.

    Attributes:
        source: A path, encoded bytes, or an array of shape (height, width[, 3]).
        coding: The meaning of its values.
        digest: The hash of its content when the data was read.
        size: Its height and width in pixels.
    """

    source: Any
    coding: Coding
    digest: str
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Masks(Sequence[Any]):
    """n masks. An integer reads one mask, uint8 class ids of shape (height, width); a slice or positions select masks.

    Attributes:
        items: The masks.
        pixels: The number of pixels of each class in each mask, int64, shape (n, classes); without ignored ones.
    """

    items: tuple[MaskItem, ...]
    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            index = np.arange(len(self))[index]
        if isinstance(index, np.ndarray):
            chosen = np.flatnonzero(index) if index.dtype == bool else index
            return Masks(tuple(self.items[int(position)] for position in chosen), self.pixels[chosen])
        item = self.items[index]
        try:
            content = item.source if isinstance(item.source, np.ndarray) else _bytes(item.source)
        except OSError as error:
            raise DataError(
                f"The mask {_name(item)} can no longer be read: {error}.", fix="Read the data again."
            ) from None
        if digest(content) != item.digest:
            raise DataError(
                f"The mask {_name(item)} has changed since the data was read.",
                fix="Read the data again, and build and train with that.",
            )
        return item.coding.encoded(mask_values(content, item.coding.colored, _name(item)))

    def digests(self) -> list[str]:
        """The hash of each mask, with the meaning of its values."""
        codings = {id(item.coding): item.coding.digest() for item in self.items}
        return [f"{item.digest}:{codings[id(item.coding)]}" for item in self.items]

    @classmethod
    def joined(cls, parts: "Sequence[Masks]") -> "Masks":
        """Concatenate masks of the same classes.

        Args:
            parts: At least one.
        """
        return cls(
            tuple(item for part in parts for item in part.items), np.concatenate([part.pixels for part in parts])
        )

    def recoded(self, names: Sequence[str]) -> "Masks":
        """Give the masks the class ids of other names.

        Args:
            names: The names; they include those of the masks.

        Returns:
            The same masks, whose class ids are positions in ``names``.

        Raises:
            ValueError: When a name of the masks is not among the names.
        """
        if all(item.coding.names == tuple(names) for item in self.items):
            return self
        codings: dict[int, Coding] = {}
        pixels = np.zeros((len(self), len(names)), np.int64)
        for row, item in enumerate(self.items):
            places = [list(names).index(name) for name in item.coding.names]
            pixels[row, places] = self.pixels[row]
            if id(item.coding) not in codings:
                ids = {value: own if own == IGNORED else places[own] for value, own in item.coding.ids.items()}
                codings[id(item.coding)] = replace(item.coding, names=tuple(names), ids=ids)
        return Masks(tuple(item._replace(coding=codings[id(item.coding)]) for item in self.items), pixels)


@dataclass(frozen=True, eq=False)
class PlacedMasks(Sequence[Any]):
    """Masks as the net sees their images: resized as these are. An array of positions gives one array of all of them.

    Attributes:
        masks: The masks.
        place: A function: mask of the size of its image -> mask of the size of the input of the net.
    """

    masks: Masks
    place: Callable[[np.ndarray], np.ndarray]
    _held: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: Any) -> Any:
        """Read masks.

        Args:
            index: One position, or an array of positions.

        Returns:
            uint8, shape (height, width) or (m, height, width).
        """
        if isinstance(index, np.ndarray):
            return np.stack([self[int(position)] for position in index])
        found = self._held.get(index)
        if found is None:
            found = self.place(self.masks[index])
            if found.nbytes * len(self) <= _HELD_BYTES:
                self._held[index] = found
        return found

    def digests(self) -> list[str]:
        """The hash of each mask, with the meaning of its values."""
        return self.masks.digests()

    @classmethod
    def joined(cls, parts: "Sequence[PlacedMasks]") -> "PlacedMasks":
        """Concatenate masks of the same classes, which are resized in the same way.

        Args:
            parts: At least one.
        """
        return cls(Masks.joined([part.masks for part in parts]), parts[0].place)


def _bytes(source: Any) -> bytes:
    return regular_files.read(source) if isinstance(source, str) else bytes(source)


def _name(item: MaskItem) -> str:
    return repr(item.source) if isinstance(item.source, str) else "of an array or bytes"
