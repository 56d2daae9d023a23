"""Compute the logits of a model, from cached features of its frozen part if possible, else from the inputs."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfft.accelerate.precision import FLOAT32
from tfft.cache.shards import Shards
from tfft.cache.spot_checks import some
from tfft.core.errors import RunWarning
from tfft.core.ragged import padded
from tfft.core.strategy import local_replicas, scope
from tfft.core.tpus import is_tpu
from tfft.core.values import RowLogits
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


def answered(model: TransferModel, found: Prepared, batch_size: int) -> tuple[RowLogits, Sample]:
    """Compute the logits of a model in float32, without folded norms. They equal those of its bundle bit for bit.

    The features of the frozen part are computed once and cached on disk. After another phase, or another fit of the same layers,
    only the rest of the net is computed.

    Args:
        model: From ``build``. Its trainable variables are those with ``trainable`` set.
        found: The examples, prepared with the preprocessor of the model.
        batch_size: Number of rows in a batch.

    Returns:
        The logits of each row, float32, shape (outputs,) or (tokens, outputs), and a few of the rows with their logits, so that
        others can check them against the net itself.

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
    at = cut_before(model, [(variable.path, variable) for variable in model.net.trainable_variables])
    with scope(model.strategy):
        try:
            kept = _features(model, at, rows, batch_size, tables)
            logits = _through(model, at, kept, rows, batch_size)
            sample = _sample(model, rows, logits)
            if wrong := sample.difference(model):
                _warn(kept, wrong)
                raise NotKeptError(wrong)
        except NotKeptError:
            logits = _through(model, None, None, rows, batch_size)
            sample = _sample(model, rows, logits)
        finally:
            tables.close()
    return RowLogits(logits, rows.inputs, found.owner, len(found.raw)), sample


def computed(
    net: Any,
    loading: Loading,
    as_argument: Callable[[Mapping[str, Any]], Any],
    batch_size: int,
    strategy: Any,
    fixed: bool,
) -> list[np.ndarray]:
    """Compute the logits of all rows with a net; rows of similar length share a batch.

    Args:
        net: A net from inputs to logits, shape (batch, outputs) or (batch, tokens, outputs).
        loading: The rows.
        as_argument: A function: dict of inputs -> the argument of the net.
        batch_size: The number of rows in a batch.
        strategy: The strategy of the net; None for a single device.
        fixed: Whether all batches must have one static shape.

    Returns:
        The logits of each row in the order of the rows, without padding, float32.
    """
    lengths, copies = loading.lengths, local_replicas(strategy)
    order = np.arange(loading.count) if lengths is None else by_length(lengths)
    batches = (full_batches if fixed else evaluation_batches)(loading, batch_size, order, copies)
    rows: list[np.ndarray] = [np.zeros(0, np.float32)] * loading.count
    each = (
        row for batch in forward(net, batches, as_argument, strategy if fixed or copies > 1 else None) for row in batch
    )
    for position, row in zip(order.tolist(), each, strict=False):  # the last example may be repeated
        rows[position] = row[: lengths[position]] if lengths is not None and row.ndim > 1 else row
    return rows


def _through(
    model: TransferModel, at: Cut | None, kept: Shards | None, examples: Examples, batch_size: int
) -> list[np.ndarray]:
    """Compute logits from cached features, or with the whole net when there are no such features."""
    lengths, fixed = lengths_of(examples), is_tpu(model.strategy)
    width = padded(int(lengths.max())) if fixed and lengths is not None else None
    if at is None or kept is None:
        loading = reading(examples, model.preprocessor.padded_to(width), model.task.encode)
        return computed(model.net, loading, model.preprocessor.for_net, batch_size, model.strategy, fixed)
    loading = reading_features([kept], at, FLOAT32, examples, model.task.encode, width=width)
    return computed(tail_net(model, at, fold=False), loading, dict, batch_size, model.strategy, fixed)


def _sample(model: TransferModel, examples: Examples, logits: Sequence[np.ndarray]) -> Sample:
    positions = some(np.arange(len(examples)))
    rows = [model.preprocessor(_item(examples, int(position))) for position in positions]
    names = tuple(examples.name(int(position)) for position in positions)
    return Sample(names, model.preprocessor.collate(rows), [logits[int(position)] for position in positions])


def _warn(kept: Shards, wrong: str) -> None:
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
