"""Compute a trunk or a whole net for a few examples from their raw inputs, to check cached features and answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfft.accelerate.precision import FLOAT32
from tfft.cache.spot_checks import distance
from tfft.core.strategy import in_replica
from tfft.core.values import Arrays, argument_of
from tfft.models.assembly import TransferModel
from tfft.models.extraction import Wanted
from tfft.models.features import packed, unpacked
from tfft.models.trunk import trunk_net

# largest difference, relative to the largest number; other batch sizes use other kernels, which round differently. Measured on a
# CPU with batches of 1 and 3 after 32 (VGG16, MobileNetV2, MiniLM): up to 4e-7 in float32 and 1.2e-2 in bfloat16
_TOLERANCES = {FLOAT32: 1e-3, "float16": 2e-2, "bfloat16": 1e-1}


def tolerance(dtype: str) -> float:
    """The allowed difference between numbers that were computed in batches of different sizes.

    Args:
        dtype: The dtype of the computation.

    Returns:
        Largest difference, relative to the largest number.

    Example:
        >>> tolerance("bfloat16")
        0.1
    """
    import tensorflow as tf

    devices = {device.device_type for device in tf.config.get_visible_devices()} - {"CPU"}
    # TensorFloat-32 has the bits of float16, and not all kernels use it
    short = dtype == FLOAT32 and devices and tf.config.experimental.tensor_float_32_execution_enabled()
    return _TOLERANCES["float16" if short else dtype]


@dataclass(frozen=True, eq=False)
class Sample:
    """A few examples and the answers of a model to them.

    Attributes:
        names: The names of the examples.
        inputs: The inputs of the net by name, such as uint8 pixels of shape (m, height, width, 3), or token ids and mask.
        logits: For each example float32 of shape (outputs,), or (tokens, outputs) without padding.
    """

    names: tuple[str, ...]
    inputs: Arrays
    logits: Sequence[np.ndarray]

    def difference(self, model: TransferModel) -> str:
        """Compare the answers with those of the net itself.

        Args:
            model: The model that gave the answers.

        Returns:
            A description of the difference; empty when the answers agree up to rounding.

        Example:
            >>> import tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> Sample(("one",), {"pixels": np.zeros((1, 16, 16, 3), np.uint8)}, [np.float32([9, 0])]).difference(model)
            "logits of 'one' are off by 9, relative to the largest"
        """
        given = argument_of(self.inputs)
        direct = np.asarray(in_replica(model.strategy, lambda: model.net(given, training=False)))
        # logits of a new head may all be near zero
        scale = max(1.0, float(np.abs(direct).max(initial=0.0)))
        for name, expected, found in zip(self.names, direct / scale, self.logits, strict=True):
            valid = expected[: len(found)] if found.ndim > 1 else expected
            far = distance(np.append(valid, 1.0), np.append(found / scale, 1.0))
            if not far <= tolerance(FLOAT32):
                return f"logits of {name!r} are off by {far:.3g}, relative to the largest"
        return ""


def difference(
    model: TransferModel,
    wanted: Wanted,
    positions: np.ndarray,
    read: Callable[[int], np.ndarray],
    dtype: str,
    lengths: np.ndarray | None = None,
) -> str:
    """Compare cached features with those that the trunk computes from raw inputs in one small batch.

    Args:
        model: The model with the weights of the trunk.
        wanted: A table, and its cut.
        positions: The positions of the rows, int64, shape (m,).
        read: Position of an example -> uint8 pixels, shape (height, width, 3), or token ids.
        dtype: The dtype in which the trunk computes.
        lengths: The length of each example, shape (n,), when they differ; padding after this length is not compared.

    Returns:
        A description of the difference; empty when the features agree up to rounding.

    Raises:
        DataError: When an input cannot be read.
    """
    at, row = wanted.at, wanted.table.row
    inputs = model.preprocessor.collate([read(int(position)) for position in positions])
    trunk = trunk_net(model, at, dtype)
    computed = in_replica(model.strategy, lambda: trunk(inputs, training=False))
    computed = computed if isinstance(computed, (list, tuple)) else [computed]
    expected = unpacked(packed([np.asarray(tensor) for tensor in computed], row), at, dtype)
    kept = unpacked(wanted.table.take(positions), at, dtype)
    for tensor, one, two in zip(at.tensors, expected.values(), kept.values(), strict=True):
        for index, position in enumerate(positions):
            length = None if lengths is None else int(lengths[position])
            valid = tuple(slice(length if side is None else None) for side in tensor.shape[1:])
            far = distance(one[index][valid], two[index][valid])
            if not far <= tolerance(dtype):
                return f"row {position} of {wanted.at.describe()!r} is off by {far:.3g}, relative to its largest number"
    return ""
