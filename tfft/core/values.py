"""Values that travel between data and training."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]
"""Name of an input of a net -> array of shape (batch, ...)."""


class Loaded(NamedTuple):
    """The arrays of some examples, in memory.

    Attributes:
        inputs: The inputs of the net by name, each of shape (batch, ...).
        targets: The targets, shape (batch, ...).
    """

    inputs: Arrays
    targets: np.ndarray


class Batch(NamedTuple):
    """One batch for a training or validation step. TensorFlow treats it as a structure of its four fields.

    Attributes:
        inputs: The inputs of the net by name, each of shape (batch, ...).
        targets: float32, shape (batch, outputs).
        weights: The weight of each example in the loss, float32, shape (batch,).
        counted: 1.0 for each example, float32, shape (batch,); 0.0 for an example that only fills an empty batch.

    Example:
        >>> Batch({"pixels": "..."}, "classes", 2.0, 1.0)._replace(weights=1.0)
        Batch(inputs={'pixels': '...'}, targets='classes', weights=1.0, counted=1.0)
    """

    inputs: Any
    targets: Any
    weights: Any
    counted: Any
