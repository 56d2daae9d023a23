"""The head for one answer for each example: pooling -> hidden Dense layers -> dropout -> Dense logits."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

from tfft.core.errors import TaskError
from tfft.core.layer_names import own_names
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec
from tfft.heads.pooling import pooled

if TYPE_CHECKING:
    import keras

Pooling = Literal["auto", "average", "max", "first", "last", "flatten"]
_POOLINGS = ("auto", "average", "max", "first", "last", "flatten")
# With almost zero weights, a head first gives all classes the same probability, and training reaches the same accuracy for any
# scale of features. With Keras' default it must first unlearn random answers, which costs a point of validation accuracy in five
# epochs (mean of four MobileNets). With exactly zero weights, the backbone would get no gradient in the first step.
_ALMOST_ZERO = 1e-3
_KINDS = ("map", "sequence", "vector")
# the name of the last layer of every such head
LOGITS = "logits"


@dataclass(frozen=True)
class VectorHead:
    """The options of a head; ``build`` makes its layers.

    Attributes:
        pooling: The pooling of a map, shape (batch, height, width, channels), or of a sequence, shape (batch, steps, width), to a
            vector. ``"first"`` and ``"last"`` take one step of a sequence, such as BERT's ``[CLS]``. ``"auto"`` is the default of
            the backbone. Padding is ignored.
        hidden: The widths of Dense + ReLU layers between pooling and logits; empty for a linear head.
        dropout: The dropout rate before each Dense layer, in [0, 1).

    Raises:
        TaskError: When an option is out of range.
    """

    pooling: Pooling = "auto"
    hidden: tuple[int, ...] = ()
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.pooling not in _POOLINGS:
            raise TaskError(
                f"pooling={self.pooling!r} is unknown.", fix=f"Use one of {', '.join(map(repr, _POOLINGS))}."
            )
        if not isinstance(self.dropout, Real) or not 0 <= self.dropout < 1:
            raise TaskError(f"dropout={self.dropout!r} must be in [0, 1).", fix="0.2 is a good start.")
        if not isinstance(self.hidden, (list, tuple)) or not all(map(_is_width, self.hidden)):
            raise TaskError(
                f"hidden={self.hidden!r} must be a tuple of layer widths of at least 1.", fix="Write hidden=(256,)."
            )
        # with a list, this value could not be hashed
        object.__setattr__(self, "hidden", tuple(map(int, self.hidden)))

    def build(self, features: FeatureSpec, shape: tuple[int | None, ...], outputs: int, seed: int) -> "keras.Model":
        """Make the layers.

        Args:
            features: The features of the backbone.
            shape: The shape of the features without the batch axis.
            outputs: The number of logits.
            seed: The seed of initial weights and dropout masks.

        Returns:
            A model from features to float32 logits, shape (batch, outputs).

        Raises:
            TaskError: When the head does not accept this kind of features, or their size is unknown and pooling is ``"flatten"``.

        Example:
            >>> head = VectorHead(hidden=(16,)).build(FeatureSpec("map"), (7, 7, 64), outputs=3, seed=0)
            >>> head.input_shape, head.output_shape
            ((None, 7, 7, 64), (None, 3))
        """
        import keras

        if features.kind not in _KINDS:
            raise TaskError(
                f"This head takes features of the kinds {', '.join(_KINDS)}.", features.kind, "Choose another task."
            )
        if self.pooling == "flatten" and None in shape:
            raise TaskError(
                "pooling='flatten' needs features of a known size.", f"shape {shape}", "Use pooling='average' or 'max'."
            )
        # Keras numbers automatic names, so equal heads would have different configurations, and could not share cached features
        with own_names(), seeded_initializers(seed):
            x = inputs = keras.Input(shape, dtype=features.dtype, name="features")
            mask = keras.Input(shape[:1], dtype="int32", name="mask") if features.masked else None
            if features.kind != "vector":
                x = pooled(x, features.kind, features.pooling if self.pooling == "auto" else self.pooling, mask)
            for index, width in enumerate(self.hidden):
                x = self._dropout(f"dropout_{index}")(x)
                x = keras.layers.Dense(width, activation="relu", name=f"hidden_{index}")(x)
            x = self._dropout("dropout")(x)
            start = keras.initializers.RandomNormal(stddev=_ALMOST_ZERO, seed=seed)
            logits = keras.layers.Dense(outputs, kernel_initializer=start, dtype="float32", name=LOGITS)
            return keras.Model(inputs if mask is None else [inputs, mask], logits(x), name="head")

    def _dropout(self, name: str) -> Any:
        import keras

        return keras.layers.Dropout(self.dropout, name=name)


def _is_width(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1
