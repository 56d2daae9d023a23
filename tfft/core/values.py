"""Values that travel between data and training."""

from typing import Any, NamedTuple


class Batch(NamedTuple):
    """One batch for a training or validation step. TensorFlow treats it as a structure of its four fields.

    Attributes:
        inputs: The inputs of the net, each of shape (batch, ...): one tensor, or a tuple of several.
        targets: float32, shape (batch, outputs).
        weights: The weight of each example in the loss, float32, shape (batch,).
        counted: 1.0 for each example, float32, shape (batch,); 0.0 for an example that only fills an empty batch.

    Example:
        >>> Batch("pixels", "classes", 2.0, 1.0)._replace(weights=1.0)
        Batch(inputs='pixels', targets='classes', weights=1.0, counted=1.0)
    """

    inputs: Any
    targets: Any
    weights: Any
    counted: Any
