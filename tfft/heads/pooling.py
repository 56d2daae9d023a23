"""Pool a feature map or a sequence to one vector; padding is ignored."""

from typing import Any

from tfft.core.errors import TaskError

_OF_MAPS = ("average", "max", "flatten")
# features of all backbones have their channels last, whatever Keras' setting is
_FORMAT = "channels_last"


def pooled(features: Any, kind: str, pooling: str, mask: Any = None) -> Any:
    """Pool the features of each example to one vector.

    Args:
        features: A symbolic tensor: (batch, height, width, channels) for a ``"map"``, (batch, steps, width) for a ``"sequence"``.
        kind: ``"map"`` or ``"sequence"``.
        pooling: ``"average"``, ``"max"`` or ``"flatten"``; for a sequence also ``"first"`` or ``"last"``, which take one step.
        mask: The mask of a sequence, int32, (batch, steps), 0 for padding; None without padding.

    Returns:
        A symbolic tensor, (batch, width), or (batch, all values) for ``"flatten"``.

    Raises:
        TaskError: When there is no such pooling for maps.
    """
    from keras import layers, ops

    if kind == "map":
        if pooling not in _OF_MAPS:
            raise TaskError(
                f"pooling={pooling!r} is not possible for maps.", fix=f"Use one of {', '.join(map(repr, _OF_MAPS))}."
            )
        made = {"average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D, "flatten": layers.Flatten}
        return made[pooling](data_format=_FORMAT, name="pool")(features)
    if mask is None:
        made = {
            "average": layers.GlobalAveragePooling1D, "max": layers.GlobalMaxPooling1D, "flatten": layers.Flatten
        }  # fmt: skip
        steps = {"first": 0, "last": -1}
        if pooling in steps:
            return features[:, steps[pooling]]
        return made[pooling](data_format=_FORMAT, name="pool")(features)
    if pooling == "average":
        return layers.GlobalAveragePooling1D(data_format=_FORMAT, name="pool")(features, mask=ops.cast(mask, "bool"))
    counts = ops.expand_dims(ops.cast(mask, features.dtype), -1)
    # every pooling uses the mask: before Keras 3.15, an input that is not used is an error
    if pooling == "first":
        return features[:, 0] * counts[:, 0]
    if pooling == "flatten":
        return layers.Flatten(data_format=_FORMAT, name="pool")(features * counts)
    if pooling == "max":
        return ops.max(features - (1 - counts) * _FAR, axis=1)
    # the last step is the one that is followed by padding
    after = ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
    return ops.sum(features * counts * ops.expand_dims(ops.cast(1 - after, features.dtype), -1), axis=1)


# larger than all features, and finite in float16
_FAR = 1e4
