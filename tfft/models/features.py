"""Features of examples at the cuts of a net: what they depend on, computing them once, and reading them in place of pixels."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from tfft.core import fingerprint, versions
from tfft.core.shards import Shards, row_type
from tfft.core.strategy import on_each, replicas
from tfft.data.examples import Examples
from tfft.data.filling import Filling
from tfft.data.loading import Encoder, Loading
from tfft.data.pipeline import evaluation_batches, readable
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, feature_type, segments_before
from tfft.models.trunk import between, trunk_net

Progress = Callable[[int, int], None]
_BATCH = 32


@dataclass(frozen=True)
class Wanted:
    """Rows to fill with the features of one cut.

    Attributes:
        at: The cut.
        table: A row for each example, of the dtype and shape of ``row_of(at, dtype)``.
    """

    at: Cut
    table: Shards


def row_of(at: Cut, dtype: str) -> "np.dtype[Any]":
    """The row that one example's features make.

    Args:
        at: The cut.
        dtype: In which the trunk computes.

    Returns:
        A structured dtype, a field for each tensor in its shape.
    """
    return row_type([feature_type(at, index, dtype) for index in range(len(at.tensors))])  # type: ignore[misc]


def identity(model: TransferModel, at: Cut, dtype: str) -> dict[str, Any]:
    """Everything about a trunk that features depend on, as JSON values.

    Args:
        model: With the weights that are to compute them.
        at: The cut.
        dtype: In which the trunk computes.

    Returns:
        A dict that is equal exactly when the trunk computes the same.
    """
    configs = [net.get_config() for net in segments_before(model, at)]
    return {
        "what": f"{model.backbone.handle} {at.describe()}",
        "weights": fingerprint.combined(fingerprint.weight_digests(at.weights)),
        "layers": fingerprint.digest(json.dumps(configs, sort_keys=True, default=repr).encode()),
        "pixels": {**model.preprocessor.to_dict(), "range": model.backbone.pixel_range},
        "dtype": dtype,
        "versions": versions.installed(("tfft", "keras", "tensorflow", "numpy", "pillow")),
    }


def made_from(trunk: Mapping[str, Any], examples: Examples, draw: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that features depend on: the key under which they are kept.

    Args:
        trunk: From ``identity``.
        examples: Whose contents count; targets and names do not.
        draw: How pictures are changed at random, and by which draw; empty where they are not.

    Returns:
        JSON values.
    """
    return {**trunk, "examples": fingerprint.combined(examples.digests), "draw": dict(draw)}


def compute(
    model: TransferModel, wanted: Sequence[Wanted], read: Callable[[int], np.ndarray], dtype: str, progress: Progress
) -> None:
    """Fill the tables of one or several cuts in a single pass, from the deepest cut that is already there.

    Args:
        model: With the weights that are to compute them.
        wanted: From the earliest cut to the latest, each of which contains the ones before it.
        read: Position of an example -> uint8 pixels, shape (height, width, 3).
        dtype: In which the trunk computes.
        progress: Called with how many examples are done, and of how many.

    Raises:
        DataError: When an image cannot be read.
        OSError: When a shard cannot be written.
        FloatingPointError: When features are too large for float16.
    """
    fillings = [Filling(each.table) for each in wanted]
    first = next((index for index, filling in enumerate(fillings) if len(filling.positions)), len(wanted))
    nets = [
        trunk_net(model, each.at, dtype) if not index else between(model, wanted[index - 1].at, each.at, dtype)
        for index, each in enumerate(wanted)
    ][first:]
    needed = np.unique(np.concatenate([filling.positions for filling in fillings]))
    if not len(needed):
        return
    source = wanted[first - 1].table if first else None

    def load(_: int, chosen: np.ndarray) -> tuple[np.ndarray, ...]:
        if source is not None:
            return *unpacked(source.take(chosen), wanted[first - 1].at, dtype), chosen
        return np.stack([read(int(index)) for index in chosen]), chosen

    def forward(inputs: Any, positions: Any) -> list[Any]:
        found, tensors = [], inputs
        for net in nets:
            tensors = net(tensors, training=False)
            tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
            found += tensors
            tensors = tensors if len(tensors) > 1 else tensors[0]
        return [positions, *found]

    copies = replicas(model.strategy)
    batches = evaluation_batches(Loading(wanted[0].table.count, load), _BATCH * copies, needed, copies)
    done = 0
    with readable(), ExitStack() as stack:
        open_fillings = [stack.enter_context(filling) for filling in fillings[first:]]
        for positions, *arrays in on_each(model.strategy, forward, batches):
            if dtype == "float16" and not all(np.isfinite(array).all() for array in arrays):
                raise FloatingPointError(f"Features of {model.backbone.handle} in float16 are NaN or infinite.")
            for filling in open_fillings:
                own = [arrays.pop(0) for _ in filling.table.row.names or ()]
                filling.add(positions, packed(own, filling.table.row))
            done = min(done + len(positions), len(needed))
            progress(done, len(needed))


def packed(arrays: Sequence[np.ndarray], row: "np.dtype[Any]") -> np.ndarray:
    """Arrays of a batch -> rows.

    Args:
        arrays: Each of shape (batch, ...), as ``row`` has them.
        row: From ``row_of``.

    Returns:
        Shape (batch,) of that dtype.
    """
    rows = np.empty(len(arrays[0]), row)
    for name, array in zip(row.names or (), arrays, strict=True):
        rows[name] = array.view(np.uint16) if array.dtype == ml_dtypes.bfloat16 else array
    return rows


def unpacked(rows: np.ndarray, at: Cut, dtype: str) -> list[np.ndarray]:
    """Rows -> arrays of a batch.

    Args:
        rows: Of ``row_of(at, dtype)``, shape (batch,).
        at: The cut.
        dtype: In which the trunk computed.

    Returns:
        Arrays of shape (batch, ...), bfloat16 where they were.
    """
    kinds = [feature_type(at, index, dtype)[1] for index in range(len(at.tensors))]
    names = rows.dtype.names or ()
    return [
        np.ascontiguousarray(rows[name]).view(ml_dtypes.bfloat16)
        if kind == "bfloat16"
        else np.ascontiguousarray(rows[name])
        for name, kind in zip(names, kinds, strict=True)
    ]


def reading_features(
    tables: Sequence[Shards], at: Cut, dtype: str, examples: Examples, encode: Encoder, first_epoch: int = 0
) -> Loading:
    """Read features in place of pixels.

    Args:
        tables: Of one view of each picture, or of several, which the epochs take in turn.
        at: The cut.
        dtype: In which the trunk computed.
        examples: Whose targets are read.
        encode: Targets of a batch -> shape (batch, outputs).
        first_epoch: The epoch that takes the first view.

    Returns:
        A Loading of the tensors at the cut, shape (batch, ...), and float32 targets, shape (batch, outputs).
    """

    def load(epoch: int, chosen: np.ndarray) -> tuple[np.ndarray, ...]:
        rows = tables[(epoch - first_epoch) % len(tables)].take(chosen)
        return *unpacked(rows, at, dtype), encode(examples.targets[chosen]).astype(np.float32)

    return Loading(len(examples), load)
