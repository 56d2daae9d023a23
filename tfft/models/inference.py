"""Compute the logits of a model, from cached features of its frozen part if possible, else from the inputs."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfft.accelerate.precision import FLOAT32
from tfft.cache.chosen_rows import ChosenRows
from tfft.cache.shards import Shards
from tfft.cache.spot_checks import some
from tfft.core.errors import RunWarning
from tfft.core.ragged import padded
from tfft.core.strategy import local_replicas, scope
from tfft.core.tpus import is_tpu
from tfft.core.values import RowLogits, argument_of
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples
from tfft.data.feature_tables import NotKeptError, Tables
from tfft.data.fixed_batches import full_batches
from tfft.data.length_bucketing import by_length
from tfft.data.loading import Loading, lengths_of, reading
from tfft.data.pipeline import evaluation_batches
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, cut_before
from tfft.models.extraction import Extraction, Wanted
from tfft.models.features import identity, made_from, reading_features, row_of
from tfft.models.forward import forward
from tfft.models.prepared import Prepared
from tfft.models.recomputed import Sample
from tfft.models.trunk import tail_net

Features = tuple[Cut, Shards | ChosenRows]


def answered(
    model: TransferModel, found: Prepared, batch_size: int, features: Features | None = None
) -> tuple[RowLogits, Sample]:
    """Compute the logits of a model in float32, without folded norms. They equal those of its bundle bit for bit.

    The features of the frozen part are computed once and cached on disk. After another phase, or another fit of the same layers,
    only the rest of the net is computed.

    Args:
        model: From ``build``. Its trainable variables are those with ``trainable`` set.
        found: The examples, prepared with the preprocessor of the model.
        batch_size: Number of rows in a batch.
        features: A cut, and the float32 features of these examples there, if they are known. Their norms may be folded; the logits
            then equal those of the bundle up to rounding.

    Returns:
        The logits of each row, float32, shape (outputs,) or (tokens, outputs), or what ``Task.reduce`` makes of them; and a few of
        the rows with their logits, so that others can check them against the net itself.

    Raises:
        DataError: When an image cannot be read.

    Warns:
        RunWarning: When logits from cached features differ from those of the net itself for a few examples. All logits are then
            computed again without cached features.

    Example:
        >>> import tfft
        >>> from tfft.models.prepared import prepared
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 10)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> found, _ = answered(model, prepared(model.preprocessor, data.train), batch_size=8)
        >>> len(found.logits), found.logits[0].shape
        (14, (2,))
    """
    tables, rows = Tables(model.cache), found.examples
    at = features[0] if features else cut_before(model, [(each.path, each) for each in model.net.trainable_variables])
    with scope(model.strategy):
        try:
            kept = features[1] if features else _features(model, at, rows, batch_size, tables)
            logits, sample = _through(model, at, kept, rows, batch_size)
            if wrong := sample.difference(model):
                _warn(kept, wrong)
                raise NotKeptError(wrong)
        except NotKeptError:
            logits, sample = _through(model, None, None, rows, batch_size)
        finally:
            tables.close()
    return RowLogits(logits, rows.inputs, found.owner, len(found.raw)), sample


@dataclass(frozen=True)
class Passes:
    """How a net is called for many rows.

    Attributes:
        batch_size: The number of rows in a batch.
        strategy: The strategy of the net; None for a single device.
        fixed: Whether all batches must have one static shape.
        reduce: A function: logits of a batch -> a smaller tensor, so that the logits of all rows are never held at once; None to
            keep the logits.
    """

    batch_size: int
    strategy: Any = None
    fixed: bool = False
    reduce: Callable[[Any], Any] | None = None


def computed(
    net: Any,
    loading: Loading,
    as_argument: Callable[[Mapping[str, Any]], Any],
    passes: Passes,
    positions: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Compute the logits of rows with a net; rows of similar length share a batch.

    Args:
        net: A net from inputs to logits, shape (batch, outputs) or (batch, ..., outputs).
        loading: The rows.
        as_argument: A function: dict of inputs -> the argument of the net.
        passes: How the net is called.
        positions: The positions of the rows to compute, int64, shape (m,); None for all.

    Returns:
        The logits of each of these rows, in their order, without padding, float32; or what ``passes.reduce`` makes of them.
    """
    lengths, copies = loading.lengths, local_replicas(passes.strategy)
    wanted = np.arange(loading.count) if positions is None else positions
    order = np.arange(len(wanted)) if lengths is None else by_length(lengths[wanted])
    batches = (full_batches if passes.fixed else evaluation_batches)(loading, passes.batch_size, wanted[order], copies)
    rows: list[np.ndarray] = [np.zeros(0, np.float32)] * len(wanted)
    strategy = passes.strategy if passes.fixed or copies > 1 else None
    each = (row for batch in forward(net, batches, as_argument, strategy, passes.reduce) for row in batch)
    for place, row in zip(order.tolist(), each, strict=False):  # the last example may be repeated
        rows[place] = row[: lengths[wanted[place]]] if lengths is not None and row.ndim > 1 else row
    return rows


