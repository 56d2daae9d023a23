"""Compute the logits of a model, from cached features of its frozen part if possible, else from the inputs."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfft.accelerate.precision import FLOAT32
from tfft.cache.shards import Shards
from tfft.cache.spot_checks import some
from tfft.core.errors import RunWarning
from tfft.core.ragged import padded
from tfft.core.strategy import local_replicas, scope
from tfft.core.tpus import is_tpu
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples
from tfft.data.feature_tables import NotKeptError, Tables
from tfft.data.fixed_batches import full_batches
from tfft.data.length_bucketing import by_length
from tfft.data.loading import lengths_of, reading
from tfft.data.pipeline import evaluation_batches
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, cut_before
from tfft.models.extraction import Extraction, Wanted
from tfft.models.features import identity, made_from, reading_features, row_of
from tfft.models.forward import forward
from tfft.models.prepared import prepared
from tfft.models.recomputed import Sample
from tfft.models.trunk import tail_net


def logits(model: TransferModel, examples: Examples, batch_size: int) -> np.ndarray:
    """Compute the logits of a model in float32, without folded norms. They equal those of its bundle bit for bit.

    The features of the frozen part are computed once and cached on disk. After another phase, or another fit of the same layers,
    only the rest of the net is computed.

    Args:
        model: From ``build``. Its trainable variables are those with ``trainable`` set.
        examples: The n examples.
        batch_size: Number of examples in a batch.

    Returns:
        float32, shape (n, outputs).

    Raises:
        DataError: When an image cannot be read.

    Warns:
        RunWarning: When logits from cached features differ from those of the net itself for a few examples. All logits are then
            computed again without cached features.

    Example:
        >>> import tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 10)
        >>> logits(tfft.build("toy", tfft.tasks.classification(data.labels)), data.train, batch_size=8).shape
        (14, 2)
    """
    return answered(model, examples, batch_size)[0]


def answered(model: TransferModel, examples: Examples, batch_size: int) -> tuple[np.ndarray, Sample]:
    """Compute logits as ``logits`` does, with a sample, so that others can check these answers against the net itself.

    Args:
        model: As for ``logits``.
        examples: The n examples.
        batch_size: The number of examples in a batch.

    Returns:
        float32, shape (n, outputs), and a few of the examples with their answers.

    Raises:
        DataError: When an image cannot be read.

    Warns:
        RunWarning: As ``logits``.
    """
    tables = Tables(model.cache)
    examples = prepared(model.preprocessor, examples).examples
    at = cut_before(model, [(variable.path, variable) for variable in model.net.trainable_variables])
    with scope(model.strategy):
        try:
            kept = _features(model, at, examples, batch_size, tables)
            found = _through(model, at, kept, examples, batch_size)
            sample = _sample(model, examples, found)
            if wrong := sample.difference(model):
                _warn(kept, wrong)
                raise NotKeptError(wrong)
        except NotKeptError:
            found = _through(model, None, None, examples, batch_size)
            sample = _sample(model, examples, found)
        finally:
            tables.close()
    return found, sample


def _through(
    model: TransferModel, at: Cut | None, kept: Shards | None, examples: Examples, batch_size: int
) -> np.ndarray:
    """Compute logits from cached features, or with the whole net when there are no such features."""
    lengths, copies, fixed = lengths_of(examples), local_replicas(model.strategy), is_tpu(model.strategy)
    order = np.arange(len(examples)) if lengths is None else by_length(lengths)
    width = padded(int(lengths.max())) if fixed and lengths is not None else None
    if at is None or kept is None:
        loading, net = reading(examples, model.preprocessor.padded_to(width), model.task.encode), model.net
        as_argument: Callable[[Mapping[str, Any]], Any] = model.preprocessor.for_net
    else:
        loading = reading_features([kept], at, FLOAT32, examples, model.task.encode, width=width)
        net, as_argument = tail_net(model, at, fold=False), dict
    batches = (full_batches if fixed else evaluation_batches)(loading, batch_size, order, copies)
    shared = model.strategy if fixed or copies > 1 else None
    return forward(net, batches, as_argument, shared)[: len(examples)][np.argsort(order)]


def _sample(model: TransferModel, examples: Examples, found: np.ndarray) -> Sample:
    positions = some(np.arange(len(examples)))
    rows = [model.preprocessor(_item(examples, int(position))) for position in positions]
    names = tuple(examples.name(int(position)) for position in positions)
    return Sample(names, model.preprocessor.collate(rows), found[positions])


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
