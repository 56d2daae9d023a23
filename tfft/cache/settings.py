"""Settings of the cache for features and pixels: where they are stored and how much space they may take."""

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
    """Settings of the cache for features and pixels, which are the same in every epoch and every run.

    Attributes:
        where: ``"disk"``, ``"memory"`` or ``"off"``. ``"auto"`` uses the disk, or memory if the disk has no space.
        folder: The folder on disk. The default is ``features`` in ``TFFT_CACHE_DIR``, or in the platform's folder for caches.
        max_bytes: The largest size of the folder in bytes; the default is 32 GB. The folder also never takes more than half of
            the sum of its present size and the free disk space. If memory is used instead, the limit is a quarter of the memory.
        views: The number of random views of each image that are cached when a phase augments images. The default is one view for
            each epoch, as long as all views fit into half of ``max_bytes``.

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
                fix=f"Use one of {', '.join(map(repr, WHERE))}, or tfft.data.Cache(folder=...) for a folder.",
            )
        if self.folder is not None and not isinstance(self.folder, (str, Path)):
            raise DataError(f"folder={self.folder!r} must be a path.", fix='Write Cache(folder="/large/disk").')
        for name in ("max_bytes", "views"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool)
            if value is not None and (not whole or value < 1):
                raise DataError(
                    f"{name}={value!r} must be a whole number of at least 1.", fix="Leave it out for the default."
                )

    @classmethod
    def of(cls, value: Any) -> "Cache":
        """Convert the argument ``cache`` of a user to a Cache.

        Args:
            value: A Cache, or a value for its attribute ``where``.

        Returns:
            A Cache.

        Raises:
            DataError: When the value is neither of them.

        Example:
            >>> Cache.of("off").on
            False
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise DataError(
                "cache must be a string or a Cache.",
                repr(value),
                'Write cache="auto", or tfft.data.Cache("disk", views=4).',
            )
        return cls(value)

    @property
    def on(self) -> bool:
        """Whether anything is cached."""
        return self.where != "off"

    @property
    def store(self) -> Store:
        """The store on disk, with its folder and its size limit."""
        folder = cache_folder() / "features" if self.folder is None else Path(self.folder).expanduser()
        there = next((path for path in (folder, *folder.parents) if path.exists()), Path("."))
        kept = sum(entry.size_bytes for entry in Store(folder, 0).entries())
        affordable = (shutil.disk_usage(there).free + kept) // 2
        return Store(folder, min(self.most_bytes, affordable))

    @property
    def most_bytes(self) -> int:
        """The size limit in bytes, regardless of free space, so that it is the same in every run."""
        if self.max_bytes is not None:
            return self.max_bytes
        return self.memory_bytes if self.where == "memory" else _MOST_BYTES

    @property
    def memory_bytes(self) -> int:
        """The size limit in memory: ``max_bytes`` if it is set, else a quarter of the memory.

        ``max_bytes`` may exceed a quarter of the memory only if ``where`` is ``"memory"``.
        """
        quarter = (memory_bytes() or 4 * 2**30) // 4
        if self.where == "memory":
            return self.max_bytes or quarter
        return min(self.max_bytes or quarter, quarter)
