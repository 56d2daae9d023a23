"""A folder of rows that can be computed again. The key of an entry covers everything it was made from; the size is limited.

::

    <folder>/<key>/                           its modification time is the time of the last use
    <folder>/<key>/manifest.json              describes the rows
    <folder>/<key>/00003-<digest>.npy         see ``shards``
    <folder>/<key>/.lease-...                 a process is using the entry, see ``leases``
"""

import json
import os
import re
import shutil
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfft.cache.shards import Shards
from tfft.core import fingerprint
from tfft.core.errors import RunWarning, quantity
from tfft.core.files import in_words, write_text
from tfft.core.leases import is_leased, lease

FORMAT = 3
IN_USE = "in use"
_MANIFEST_BYTES = 2**20
_MANIFEST = "manifest.json"
_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Kept:
    """One entry of a store, as ``tfft cache`` lists it.

    Attributes:
        key: The name of its folder.
        about: A description of what the rows were made from; empty when it cannot be read.
        size_bytes: The size of all its files in bytes.
        used: The time when it was last written or read, in seconds since 1970.
        whole_bytes: The size in bytes when it will be complete. This space is reserved for it.
    """

    key: str
    about: Mapping[str, Any]
    size_bytes: int
    used: float
    whole_bytes: int = 0

    @property
    def claimed_bytes(self) -> int:
        """The larger of its current size and its complete size."""
        return max(self.size_bytes, self.whole_bytes)


@dataclass(frozen=True)
class Store:
    """All entries in one folder.

    Attributes:
        folder: The path of the folder. It need not exist.
        max_bytes: The size limit of all entries together, in bytes. The least recently used entries
            are deleted first.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder), max_bytes=10**6)
        ...     table = store.table({"net": "toy"}, 3, np.dtype("<f4"))
        ...     table.write(0, np.zeros(3, np.float32))
        ...     store.table({"net": "toy"}, 3, np.dtype("<f4")).missing(), store.entries()[0].about
        ([], {'net': 'toy'})
    """

    folder: Path
    max_bytes: int

    def table(self, about: Mapping[str, Any], count: int, row: "np.dtype[Any]") -> Shards:
        """Open the entry for these rows. If it does not exist, create it and delete old entries to make space.

        Args:
            about: JSON values that describe everything that the rows depend on.
            count: The number of rows.
            row: The dtype and shape of one row.

        Returns:
            Shards. Any number of them may be missing.

        Raises:
            OSError: When there is not enough space, or the folder cannot be written.
        """
        made_from = {
            "format": FORMAT,
            "about": dict(about),
            "rows": count,
            "dtype": repr(row),
        }
        folder = self.folder / fingerprint.fingerprint(made_from)
        manifest = _read(folder)
        if folder.is_symlink():
            _warn(f"{str(folder)!r} is a link and not a folder of tfft. It is removed.")
            folder.unlink()
            manifest = None
        elif manifest is not None and {name: manifest.get(name) for name in made_from} != made_from:
            _warn(
                f"{str(folder)!r} was written by another version of tfft, or its manifest is wrong. It is computed again."
            )
            shutil.rmtree(folder)
            manifest = None
        if manifest is None:
            self._clear_old()
            self._make_room(folder.name, count * row.itemsize)
            more = {"created": time.time(), "bytes": count * row.itemsize}
            write_text(folder / _MANIFEST, json.dumps(made_from | more, indent=1))
        is_leased(folder)  # deletes the leases of dead processes
        os.utime(folder)
        table = Shards(count, row, folder, identity=folder.name)
        table.ends = lease(folder, table)
        return table

    def entries(self) -> list[Kept]:
        """List all entries, the last used first."""
        found = []
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            with suppress(FileNotFoundError):  # another process is deleting it
                if _KEY.fullmatch(folder.name):
                    size = sum(_size(path) for path in folder.rglob("*"))
                    manifest = _read(folder) or {}
                    about, whole = manifest.get("about"), manifest.get("bytes")
                    about = about if isinstance(about, dict) else {}
                    # ignore a declared size that is larger than the limit for all entries
                    claimed = whole if type(whole) is int and 0 <= whole <= self.max_bytes else 0
                    found.append(Kept(folder.name, about, size, folder.stat().st_mtime, claimed))
        return sorted(found, key=lambda kept: -kept.used)

    def remove(self, key: str) -> bool:
        """Delete one entry, unless a process is using it.

        Args:
            key: The key of the entry.

        Returns:
            Whether the entry does not exist any more.
        """
        return not self.why_kept(key)

    def why_kept(self, key: str) -> str:
        """Delete one entry, as ``remove`` does, and say why it is still there.

        Args:
            key: The key of the entry.

        Returns:
            ``"in use"``, or the reason of the operating system; an empty string when the entry does not exist any more.
        """
        folder, reason = self.folder / key, "it cannot be deleted"
        try:
            if is_leased(folder):
                return IN_USE
            shutil.rmtree(folder)
        except OSError as error:
            reason = f"{error.strerror or error} ({error.filename!r})"
            shutil.rmtree(folder, ignore_errors=True)  # deletes the rest
        return reason if os.path.lexists(folder) else ""

    def _clear_old(self) -> None:
        """Remove entries of an older format, which tfft cannot read any more, with a single warning."""
        folders = [self.folder / kept.key for kept in self.entries()]
        old = [folder for folder in folders if _is_older((_read(folder) or {}).get("format"))]
        removed = [folder for folder in old if self.remove(folder.name)]
        if removed:
            _warn(
                f"{quantity(len(removed), 'entry', 'entries')} in {str(self.folder)!r} {'were' if len(removed) > 1 else 'was'} "
                f"written by an older version of tfft. {'They are' if len(removed) > 1 else 'It is'} removed, and computed again "
                "when needed."
            )

    def _make_room(self, own: str, needed: int) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"{str(self.folder)!r} is a file, not a folder")
        most = f"{str(self.folder)!r} may hold {in_words(self.max_bytes)}"
        if needed > self.max_bytes:
            raise OSError(f"{in_words(needed)} are needed, and {most}")
        # remove entries above the limit of the whole folder first, even if used recently, because tfft did not write them
        kept = sorted(
            (entry for entry in self.entries() if entry.key != own), key=lambda entry: entry.size_bytes > self.max_bytes
        )
        claimed = sum(entry.claimed_bytes for entry in kept)
        while kept and claimed + needed > self.max_bytes:
            oldest = kept.pop()
            if self.remove(oldest.key):
                claimed -= oldest.claimed_bytes
        if claimed + needed > self.max_bytes:
            raise OSError(f"{in_words(needed)} are needed, but {most}, and {in_words(claimed)} are in use")
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise OSError(f"{in_words(needed)} are needed, and {in_words(free)} are free in {str(self.folder)!r}")


def _warn(message: str) -> None:
    warnings.warn(message, RunWarning, stacklevel=3)


def _is_older(version: Any) -> bool:
    return type(version) is int and version < FORMAT


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.lstat().st_size if path.is_file() else 0
    return 0


def _read(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of an entry; None if there is no readable manifest."""
    path = folder / _MANIFEST
    try:
        if not path.is_file() or path.stat().st_size > _MANIFEST_BYTES:
            return None
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None
