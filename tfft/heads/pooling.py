"""Pooling: a map or a sequence of features becomes one vector; what is padding does not count."""

from typing import Any

from tfft.core.errors import TaskError

_OF_MAPS = ("average", "max", "flatten")
# independent of Keras' setting: the features of every backbone have their channels last
_FORMAT = "channels_last"


def pooled(features: Any, kind: str, pooling: str, mask: Any = None) -> Any:
    """One vector for each example.

    Args:
        features: Symbolic, (batch, height, width, channels) for a ``"map"``, (batch, steps, width) for a ``"sequence"``.
        kind: Which of them.
        pooling: ``"average"``, ``"max"``, ``"flatten"``; of a sequence also its ``"first"`` and its ``"last"`` step.
        mask: Of a sequence, int32 (batch, steps), 1 for what counts; None where everything does.

    Returns:
        Symbolic, (batch, width), or for ``"flatten"`` (batch, all values).

    Raises:
        TaskError: When a map has no such pooling.
    """
    from keras import layers, ops

    if kind == "map":
        if pooling not in _OF_MAPS:
            raise TaskError(f"A map has no {pooling} step.", fix=f"Use one of {', '.join(map(repr, _OF_MAPS))}.")
        made = {"average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D, "flatten": layers.Flatten}
        return made[pooling](data_format=_FORMAT, name="pool")(features)
    if pooling == "flatten":
        return layers.Flatten(data_format=_FORMAT, name="pool")(features)
    if pooling == "first":
        return features[:, 0]
    if mask is None:
        made = {"average": layers.GlobalAveragePooling1D, "max": layers.GlobalMaxPooling1D}
        return features[:, -1] if pooling == "last" else made[pooling](data_format=_FORMAT, name="pool")(features)
    if pooling == "average":
        return layers.GlobalAveragePooling1D(data_format=_FORMAT, name="pool")(features, mask=ops.cast(mask, "bool"))
    counts = ops.expand_dims(ops.cast(mask, features.dtype), -1)
    if pooling == "max":
        return ops.max(features - (1 - counts) * _FAR, axis=1)
    # the last step that counts is the one that no later one follows
    after = ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
    return ops.sum(features * counts * ops.expand_dims(ops.cast(1 - after, features.dtype), -1), axis=1)


# below every feature, and a number in half precision as well
_FAR = 1e4
