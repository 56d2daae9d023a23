"""Compute features with the trunk of a model, and fill tables with them in as few passes as possible."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.cache.shard_writer import Filling
from tfft.cache.shards import Shards
from tfft.cache.sharing import ALONE, own_rows, wait_for_others
from tfft.core.graph import largest
from tfft.core.ragged import padded
from tfft.core.strategy import local_replicas, on_each
from tfft.core.tpus import is_tpu
from tfft.core.values import Loaded
from tfft.data.fixed_batches import full_batches
from tfft.data.length_bucketing import by_length
from tfft.data.loading import Loading
from tfft.data.pipeline import evaluation_batches, readable
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, feature_name
from tfft.models.features import feature_shapes, packed, unpacked
from tfft.models.trunk import between, trunk_net

if TYPE_CHECKING:
    import tensorflow as tf

Progress = Callable[[int, int], None]
Compute = Callable[["tf.data.Dataset"], Iterator[list[np.ndarray]]]
_SMALLEST, _LARGEST, _TEXTS = 32, 512, 64
_ACTIVATION_BYTES = 2**30
# batches for the timing of one batch size, where the first one is not timed; the speed-up by which a doubled size is accepted
_TRIED_BATCHES, _GAIN = 4, 1.05
# seconds without news from other workers
_PATIENCE = 20.0


@dataclass(frozen=True)
class Wanted:
    """Rows to fill with the features of one cut.

    Attributes:
        at: The cut.
        table: A table with a row for each example, with the dtype and shape of ``row_of(at, dtype)``.
    """

    at: Cut
    table: Shards


@dataclass
class Extraction:
    """Computes features. Its function is traced once for all parts and views of the data.

    Attributes:
        model: The model whose trunk computes the features, from pixels of shape (batch, height, width, 3) or from tokens.
        dtype: The dtype in which the trunk computes.
        batch_size: Number of examples in a batch; None until it is measured.
        fold: Whether frozen norms are folded. Without folding, the features equal those inside ``model.net`` bit for bit.
        share: The number of this worker and of all workers that share the cache folder.
    """

    model: TransferModel
    dtype: str
    batch_size: int | None = None
    fold: bool = True
    share: tuple[int, int] = ALONE
    _traced: dict[tuple[Cut | None, ...], Compute] = field(default_factory=dict)

    def fill(
        self,
        wanted: Sequence[Wanted],
        read: Callable[[int], np.ndarray],
        progress: Progress,
        lengths: np.ndarray | None = None,
    ) -> None:
        """Fill the tables of one or several cuts in one pass, starting from the deepest table that is already complete.

        With a common cache folder, each worker computes its share, waits for the others, and computes what is missing then.

        Args:
            wanted: The tables, from the earliest cut to the deepest. Each cut contains all earlier ones.
            read: A function: position of an example -> uint8 pixels of shape (height, width, 3), or token ids.
            progress: A function that is called with the number of finished examples, and of all examples.
            lengths: The lengths of the examples, shape (n,), if they differ. Examples of similar length share a batch.

        Raises:
            DataError: When an image cannot be read.
            OSError: When a shard cannot be written.
            FloatingPointError: When features are too large for float16.
        """
        if self.share != ALONE:
            begun = time.monotonic()
            self._fill(wanted, read, progress, lengths, self.share)
            wait_for_others([each.table for each in wanted], max(_PATIENCE, 3 * (time.monotonic() - begun)))
        self._fill(wanted, read, progress, lengths, ALONE)

    def _fill(
        self,
        wanted: Sequence[Wanted],
        read: Callable[[int], np.ndarray],
        progress: Progress,
        lengths: np.ndarray | None,
        share: tuple[int, int],
    ) -> None:
        """Compute a share of the missing rows."""
        fillings = [Filling(each.table) for each in wanted]
        first = next((index for index, filling in enumerate(fillings) if len(filling.positions)), len(wanted))
        needed = np.unique(np.concatenate([filling.positions for filling in fillings]))
        needed = own_rows(wanted[0].table, needed, share)
        if not len(needed):
            return
        source = wanted[first - 1] if first else None
        width = self._width(lengths)
        preprocessor = self.model.preprocessor.padded_to(width)
        shapes = {name: shape for name, shape, _ in preprocessor.inputs}
        if source is not None:
            shapes = feature_shapes(source.at, self.dtype, width)
        if lengths is not None:
            needed = needed[by_length(lengths[needed])]

        def load(_: int, chosen: np.ndarray) -> Loaded:
            if source is not None:
                longest = None if lengths is None else width or padded(int(lengths[chosen].max()))
                return Loaded(unpacked(source.table.take(chosen), source.at, self.dtype, longest), chosen)
            return Loaded(preprocessor.collate([read(int(index)) for index in chosen]), chosen)

        compute = self.compute(None if source is None else source.at, [each.at for each in wanted[first:]])
        done = 0
        with readable():
            for positions, *arrays in self._batches(
                compute, Loading(wanted[0].table.count, load, shapes=shapes), needed
            ):
                if self.dtype == "float16" and not all(np.isfinite(array).all() for array in arrays):
                    raise FloatingPointError(
                        f"Features of {self.model.backbone.handle} in float16 are NaN or infinite."
                    )
                for filling in fillings[first:]:
                    own = [arrays.pop(0) for _ in filling.table.row.names or ()]
                    filling.add(positions, packed(own, filling.table.row))
                done = min(done + len(positions), len(needed))
                progress(done, len(needed))

    def compute(self, source: Cut | None, cuts: Sequence[Cut]) -> Compute:
        """Return a function that computes features on all replicas; it is traced once.

        Args:
            source: The cut whose features are its inputs; None for pixels or tokens.
            cuts: The cuts, from the earliest to the deepest.

        Returns:
            A function from batches of inputs and positions to arrays. For each batch and replica it yields the positions and the
            tensors at each cut, of shape (batch, ...).
        """
        key = (source, *cuts)
        if key not in self._traced:
            steps = zip((source, *cuts), cuts, strict=False)
            nets = [
                trunk_net(self.model, end, self.dtype, self.fold)
                if begin is None
                else between(self.model, begin, end, self.dtype, self.fold)
                for begin, end in steps
            ]

            def forward(inputs: Any, positions: Any) -> list[Any]:
                found, arguments = [], inputs
                for net in nets:
                    tensors = net(arguments, training=False)
                    tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
                    found += tensors
                    arguments = {feature_name(index): tensor for index, tensor in enumerate(tensors)}
                return [positions, *found]

            self._traced[key] = on_each(self.model.strategy, forward)
        return self._traced[key]

    def _batches(self, compute: Compute, loading: Loading, positions: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Yield all batches. If there are many, the first ones measure which batch size is fastest."""
        copies = local_replicas(self.model.strategy)
        for size, chosen, taken in self._stretches(positions):
            dealt = full_batches if is_tpu(self.model.strategy) else evaluation_batches
            batches = dealt(loading, size * copies, chosen, copies)
            for number, found in enumerate(compute(batches)):
                if number == copies - 1:
                    begun = time.perf_counter()
                yield found
            taken.append((time.perf_counter() - begun) / max(1, len(chosen) - size * copies))

    def _width(self, lengths: np.ndarray | None) -> int | None:
        """The number of tokens to which all batches are padded; None for images, and where each batch may have its own."""
        return None if lengths is None or not is_tpu(self.model.strategy) else padded(int(lengths.max()))

    def _stretches(self, positions: np.ndarray) -> Iterator[tuple[int, np.ndarray, list[float]]]:
        """Yield batch sizes and positions. The caller appends the seconds for each example to the list."""
        if self.model.preprocessor.length is not None:
            # lengths differ from batch to batch, and with them the time
            yield self.batch_size or _TEXTS, positions, []
            return
        copies, best = local_replicas(self.model.strategy), float("inf")
        size = first = max(1, min(_SMALLEST, self._most()))
        while self.batch_size is None:
            tried = size * copies * _TRIED_BATCHES
            if len(positions) < 2 * tried:
                break
            taken: list[float] = []
            yield size, positions[:tried], taken
            positions = positions[tried:]
            faster = taken[0] * _GAIN < best
            if not faster or 2 * size > self._most():
                self.batch_size = size if faster else size // 2
            best, size = min(best, taken[0]), 2 * size
        yield self.batch_size or first, positions, []

    def _most(self) -> int:
        """The number of images whose largest activations fit into one gigabyte."""
        each = max(largest(net) for net in (self.model.backbone_net, self.model.head_net)) * 4
        return min(_LARGEST, _ACTIVATION_BYTES // each)
