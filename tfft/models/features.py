"""Features of examples at the cuts of a net: what they depend on, how they are kept, and reading them in place of pixels."""

from collections.abc import Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from tfft.core import fingerprint
from tfft.core.foreign import is_foreign
from tfft.core.ragged import padded
from tfft.core.shards import Shards, row_type
from tfft.data.examples import Examples
from tfft.data.loading import Encoder, Loading, lengths_of
from tfft.data.tables import MEMORY_ONLY
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, feature_type, segments_before
from tfft.models.net_identity import net_identity

# features as small as these are read once; larger ones batch by batch
_HELD_BYTES = 64 * 2**20


def row_of(at: Cut, dtype: str, length: int = 0) -> "np.dtype[Any]":
    """The row that one example's features make.

    Args:
        at: The cut.
        dtype: In which the trunk computes.
        length: Of the longest example, where they differ; others are padded with zeros.

    Returns:
        A structured dtype, a field for each tensor in its shape.
    """
    kinds = [feature_type(at, index, dtype) for index in range(len(at.tensors))]
    return row_type([(tuple(length if side is None else side for side in shape), kind) for shape, kind in kinds])


def identity(model: TransferModel, at: Cut, dtype: str) -> dict[str, Any]:
    """Everything about a trunk that features depend on, as JSON values.

    Args:
        model: With the weights that are to compute them.
        at: The cut, through tensors of shape (batch, ...).
        dtype: In which the trunk computes.

    Returns:
        A dict that is equal only where the trunk computes the same; see ``net_identity``.
    """
    found = net_identity(segments_before(model, at))
    if is_foreign(model.preprocessor):
        found[MEMORY_ONLY] = f"the preprocessor {type(model.preprocessor).__name__} has code of its own"
    return found | {
        "what": f"{model.backbone.handle} {at.describe()}",
        "weights": fingerprint.combined(fingerprint.weight_digests(at.weights)),
        "pixels": {**model.preprocessor.to_dict(), "range": model.backbone.pixel_range},
        "dtype": dtype,
    }


def made_from(trunk: Mapping[str, Any], examples: Examples, draw: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that features depend on: the key under which they are kept.

    Args:
        trunk: From ``identity``.
        examples: Whose contents count, pictures of any shape; targets and names do not.
        draw: How pictures are changed at random, and by which draw; empty where they are not.

    Returns:
        JSON values.
    """
    return {**trunk, "examples": fingerprint.combined(examples.digests), "draw": dict(draw)}


def packed(arrays: Sequence[np.ndarray], row: "np.dtype[Any]") -> np.ndarray:
    """Arrays of a batch -> rows.

    Args:
        arrays: Each of shape (batch, ...), as ``row`` has them or shorter.
        row: From ``row_of``.

    Returns:
        Shape (batch,) of that dtype.
    """
    rows = np.zeros(len(arrays[0]), row)
    for name, array in zip(row.names or (), arrays, strict=True):
        values = array.view(np.uint16) if array.dtype == ml_dtypes.bfloat16 else array
        whole = values.shape[1:] == row[name].shape
        rows[name][... if whole else tuple(slice(side) for side in values.shape)] = values
    return rows


def unpacked(rows: np.ndarray, at: Cut, dtype: str, length: int | None = None) -> list[np.ndarray]:
    """Rows -> arrays of a batch.

    Args:
        rows: Of ``row_of(at, dtype)``, shape (batch,).
        at: The cut.
        dtype: In which the trunk computed.
        length: To which axes are cut that are as long as the longest example; None leaves them.

    Returns:
        Arrays of shape (batch, ...), bfloat16 where they were.
    """
    found = []
    for index, name in enumerate(rows.dtype.names or ()):
        shape, kind = feature_type(at, index, dtype)
        values = rows[name][(slice(None), *(slice(length if side is None else None) for side in shape))]
        values = np.ascontiguousarray(values)
        found.append(values.view(ml_dtypes.bfloat16) if kind == "bfloat16" else values)
    return found


def reading_features(
    tables: Sequence[Shards], at: Cut, dtype: str, examples: Examples, encode: Encoder, first_epoch: int = 0
) -> Loading:
    """Read features in place of pixels.

    Args:
        tables: Of one view of each picture, or of several, which the epochs take in turn.
        at: The cut.
        dtype: In which the trunk computed.
        examples: Whose targets are read, and whose lengths, where they differ.
        encode: Targets of a batch -> shape (batch, outputs).
        first_epoch: The epoch that takes the first view.

    Returns:
        A Loading of the tensors at the cut, shape (batch, ...), and float32 targets, shape (batch, outputs); small ones are held in
        memory.
    """

    shapes = tuple(feature_type(at, index, dtype)[0] for index in range(len(at.tensors)))
    lengths = lengths_of(examples) if any(None in shape for shape in shapes) else None

    def load(epoch: int, chosen: np.ndarray) -> tuple[np.ndarray, ...]:
        rows = tables[(epoch - first_epoch) % len(tables)].take(chosen)
        longest = None if lengths is None else padded(int(lengths[chosen].max()))
        return *unpacked(rows, at, dtype, longest), encode(examples.targets[chosen]).astype(np.float32)

    if lengths is not None or len(tables) > 1 or tables[0].size_bytes > _HELD_BYTES:
        return Loading(len(examples), load, lengths=lengths, shapes=shapes)
    return Loading(len(examples), load, held=load(first_epoch, np.arange(len(examples))))
