"""Cache: where what a run computes from its examples is kept, and how much of it; given to ``build``."""

import shutil
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

from tfft.cache.store import Store
from tfft.core.errors import DataError
from tfft.core.machine import cache_folder, memory_bytes

WHERE = ("auto", "disk", "memory", "off")
_MOST_BYTES = 32 * 10**9


@dataclass(frozen=True)
class Cache:
    """What may be kept of features and pixels, which are the same in every epoch and every run.

    Attributes:
        where: ``"auto"`` is the disk, or memory where the disk has no room; ``"disk"``, ``"memory"`` and ``"off"`` are just that.
        folder: None for ``features`` below ``TFFT_CACHE_DIR``, or below the platform's folder for caches.
        max_bytes: Of everything in the folder; None for 32 GB, and never more than half of what the disk has free. What goes to
            memory in its place is at most a quarter of that.
        views: How many random views of each picture are kept where a phase changes pictures; None for one for each epoch, as far as
            they fit into half of the bytes.

    Raises:
        DataError: When an option is out of range.

    Example:
        >>> Cache("memory", max_bytes=2 * 10**9).where
        'memory'
    """

    where: str = "auto"
    folder: str | Path | None = None
    max_bytes: int | None = None
    views: int | None = None

    def __post_init__(self) -> None:
        if self.where not in WHERE:
            raise DataError(
                f"cache={self.where!r} is unknown.",
                fix=f"Use one of {', '.join(map(repr, WHERE))}; a folder is tfft.data.Cache(folder=...).",
            )
        if self.folder is not None and not isinstance(self.folder, (str, Path)):
            raise DataError(f"folder={self.folder!r} is no path.", fix='Write Cache(folder="/large/disk").')
        for name in ("max_bytes", "views"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool)
            if value is not None and (not whole or value < 1):
                raise DataError(
                    f"{name}={value!r} must be a whole number of at least 1.", fix="Leave it out for the default."
                )

    @classmethod
    def of(cls, value: Any) -> "Cache":
        """A Cache from what a user passes for one.

        Args:
            value: A Cache, or its ``where``.

        Returns:
            A Cache.

        Raises:
            DataError: When it is neither.

        Example:
            >>> Cache.of("off").on
            False
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise DataError(
                "cache must be a word or a Cache.",
                repr(value),
                'Write cache="auto", or tfft.data.Cache("disk", views=4).',
            )
        return cls(value)

    @property
    def on(self) -> bool:
        """Whether anything is kept."""
        return self.where != "off"

    @property
    def store(self) -> Store:
        """The folder and its budget in bytes."""
        folder = cache_folder() / "features" if self.folder is None else Path(self.folder).expanduser()
        there = next((path for path in (folder, *folder.parents) if path.exists()), Path("."))
        kept = sum(entry.size_bytes for entry in Store(folder, 0).entries())
        affordable = (shutil.disk_usage(there).free + kept) // 2
        return Store(folder, min(self.most_bytes, affordable))

    @property
    def most_bytes(self) -> int:
        """How much may be kept, whatever room there is: the same in every run."""
        if self.max_bytes is not None:
            return self.max_bytes
        return self.memory_bytes if self.where == "memory" else _MOST_BYTES

    @property
    def memory_bytes(self) -> int:
        """How much may be kept in memory: a quarter of it, or less, or for ``"memory"`` whatever the user says."""
        quarter = (memory_bytes() or 4 * 2**30) // 4
        if self.where == "memory":
            return self.max_bytes or quarter
        return min(self.max_bytes or quarter, quarter)