def _through(
    model: TransferModel, at: Cut | None, kept: Shards | ChosenRows | None, examples: Examples, batch_size: int
) -> tuple[list[np.ndarray], Sample]:
    """Compute logits from cached features, or with the whole net when there are no such features."""
    lengths, fixed = lengths_of(examples), is_tpu(model.strategy)
    width = padded(int(lengths.max())) if fixed and lengths is not None else None
    if at is None or kept is None:
        net: Any = model.net
        as_argument: Callable[[Mapping[str, Any]], Any] = argument_of
        loading = reading(examples, model.preprocessor.padded_to(width), model.task.encode)
    else:
        net, as_argument = tail_net(model, at, fold=False), dict
        loading = reading_features([kept], at, FLOAT32, examples, model.task.encode, width=width)
    passes = Passes(batch_size, model.strategy, fixed, model.task.reduce)
    found = computed(net, loading, as_argument, passes)
    chosen = some(np.arange(len(examples)))
    whole = [found[int(position)] for position in chosen]
    if passes.reduce is not None:
        whole = computed(net, loading, as_argument, replace(passes, reduce=None), chosen)
    return found, _sample(model, examples, chosen, whole)


def _sample(model: TransferModel, examples: Examples, chosen: np.ndarray, logits: Sequence[np.ndarray]) -> Sample:
    rows = [model.preprocessor(_item(examples, int(position))) for position in chosen]
    names = tuple(examples.name(int(position)) for position in chosen)
    return Sample(names, model.preprocessor.collate(rows), logits)


def _warn(kept: Shards | ChosenRows, wrong: str) -> None:
    where = "memory" if kept.folder is None else repr(str(kept.folder))
    warnings.warn(
        f"Predictions from features cached in {where} differ from those of the whole net: {wrong}. The features are deleted, and "
        "the whole net answers all examples.",
        RunWarning,
        stacklevel=4,
    )
    kept.discard()


def _item(examples: Examples, index: int) -> Any:
    return unchanged(examples, index) if lengths_of(examples) is None else examples.inputs[index]


def _features(model: TransferModel, at: Cut, examples: Examples, batch_size: int, tables: Tables) -> Shards:
    if model.cache.where not in ("auto", "disk") or at.reason:
        raise NotKeptError
    key = made_from(identity(model, at, FLOAT32), examples, {}) | {"folded": False}

    def fill() -> Shards:
        lengths = lengths_of(examples)
        longest = 0 if lengths is None else padded(int(lengths.max()))
        table = tables.table(key, len(examples), row_of(at, FLOAT32, longest))
        read = model.preprocessor
        working = Extraction(model, FLOAT32, batch_size=batch_size, fold=False)
        working.fill([Wanted(at, table)], lambda index: read(_item(examples, index)), lambda *_: None, lengths)
        return table

    return tables.attempt(fill)
