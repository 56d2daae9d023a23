"""A table of token vectors in 4 bits a value as a Keras layer: it takes an eighth of the memory of float32, and does not train.

::

    layer = PackedEmbedding(rows=250_037, width=384)
    layer.codes, layer.scales      # the table; ``packed`` makes both from 4-bit numbers
"""

from typing import Any

import keras
import numpy as np
from keras import ops

BLOCK = 32
"""Values that share one scale."""
_BITS = 4
_IN_WORD = 64 // _BITS
_ZERO = 8  # the code of the value 0


@keras.saving.register_keras_serializable("tfft")
class PackedEmbedding(keras.Layer):
    """Token ids -> token vectors. Each value is a number from -8 to 7, times the scale of its block.

    The 4-bit ``Embedding`` of Keras 3.15 unpacks the whole table in each call; this layer unpacks only the rows that it needs.

    Args:
        rows: The number of tokens.
        width: The number of values of each vector, a multiple of 32.
        **options: The options of every Keras layer.

    Attributes:
        codes: The numbers, int64 of shape (rows, width / 16): 16 numbers in each. (TensorFlow 2.21 has no lookup of uint8 on GPUs.)
        scales: The scales, float16 of shape (rows, width / 32).

    Raises:
        ValueError: When a size is not possible.

    Example:
        >>> layer = PackedEmbedding(rows=2, width=32)
        >>> numbers = np.array([[-8, 7] * 16, [0, 1] * 16], np.int8)
        >>> layer.fill(numbers, np.array([[0.5], [2.0]], np.float16))
        >>> layer(np.array([[1, 0]])).numpy()[0, :, :2].tolist()
        [[0.0, 2.0], [-4.0, 3.5]]
    """

    def __init__(self, rows: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        if rows < 1 or width < BLOCK or width % BLOCK:
            raise ValueError(f"rows={rows!r} and width={width!r} are not possible; width must be a multiple of {BLOCK}")
        self.rows, self.width = int(rows), int(width)
        self.codes = self._table("codes", self.width // _IN_WORD, "int64")
        self.scales = self._table("scales", self.width // BLOCK, "float16")
        self.built = True

    def _table(self, name: str, width: int, dtype: str) -> Any:
        # float16 must not become bfloat16, which has fewer bits
        options = {"trainable": False, "autocast": False}
        return self.add_weight((self.rows, width), "zeros", dtype, name=name, **options)

    def fill(self, numbers: np.ndarray, scales: np.ndarray) -> None:
        """Set the table.

        Args:
            numbers: Whole numbers from -8 to 7, shape (rows, width).
            scales: float16, shape (rows, width / 32).
        """
        codes = (numbers.reshape(self.rows, -1, 2) + _ZERO).astype(np.uint8)
        low_first = codes[..., 0] | codes[..., 1] << _BITS
        self.codes.assign(np.ascontiguousarray(low_first).view("<i8"))
        self.scales.assign(scales)

    def call(self, token_ids: Any) -> Any:
        """Look vectors up.

        Args:
            token_ids: Whole numbers below ``rows``, of shape (batch, tokens).

        Returns:
            A tensor of shape (batch, tokens, width), in the compute dtype of the layer.
        """
        words = ops.expand_dims(ops.take(self.codes, token_ids, axis=0), -1)
        shifts = ops.arange(0, 64, _BITS, dtype="int64")
        numbers = ops.cast(ops.bitwise_and(ops.right_shift(words, shifts), 2**_BITS - 1), "float32") - _ZERO
        scales = ops.cast(ops.take(self.scales, token_ids, axis=0), "float32")
        shape = (*ops.shape(token_ids), self.width // BLOCK, BLOCK)
        vectors = ops.reshape(numbers, shape) * ops.expand_dims(scales, -1)
        return ops.cast(ops.reshape(vectors, (*ops.shape(token_ids), self.width)), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the vectors.

        Args:
            input_shape: The shape of the token ids, (batch, tokens).

        Returns:
            (batch, tokens, width).
        """
        return (*input_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        """The number of rows and the width; the table is in the weights."""
        return {**super().get_config(), "rows": self.rows, "width": self.width}
