"""A net in two: the trunk, which a phase neither trains nor randomises, and the tail; both share their layers with the whole net.

::

    pixels -> pixel range -> backbone ........|........ -> head -> logits
                             trunk         the cut          tail

``trunk_net``, ``tail_net`` and ``whole_net`` are functional models around a cut; ``between`` leads from the features of one cut to
those of a later one.
"""

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from tfft.core.convolutions import is_differentiated
from tfft.core.folding import run
from tfft.core.fusing import fused
from tfft.core.precision import FLOAT32, Precision, computing
from tfft.models.assembly import TransferModel, entrance
from tfft.models.cuts import Cut, feature_type, is_float, segments

if TYPE_CHECKING:
    import keras

FLOAT32_ONLY = Precision()


def trunk_net(model: TransferModel, to: Cut, dtype: str = FLOAT32, fold: bool = True) -> "keras.Model":
    """Pixels to features.

    Args:
        model: From ``build``.
        to: Where it ends.
        dtype: In which the backbone computes.
        fold: Whether frozen norms are folded, which is faster and rounds otherwise than ``model.net``.

    Returns:
        A model from float32 pixels 0..255, shape (batch, height, width, 3), to the tensor at the cut, or to a list of
        several.
    """
    import keras

    inputs, entering = entrance(model.backbone)
    chain = _layer("trunk", segments(model, None, to.place), dtype, inference=True, fold=fold)
    return keras.Model(_one_or_all(inputs), chain(entering), name="trunk")


def between(model: TransferModel, earlier: Cut, later: Cut, dtype: str = FLOAT32, fold: bool = True) -> "keras.Model":
    """Features of one cut to those of a later one, both frozen.

    Args:
        model: From ``build``.
        earlier: Where it begins.
        later: Where it ends; ``later.contains(earlier)``.
        dtype: In which the backbone computes.
        fold: As of ``trunk_net``.

    Returns:
        A model from tensor or tensors to tensor or tensors, each of shape (batch, ...).
    """
    import keras

    inputs = _inputs(earlier, dtype)
    chain = _layer("trunk", segments(model, earlier.place, later.place), dtype, inference=True, fold=fold)
    return keras.Model(_one_or_all(inputs), chain(inputs), name="trunk")


def tail_net(model: TransferModel, begin: Cut, precision: Precision = FLOAT32_ONLY, fold: bool = True) -> "keras.Model":
    """Features to logits: what a phase trains, given what was computed in advance.

    Args:
        model: From ``build``.
        begin: The cut of the phase.
        precision: In which trunk and tail compute; the head is float32.
        fold: As of ``trunk_net``.

    Returns:
        A model from the tensors at the cut to float32 logits, shape (batch, outputs).
    """
    import keras

    inputs = _inputs(begin, precision.trunk)
    return keras.Model(_one_or_all(inputs), _tail(model, begin, precision, inputs, fold), name="tfft")


def whole_net(model: TransferModel, at: Cut, precision: Precision = FLOAT32_ONLY, fold: bool = True) -> "keras.Model":
    """Pixels to logits, as a phase trains it: in front of the cut the net is deterministic.

    Frozen or not, dropout and stochastic depth inside a backbone run in a Keras ``fit``; where nothing trains before them, that is
    noise without a purpose, so the trunk is called in inference mode.

    Args:
        model: From ``build``.
        at: The cut of the phase.
        precision: In which trunk and tail compute; the head is float32.
        fold: As of ``trunk_net``.

    Returns:
        A model of the same input and output shape as ``model.net``, which shares every variable with it.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> from tfft.models.cuts import cut
        >>> net = whole_net(model, cut(model, model.apply(tfft.trainable.nothing())))
        >>> {id(variable) for variable in net.weights} == {id(variable) for variable in model.net.weights}
        True
    """
    import keras

    trunk = trunk_net(model, at, precision.trunk, fold)
    return keras.Model(_one_or_all(trunk.inputs), _tail(model, at, precision, trunk.outputs, fold), name="tfft")


def _tail(model: TransferModel, begin: Cut, precision: Precision, features: list[Any], fold: bool) -> Any:
    return _layer("tail", segments(model, begin.place, None), precision.tail, False, fold)(features)[0]


def _inputs(at: Cut, dtype: str) -> list[Any]:
    import keras

    made = [feature_type(at, index, dtype) for index in range(len(at.tensors))]
    return [keras.Input(shape, dtype=kind, name=f"features_{index}") for index, (shape, kind) in enumerate(made)]


def _layer(
    name: str, parts: list[tuple["keras.Model", bool]], dtype: str, inference: bool, fold: bool = True
) -> "keras.Layer":
    """A layer that runs nets one after the other; those of the backbone in a precision, and perhaps without their randomness.

    ``net(x, training=False)`` in a functional model is not enough: Keras 3.15 overrides it with the ``training=True`` of ``fit``.
    """
    import keras

    class Chain(keras.Layer):
        def __init__(self) -> None:
            # autocast would turn bfloat16 features into float32 on their way in
            super().__init__(name=name, autocast=False)
            self.nets = [net for net, _ in parts]

        def compute_output_spec(self, tensors: list[Any], training: bool | None = None) -> list[Any]:
            # known from the nets; tracing them here costs seconds in a large one
            net, of_backbone = parts[-1]
            kinds = [t.dtype if not of_backbone or not is_float(t) else dtype for t in net.outputs]
            return [keras.KerasTensor(t.shape, kind) for t, kind in zip(net.outputs, kinds, strict=True)]

        def call(self, tensors: list[Any], training: bool | None = None) -> list[Any]:
            # they save passes of the gradient; without one Keras' own numbers stay, to the last bit
            differentiates = fold and not inference and (training or is_differentiated())
            for net, of_backbone in parts:
                with computing(net, dtype if of_backbone else FLOAT32), fused(net) if differentiates else nullcontext():
                    called = partial(run, net) if fold else net
                    tensors = called(_one_or_all(tensors), training=not inference and training)
                tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
            # operations that are not layers have no precision: with a float32 constant their result is float32
            wanted = [spec.dtype for spec in self.compute_output_spec([])]
            return [keras.ops.cast(tensor, kind) for tensor, kind in zip(tensors, wanted, strict=True)]

    return Chain()


def _one_or_all(tensors: list[Any]) -> Any:
    """Keras wants one tensor bare, and several in a list."""
    return tensors if len(tensors) > 1 else tensors[0]
