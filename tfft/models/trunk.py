"""Divide a net into trunk and tail, which share their layers with it. A phase trains and randomises the tail only.

::

    pixels -> pixel range -> backbone ........|........ -> head -> logits
                             trunk         the cut          tail

``trunk_net``, ``tail_net`` and ``whole_net`` are functional models that begin or end at a cut; ``between`` computes the features of
one cut from those of an earlier one.
"""

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from tfft.accelerate.convolutions import is_differentiated
from tfft.accelerate.folding import run
from tfft.accelerate.fusing import fused
from tfft.accelerate.precision import FLOAT32, Precision, computing
from tfft.models.assembly import TransferModel, entrance
from tfft.models.cuts import Cut, feature_name, feature_type, is_float, segments

if TYPE_CHECKING:
    import keras

FLOAT32_ONLY = Precision()


def trunk_net(model: TransferModel, to: Cut, dtype: str = FLOAT32, fold: bool = True) -> "keras.Model":
    """Make the model from pixels or tokens to features.

    Args:
        model: From ``build``.
        to: The cut where it ends.
        dtype: The dtype in which the backbone computes.
        fold: Whether frozen norms are folded, which is faster and rounds differently than ``model.net``.

    Returns:
        A model from the inputs of ``model.net`` by name, such as float32 pixels in 0..255 of shape (batch, height, width, 3), to
        the tensor at the cut, or to a list of several.
    """
    import keras

    inputs, entering = entrance(model.backbone)
    chain = _layer("trunk", segments(model, None, to.place), dtype, inference=True, fold=fold)
    return keras.Model(_by_name(inputs), chain(entering), name="trunk")


def between(model: TransferModel, earlier: Cut, later: Cut, dtype: str = FLOAT32, fold: bool = True) -> "keras.Model":
    """Make the model from the features of one cut to those of a deeper one.

    Args:
        model: From ``build``.
        earlier: The cut where it begins.
        later: The cut where it ends; it contains the earlier one.
        dtype: The dtype in which the backbone computes.
        fold: As for ``trunk_net``.

    Returns:
        A model from tensors by name, as ``unpacked`` gives them, to tensor or tensors, each of shape (batch, ...).
    """
    import keras

    inputs = _inputs(earlier, dtype)
    chain = _layer("trunk", segments(model, earlier.place, later.place), dtype, inference=True, fold=fold)
    return keras.Model(_by_name(inputs), chain(inputs), name="trunk")


def tail_net(model: TransferModel, begin: Cut, precision: Precision = FLOAT32_ONLY, fold: bool = True) -> "keras.Model":
    """Make the model from features to logits, which a phase trains on cached features.

    Args:
        model: From ``build``.
        begin: The cut of the phase.
        precision: The dtypes in which trunk and tail compute; the head computes in float32.
        fold: As for ``trunk_net``.

    Returns:
        A model from the tensors at the cut by name, as ``unpacked`` gives them, to float32 logits, shape (batch, outputs).
    """
    import keras

    inputs = _inputs(begin, precision.trunk)
    return keras.Model(_by_name(inputs), _tail(model, begin, precision, inputs, fold), name="tfft")


def whole_net(model: TransferModel, at: Cut, precision: Precision = FLOAT32_ONLY, fold: bool = True) -> "keras.Model":
    """Make the model from pixels or tokens to logits that a phase trains without cached features.

    In a Keras ``fit``, dropout and stochastic depth are active in frozen layers too. Before the cut this would only add noise,
    so the trunk runs in inference mode.

    Args:
        model: From ``build``.
        at: The cut of the phase.
        precision: The dtypes in which trunk and tail compute; the head computes in float32.
        fold: As for ``trunk_net``.

    Returns:
        A model from the inputs of ``model.net`` by name to its logits, which shares all variables with it.

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
    return keras.Model(trunk.input, _tail(model, at, precision, trunk.outputs, fold), name="tfft")


def _tail(model: TransferModel, begin: Cut, precision: Precision, features: list[Any], fold: bool) -> Any:
    return _layer("tail", segments(model, begin.place, None), precision.tail, False, fold)(features)[0]


def _inputs(at: Cut, dtype: str) -> list[Any]:
    import keras

    made = [feature_type(at, index, dtype) for index in range(len(at.tensors))]
    return [keras.Input(shape, dtype=kind, name=feature_name(index)) for index, (shape, kind) in enumerate(made)]


def _layer(
    name: str, parts: list[tuple["keras.Model", bool]], dtype: str, inference: bool, fold: bool = True
) -> "keras.Layer":
    """Make a layer that calls nets one after the other, those of the backbone in a dtype, and in inference mode if asked.

    ``net(x, training=False)`` in a functional model does not work: Keras 3.15 replaces it by the ``training=True`` of ``fit``.
    """
    import keras

    class Chain(keras.Layer):
        def __init__(self) -> None:
            # autocast would convert bfloat16 features to float32
            super().__init__(name=name, autocast=False)
            self.nets = [net for net, _ in parts]

        def compute_output_spec(self, tensors: list[Any], training: bool | None = None) -> list[Any]:
            # the shapes are known from the nets; tracing a large net here takes seconds
            net, of_backbone = parts[-1]
            kinds = [t.dtype if not of_backbone or not is_float(t) else dtype for t in net.outputs]
            return [keras.KerasTensor(t.shape, kind) for t, kind in zip(net.outputs, kinds, strict=True)]

        def call(self, tensors: list[Any], training: bool | None = None) -> list[Any]:
            # fused functions are faster only with gradients; without gradients, the results equal those of Keras bit for bit
            differentiates = fold and not inference and (training or is_differentiated())
            for net, of_backbone in parts:
                with computing(net, dtype if of_backbone else FLOAT32), fused(net) if differentiates else nullcontext():
                    called = partial(run, net) if fold else net
                    tensors = called(_one_or_all(tensors), training=not inference and training)
                tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
            # operations that are not layers have no dtype policy: with a float32 constant their result is float32
            wanted = [spec.dtype for spec in self.compute_output_spec([])]
            return [keras.ops.cast(tensor, kind) for tensor, kind in zip(tensors, wanted, strict=True)]

    return Chain()


def _by_name(tensors: list[Any]) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in tensors}


def _one_or_all(tensors: list[Any]) -> Any:
    """Keras expects a single tensor as it is, and several tensors as a list."""
    return tensors if len(tensors) > 1 else tensors[0]
