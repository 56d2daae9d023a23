"""The head for one answer for each token: dropout -> Dense logits."""

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from tfft.core.errors import TaskError
from tfft.core.layer_names import own_names
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec

if TYPE_CHECKING:
    import keras

# as in BERT's and Hugging Face's heads for tokens
_SPREAD = 0.02


@dataclass(frozen=True)
class TokenHead:
    """The options of a head for tokens; ``build`` makes its layers.

    Attributes:
        dropout: The dropout rate before the Dense layer, in [0, 1).

    Raises:
        TaskError: When an option is out of range.
    """

    dropout: float = 0.1

    def __post_init__(self) -> None:
        if isinstance(self.dropout, bool) or not isinstance(self.dropout, Real) or not 0 <= self.dropout < 1:
            raise TaskError(f"dropout={self.dropout!r} must be in [0, 1).", fix="0.1 is a good start.")

    def build(self, features: FeatureSpec, shape: tuple[int | None, ...], outputs: int, seed: int) -> "keras.Model":
        """Make the layers.

        Args:
            features: The features of the backbone.
            shape: The shape of the features without the batch axis, (tokens, width).
            outputs: The number of logits for each token.
            seed: The seed of initial weights and dropout masks.

        Returns:
            A model from features, and their mask if they have one, to float32 logits, shape (batch, tokens, outputs).

        Raises:
            TaskError: When the features are not those of a sequence of tokens.

        Example:
            >>> head = TokenHead().build(FeatureSpec("sequence", masked=True), (None, 64), outputs=3, seed=0)
            >>> head.output_shape
            (None, None, 3)
        """
        import keras

        if features.kind != "sequence":
            raise TaskError(
                "This task needs the features of each token.",
                f"a backbone that gives a {features.kind}",
                'Choose a text encoder, such as "minilm_l6".',
            )
        with own_names(), seeded_initializers(seed):
            x = inputs = keras.Input(shape, dtype=features.dtype, name="features")
            mask = keras.Input(shape[:1], dtype="int32", name="mask") if features.masked else None
            if mask is not None:
                # before Keras 3.15, an input that is not used is an error; padding then has the logits of zeros
                x = x * keras.ops.expand_dims(keras.ops.cast(mask, x.dtype), -1)
            x = keras.layers.Dropout(self.dropout, name="dropout")(x)
            start = keras.initializers.TruncatedNormal(stddev=_SPREAD, seed=seed)
            logits = keras.layers.Dense(outputs, kernel_initializer=start, dtype="float32", name="logits")(x)
            return keras.Model(inputs if mask is None else [inputs, mask], logits, name="head")
