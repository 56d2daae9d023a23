"""Features at the cuts of a net: their keys in the cache, their rows in tables, and reading them in place of inputs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from tfft.cache.chosen_rows import ChosenRows
from tfft.cache.joined_shards import JoinedShards
from tfft.cache.shards import Shards, row_type
from tfft.core import fingerprint
from tfft.core.foreign import is_foreign
from tfft.core.ragged import padded
from tfft.core.values import Loaded
from tfft.data.examples import Examples
from tfft.data.feature_tables import MEMORY_ONLY
from tfft.data.loading import Encoder, Loading, TargetReader, lengths_of, unchanging
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, feature_name, feature_type, segments_before
from tfft.models.net_identity import net_identity

# features up to this size are held in memory; larger ones are read batch by batch
_HELD_BYTES = 64 * 2**20


def row_of(at: Cut, dtype: str, length: int = 0) -> "np.dtype[Any]":
    """Return the dtype of the row that holds the features of one example.

    Args:
        at: The cut.
        dtype: The dtype in which the trunk computes.
        length: The length of the longest example, if they differ; shorter ones are padded with zeros.

    Returns:
        A structured dtype with a field for each tensor, of the shape of this tensor.
    """
    kinds = [feature_type(at, index, dtype) for index in range(len(at.tensors))]
    return row_type([(tuple(length if side is None else side for side in shape), kind) for shape, kind in kinds])


def identity(model: TransferModel, at: Cut, dtype: str) -> dict[str, Any]:
    """Describe everything about a trunk that its features depend on, as JSON values.

    Args:
        model: The model whose trunk computes the features.
        at: The cut, through tensors of shape (batch, ...).
        dtype: The dtype in which the trunk computes.

    Returns:
        A dict. Two dicts are equal only if the trunks compute the same; see ``net_identity``.
    """
    found = net_identity(segments_before(model, at))
    if is_foreign(model.preprocessor):
        found[MEMORY_ONLY] = f"the preprocessor {type(model.preprocessor).__name__} runs the user's own code"
    return found | {
        "what": f"{model.backbone.handle} {at.describe()}",
        "weights": fingerprint.combined(fingerprint.weight_digests(at.weights)),
        "pixels": {**model.preprocessor.to_dict(), "range": model.backbone.pixel_range},
        "dtype": dtype,
    }


def made_from(trunk: Mapping[str, Any], examples: Examples, draw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key of features in the cache: everything that they depend on.

    Args:
        trunk: From ``identity``.
        examples: The examples, images of any shape or texts. Their contents are part of the key; targets and names are not.
        draw: The augmentation and its random seed; empty without augmentation.

    Returns:
        JSON values.
    """
    return {**trunk, "examples": fingerprint.combined(examples.digests), "draw": dict(draw)}


def feature_shapes(at: Cut, dtype: str, width: int | None = None) -> dict[str, tuple[int | None, ...]]:
    """Return the shapes of the inputs of a tail, without the batch axis.

    Args:
        at: The cut.
        dtype: The dtype in which the trunk computes.
        width: The length of axes of unknown length, such as tokens; None leaves them open.

    Returns:
        Input of the tail -> shape.
    """
    shapes = [feature_type(at, index, dtype)[0] for index in range(len(at.tensors))]
    return {
        feature_name(index): tuple(width if side is None else side for side in shape)
        for index, shape in enumerate(shapes)
    }


def packed(arrays: Sequence[np.ndarray], row: "np.dtype[Any]") -> np.ndarray:
    """Convert the arrays of a batch to rows.

    Args:
        arrays: The features, each of shape (batch, ...). They may be shorter than the fields of ``row``.
        row: From ``row_of``.

    Returns:
        An array of shape (batch,) and dtype ``row``.
    """
    rows = np.zeros(len(arrays[0]), row)
    for name, array in zip(row.names or (), arrays, strict=True):
        values = array.view(np.uint16) if array.dtype == ml_dtypes.bfloat16 else array
        whole = values.shape[1:] == row[name].shape
        rows[name][... if whole else tuple(slice(side) for side in values.shape)] = values
    return rows


def unpacked(rows: np.ndarray, at: Cut, dtype: str, length: int | None = None) -> dict[str, np.ndarray]:
    """Convert rows to the arrays of a batch.

    Args:
        rows: An array of dtype ``row_of(at, dtype)`` and shape (batch,).
        at: The cut.
        dtype: The dtype in which the trunk computed.
        length: The length to which axes of unknown length, such as tokens, are cut or padded with zeros; None keeps them.

    Returns:
        Input of the tail -> array of shape (batch, ...), in bfloat16 where the features were bfloat16.
    """
    found = {}
    for index, name in enumerate(rows.dtype.names or ()):
        shape, kind = feature_type(at, index, dtype)
        values = rows[name][(slice(None), *(slice(length if side is None else None) for side in shape))]
        sides = zip(shape, values.shape[1:], strict=True)
        missing = [0 if side is not None or length is None else length - own for side, own in sides]
        values = np.pad(values, [(0, 0), *((0, n) for n in missing)]) if any(missing) else np.ascontiguousarray(values)
        found[feature_name(index)] = values.view(ml_dtypes.bfloat16) if kind == "bfloat16" else values
    return found


class Epochs(NamedTuple):
    """What the epochs of a phase read.

    Attributes:
        first: The number of the first epoch.
        targets: A function: epoch, and positions of shape (m,) -> their targets.
    """

    first: int
    targets: TargetReader


def reading_features(
    tables: Sequence[Shards | ChosenRows | JoinedShards],
    at: Cut,
    dtype: str,
    examples: Examples,
    encode: Encoder,
    epochs: Epochs | None = None,
    width: int | None = None,
) -> Loading:
    """Make a Loading that reads features in place of pixels or tokens.

    Args:
        tables: A table for each view of the examples; the epochs use the views in turn.
        at: The cut.
        dtype: The dtype in which the trunk computed.
        examples: The examples; only their targets and lengths are read.
        encode: As for ``reading``: targets and inputs of a batch -> targets for the loss, shape (batch, ...), and which count.
        epochs: The epoch that uses the first view, and the targets of an epoch; None for the targets of the examples.
        width: The number of tokens to which every batch of texts is padded; None pads to the longest text of the batch.

    Returns:
        A Loading of the tensors at the cut, shape (batch, ...), and float32 targets, shape (batch, outputs). Small features are
        held in memory.
    """
    epochs = Epochs(0, unchanging(examples)) if epochs is None else epochs
    shapes = feature_shapes(at, dtype)
    lengths = lengths_of(examples) if any(None in shape for shape in shapes.values()) else None
    shapes = feature_shapes(at, dtype, width)

    def load(epoch: int, chosen: np.ndarray) -> Loaded:
        rows = tables[(epoch - epochs.first) % len(tables)].take(chosen)
        longest = None if lengths is None else width or padded(int(lengths[chosen].max()))
        inputs = unpacked(rows, at, dtype, longest)
        return Loaded(inputs, *encode(epochs.targets(epoch, chosen), inputs))

    if lengths is not None or len(tables) > 1 or tables[0].size_bytes > _HELD_BYTES:
        return Loading(len(examples), load, lengths=lengths, shapes=shapes)
    return Loading(len(examples), load, held=load(epochs.first, np.arange(len(examples))))
