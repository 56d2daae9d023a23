"""Tables of computed rows that a run stores on disk or in memory, and can compute again.

::

    Tables          finds or creates tables, and continues in memory when the disk fails
    with_kept       the same examples, with inputs that are read and resized once
    NotKeptError    the reason why rows cannot be stored
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from tfft.cache.settings import Cache
from tfft.cache.shard_writer import Filling
from tfft.cache.shards import Shards
from tfft.cache.spot_checks import spot_check
from tfft.core import environment, fingerprint
from tfft.core.errors import RunWarning, TfftError
from tfft.core.files import in_words
from tfft.core.machine import cores
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples

T = TypeVar("T")
# entry of a key with the reason why its rows must not be stored longer than the process lives
MEMORY_ONLY = "memory_only"
_AT_ONCE = 64


class NotKeptError(Exception):
    """The reason why rows cannot be stored, in words for the user."""


@dataclass
class Tables:
    """The tables of one run.

    Attributes:
        cache: Settings of what may be stored, and where.
        in_memory: The reason why a table is in memory instead of on disk; empty when no table is.
    """

    cache: Cache
    in_memory: str = ""
    _held: dict[str, Shards] = field(default_factory=dict)
    _opened: list[Shards] = field(default_factory=list)
    _disk_failed: bool = False
    _trusted: set[str] = field(default_factory=set)

    def table(self, key: Mapping[str, Any], count: int, row: "np.dtype[Any]") -> Shards:
        """Find or create a table.

        Args:
            key: Everything that its rows depend on, as JSON values. When that cannot be known, ``MEMORY_ONLY`` gives the reason.
            count: The number of rows.
            row: dtype and shape of one row.

        Returns:
            Shards that already hold all, some or none of the rows.

        Raises:
            NotKeptError: When the memory is too small, or only the disk is allowed and cannot be used.
        """
        unknown = str(key.get(MEMORY_ONLY, ""))
        if unknown:
            self.in_memory = unknown
            if self.cache.where == "disk":
                raise NotKeptError(unknown)
        elif self.cache.where in ("auto", "disk") and not self._disk_failed:
            try:
                self._opened.append(self.cache.store.table(key, count, row))
                return self._opened[-1]
            except OSError as error:
                self.in_memory = str(error)
                if self.cache.where == "disk":
                    raise NotKeptError(self.in_memory) from error
        name = fingerprint.fingerprint(key)
        if name not in self._held:
            table = Shards(count, row)
            needed = table.size_bytes + sum(other.size_bytes for other in self._held.values())
            if needed > self.cache.memory_bytes:
                raise NotKeptError(f"{in_words(needed)} do not fit into {in_words(self.cache.memory_bytes)}")
            self._held[name] = table
        return self._held[name]

    def is_wrong(self, table: Shards, difference: Callable[[np.ndarray], str]) -> bool:
        """Check a few rows that another run has stored, once for each table. If a row is wrong, all rows are deleted.

        Args:
            table: A result of ``table``.
            difference: As for ``spot_check``: positions (int64, shape (m,)) -> a description of what is wrong with their rows.

        Returns:
            Whether rows were deleted.

        Warns:
            RunWarning: When rows were deleted.
        """
        if table.folder is None or table.identity in self._trusted:
            return False
        self._trusted.add(table.identity)
        return spot_check(table, difference)

    def close(self) -> None:
        """Release the tables: from now on, other runs may delete their rows to make room."""
        while self._opened:
            self._opened.pop().ends()

    def attempt(self, work: Callable[[], T]) -> T:
        """Run a function that writes to tables; when the disk fails, run it again in memory.

        Args:
            work: The function; it gets its tables from ``table``.

        Returns:
            The result of ``work``.

        Raises:
            NotKeptError: When the second run fails as well, or the settings do not allow memory.

        Warns:
            RunWarning: When the disk failed.
        """
        try:
            return work()
        except OSError as error:
            if self._disk_failed or self.cache.where != "auto":
                raise NotKeptError(f"the cache cannot be written: {error}") from error
            where = str(self.cache.store.folder)
            warnings.warn(
                f"Features cannot be written to {where!r}: {error}. They are kept in memory.", RunWarning, stacklevel=2
            )
            self._disk_failed, self.in_memory = True, str(error)
            return self.attempt(work)


def _difference(expected: np.ndarray, found: np.ndarray) -> str:
    return "" if np.array_equal(expected, found) else "an input gives other values"


class Rows(Sequence[Any]):
    """The rows of a table, each read when it is accessed.

    Args:
        table: A complete table; its dtype gives the shape of a row.
    """

    def __init__(self, table: Shards) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._table.count

    def __getitem__(self, index: Any) -> Any:
        return self._table.take(np.array([index]))[0]


def with_kept(
    examples: Examples,
    read: Callable[[Any], np.ndarray],
    about: Mapping[str, Any],
    row: "np.dtype[Any]",
    tables: Tables,
    progress: Callable[[int, int], None],
) -> Examples:
    """Read the inputs of examples once, store them, and return examples that use the stored rows.

    Args:
        examples: Examples with inputs of any kind.
        read: A function from an input to an array, always of the same shape, such as uint8 pixels of shape (height, width, 3).
        about: Everything that ``read`` depends on, as JSON values.
        row: dtype and shape of the result of ``read``.
        tables: The tables of the run.
        progress: A function that is called with the number of inputs read so far and the number to read.

    Returns:
        Examples whose inputs are rows of that dtype and shape.

    Raises:
        NotKeptError: When the rows cannot be stored.
        DataError: When an input cannot be read.
    """
    key = {**about, "examples": fingerprint.combined(examples.digests)}
    try:
        key |= environment.decoding()
    except TfftError as error:
        key[MEMORY_ONLY] = str(error)

    def computed(positions: np.ndarray) -> np.ndarray:
        return np.stack([read(unchanged(examples, int(position))) for position in positions])

    def fill() -> Shards:
        table = tables.table(key, len(examples), row)
        tables.is_wrong(table, lambda some: _difference(computed(some), table.take(some)))
        filling = Filling(table)
        with ThreadPoolExecutor(cores()) as pool:
            positions = filling.positions
            for start in range(0, len(positions), _AT_ONCE):
                some = positions[start : start + _AT_ONCE]
                rows = np.stack(list(pool.map(lambda index: read(unchanged(examples, int(index))), some)))
                filling.add(some, rows)
                progress(start + len(some), len(positions))
        return table

    return replace(examples, inputs=Rows(tables.attempt(fill)))
