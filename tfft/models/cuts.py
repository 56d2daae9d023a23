"""Where a net may be cut: everything before the cut is the same in every epoch of a phase."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfft.core import graph
from tfft.core.blocks import is_whole
from tfft.models.assembly import TransferModel
from tfft.trainable.overview import Overview

if TYPE_CHECKING:
    import keras

BACKBONE, HEAD = 0, 1
Place = tuple[int, tuple[Any, ...]]


@dataclass(frozen=True, eq=False)
class Cut:
    """A place in a net that all data passes.

    Attributes:
        part: 0 when it lies in the backbone, 1 when it lies in the head.
        tensors: The symbolic tensors that cross it, of shape (batch, ...); several where a net has parallel paths, or a mask.
        names: Of the layers that they come from.
        reason: Why there is nothing worth computing in advance; empty when the trunk has a kernel.
        weights: The variables before it, none of which moves.
    """

    part: int
    tensors: tuple[Any, ...]
    names: tuple[str, ...]
    reason: str
    weights: tuple[Any, ...]
    _before: frozenset[int] = field(repr=False)

    def describe(self) -> str:
        """``"after block4_pool"``."""
        return f"after {' and '.join(self.names)}"

    @property
    def place(self) -> Place:
        """Its part and tensors."""
        return self.part, self.tensors

    @property
    def depth(self) -> int:
        """How many operations lie before it; of two cuts, one of which contains the other, the later has more."""
        return len(self._before)

    def contains(self, other: "Cut") -> bool:
        """Whether everything before another cut lies before this one as well.

        Args:
            other: Of the same model.

        Returns:
            True also for itself.
        """
        return other._before <= self._before


def cut(model: TransferModel, overview: Overview) -> Cut:
    """The deepest place of a net before which a phase moves nothing.

    The backbone in front of it runs in inference mode, so dropout and stochastic depth there are no obstacle; the head's own
    dropout is. Where the whole backbone is frozen, the cut lies behind the head's pooling.

    Args:
        model: From ``build``.
        overview: Of the phase: what is meant to happen to each variable.

    Returns:
        A Cut through tensors of shape (batch, ...); with a ``reason`` when nothing that has a kernel lies before it.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> cut(model, model.apply(tfft.trainable.nothing())).describe()
        'after pool'
        >>> cut(model, model.apply(tfft.trainable.last_blocks(1))).describe()
        'after block2_relu'
    """
    pairs = zip(overview.variables, overview.rows, strict=True)
    return cut_before(model, [(row.path, variable) for variable, row in pairs if row.intent != "frozen"])


def cut_before(model: TransferModel, moving: Sequence[tuple[str, Any]]) -> Cut:
    """The deepest place of a net before which nothing moves.

    Args:
        model: From ``build``.
        moving: Path and variable, of any shape, for each that moves; two variables may share a path.

    Returns:
        A Cut as of ``cut``.
    """
    variables = [variable for _, variable in moving]
    part, before = BACKBONE, graph.beginning(model.backbone_net, variables, inference=True)
    tensors = graph.boundary(model.backbone_net, before)
    if all(id(tensor) in map(id, tensors) for tensor in model.backbone_net.outputs):
        part, in_head = HEAD, graph.beginning(model.head_net, variables, inference=False)
        before, tensors = before + in_head, graph.boundary(model.head_net, in_head)
    nets = [net for net, _ in segments(model, None, (part, tensors))]
    weights = tuple(variable for net in nets for variable in net.weights)
    first = moving[0][0] if moving else ""
    worth = any(map(graph.multiplications, nets))
    whole = is_whole(model.backbone_net)
    why = "a SavedModel is called as a whole" if whole else "nothing with a kernel lies before it"
    reason = "" if worth else f"{first} trains, and {why}"
    names = tuple(tensor._keras_history.operation.name for tensor in tensors)
    return Cut(part, tensors, names, reason, weights, frozenset(map(id, before)))


def segments_before(model: TransferModel, at: Cut) -> list["keras.Model"]:
    """The nets that make up a trunk, in order; their configurations say what it computes.

    Args:
        model: From ``build``.
        at: Where it ends.

    Returns:
        The backbone or its beginning, and perhaps the head's beginning.
    """
    return [net for net, _ in segments(model, None, at.place)]


def segments(model: TransferModel, begin: Place | None, end: Place | None) -> list[tuple["keras.Model", bool]]:
    """The nets that lead from one place to another.

    Args:
        model: From ``build``.
        begin: Where to begin; None for the backbone's inputs.
        end: Where to end; None for the logits.

    Returns:
        Models of tensors of shape (batch, ...), in order, which share their layers with the net, each with whether it is of the
        backbone.
    """
    found = []
    for part, net in enumerate((model.backbone_net, model.head_net)):
        if (begin is not None and begin[0] > part) or (end is not None and end[0] < part):
            continue
        inputs = begin[1] if begin is not None and begin[0] == part else net.inputs
        outputs = end[1] if end is not None and end[0] == part else net.outputs
        if inputs is net.inputs and outputs is net.outputs:
            found.append((net, part == BACKBONE))
        else:
            found.append((_part_of(net, inputs, outputs), part == BACKBONE))
    return found


def _part_of(net: "keras.Model", inputs: Sequence[Any], outputs: Sequence[Any]) -> "keras.Model":
    """The layers of a net between some of its tensors.

    A tensor that enters and leaves, such as a mask, would be lost: Keras 3.15 cuts it off from what reads it. And an input of the
    net that enters beside other tensors would be taken from the net, which then no longer knows its own configuration, and so
    cannot be saved: Keras moves its history to the part.
    """
    import keras

    entering = {id(tensor) for tensor in inputs}
    leaving = [
        # named, or Keras would count, and equal parts would not be found equal
        keras.layers.Identity(name=f"pass_{index}")(each) if id(each) in entering else each
        for index, each in enumerate(outputs)
    ]
    histories = [tensor._keras_history for tensor in net.inputs]
    made = keras.Model(list(inputs), leaving, name=net.name)
    for tensor, history in zip(net.inputs, histories, strict=True):
        tensor._keras_history = history
    return made


def feature_type(at: Cut, index: int, dtype: str) -> tuple[tuple[int | None, ...], str]:
    """The shape without the batch axis, and the dtype, of one of the tensors at a cut.

    Args:
        at: The cut.
        index: Of the tensor.
        dtype: In which the backbone computes; the head, and tensors that are no floats, keep their own.

    Returns:
        Such as ``((14, 14, 512), "bfloat16")``.
    """
    tensor = at.tensors[index]
    return tuple(tensor.shape[1:]), dtype if at.part == BACKBONE and is_float(tensor) else tensor.dtype


def is_float(tensor: Any) -> bool:
    """Whether a symbolic tensor holds floats, and not token ids or a mask.

    Args:
        tensor: Of any shape.

    Returns:
        Whether its dtype is a float.
    """
    return "float" in tensor.dtype
