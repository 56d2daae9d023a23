"""Values that travel between data and training."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]
"""Name of an input of a net -> array of shape (batch, ...)."""


def argument_of(inputs: Mapping[str, Any]) -> Any:
    """Return the argument of a net: all inputs by name, or the only one without its name.

    Args:
        inputs: Input name -> array or tensor of shape (batch, ...).

    Example:
        >>> argument_of({"pixels": 1}), argument_of({"token_ids": 1, "padding_mask": 2})
        (1, {'token_ids': 1, 'padding_mask': 2})
    """
    return next(iter(inputs.values())) if len(inputs) == 1 else inputs


class Loaded(NamedTuple):
    """The arrays of some examples, in memory.

    Attributes:
        inputs: The inputs of the net by name, each of shape (batch, ...).
        targets: The targets, shape (batch, ...).
        counted: Which of the losses count, float32 of their shape, such as (batch, tokens) when each token has a loss; None counts
            all of them.
    """

    inputs: Arrays
    targets: np.ndarray
    counted: np.ndarray | None = None


class RowLogits(NamedTuple):
    """The logits of the rows of a net; an example has one row or, for a long text, several.

    Attributes:
        logits: For each row, float32 of shape (outputs,), or (tokens, outputs) without padding.
        rows: The rows, such as int32 tokens of shape (tokens, 2), or the inputs as they were given.
        owner: The example of each row, int64, shape (rows,).
        examples: The number of examples.
    """

    logits: Sequence[np.ndarray]
    rows: Sequence[Any]
    owner: np.ndarray
    examples: int


class Batch(NamedTuple):
    """One batch for a training or validation step. TensorFlow treats it as a structure of its four fields.

    Attributes:
        inputs: The inputs of the net by name, each of shape (batch, ...).
        targets: The targets, float32 or int32, shape (batch, ...).
        weights: The weight of each loss, float32, shape (batch,), or (batch, tokens) when each token has a loss.
        counted: 1.0 for each loss that counts, of the shape of ``weights``; 0.0 for padding, for tokens without a target, and for
            an example that only fills an empty batch.
        soft: The answers of a teacher, float32, of the shape of ``targets``, in training batches; () where there is no teacher.

    Example:
        >>> Batch({"pixels": "..."}, "classes", 2.0, 1.0)._replace(weights=1.0)
        Batch(inputs={'pixels': '...'}, targets='classes', weights=1.0, counted=1.0, soft=())
    """

    inputs: Any
    targets: Any
    weights: Any
    counted: Any
    soft: Any = ()

    def only(self, there: Any) -> "Batch":
        """Let only some of the examples count.

        Args:
            there: Which examples count, a boolean tensor of shape (batch,).

        Returns:
            A Batch with weights and ``counted`` of 0 for the others.
        """
        import tensorflow as tf

        rank = len(self.counted.shape)
        inside = tf.reshape(tf.cast(there, self.counted.dtype), (-1, *[1] * (rank - 1)))
        return self._replace(weights=self.weights * inside, counted=self.counted * inside)
