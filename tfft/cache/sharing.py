"""Several workers with a common cache folder: each computes its share of the rows, and reads those of the others."""

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tfft.cache.shards import Shards
from tfft.core.workers import cluster_of, of_chief

_PAUSE_SECONDS = 0.2
ALONE = (0, 1)


def share_of(folder: Path, strategy: Any) -> tuple[int, int]:
    """Find out whether this worker sees the cache folder of the chief. All workers must call this.

    Args:
        folder: The cache folder of this worker.
        strategy: The result of ``resolve``.

    Returns:
        The number of this worker and of all workers, for ``own_rows``; ``ALONE`` when this process shares its folder with nobody.

    Example:
        >>> share_of(Path("cache"), None)
        (0, 1)
    """
    cluster = cluster_of(strategy)
    if cluster is None:
        return ALONE
    name, marker = random.SystemRandom().getrandbits(50), None
    if cluster.is_chief:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            marker = folder / f".common-{name}"
            marker.touch()
    (told,) = of_chief(strategy, [name])  # the others go on only when the marker is there
    common = (folder / f".common-{int(told)}").exists()
    of_chief(strategy, [0])
    if marker is not None:
        marker.unlink(missing_ok=True)
    return (cluster.index, cluster.count) if common else ALONE


def own_rows(table: Shards, positions: np.ndarray, share: tuple[int, int]) -> np.ndarray:
    """Choose the rows that this worker computes: whole shards, one range for each worker.

    Args:
        table: The table.
        positions: Missing rows, int64, shape (m,).
        share: The result of ``share_of``.

    Returns:
        Some of the positions, in their order. Each position is chosen by exactly one worker.

    Example:
        >>> table = Shards(6, np.dtype("<f4"), per_shard=2)
        >>> [own_rows(table, np.arange(6), (index, 2)).tolist() for index in range(2)]
        [[0, 1, 2, 3], [4, 5]]
    """
    index, count = share
    shards = -(-table.count // table.per_shard)
    return positions[positions // table.per_shard * count // shards == index]


def wait_for_others(tables: Sequence[Shards], patience: float) -> None:
    """Wait until the other workers have written all missing rows.

    Args:
        tables: The tables, with rows of any shape.
        patience: The seconds without a new shard after which nobody seems to be writing any more.
    """
    last = time.monotonic()
    missing = sum(len(table.missing()) for table in tables)
    while missing and time.monotonic() - last < patience:
        time.sleep(_PAUSE_SECONDS)
        for table in tables:
            table.refresh()
        left = sum(len(table.missing()) for table in tables)
        if left < missing:
            missing, last = left, time.monotonic()
