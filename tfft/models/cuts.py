"""Find where a net can be cut, so that the part before the cut gives the same features in each epoch of a phase."""

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
    """A set of tensors that divides a net into a part before them and a part after them.

    Attributes:
        part: 0 when the cut is in the backbone, 1 when it is in the head.
        tensors: The symbolic tensors at the cut, of shape (batch, ...). A net with parallel paths or a mask has several.
        names: The names of the layers that compute these tensors.
        reason: The reason why caching the features is useless; empty when the trunk has a kernel.
        weights: The variables before the cut; all of them are frozen.
    """

    part: int
    tensors: tuple[Any, ...]
    names: tuple[str, ...]
    reason: str
    weights: tuple[Any, ...]
    _before: frozenset[int] = field(repr=False)

    def describe(self) -> str:
        """Return text such as ``"after block4_pool"``."""
        return f"after {' and '.join(self.names)}"

    @property
    def place(self) -> Place:
        """The part and the tensors."""
        return self.part, self.tensors

    @property
    def depth(self) -> int:
        """The number of operations before the cut."""
        return len(self._before)

    def contains(self, other: "Cut") -> bool:
        """Return whether all operations before another cut are also before this one.

        Args:
            other: A cut of the same model.

        Returns:
            A truth value; a cut contains itself.
        """
        return other._before <= self._before


def cut(model: TransferModel, overview: Overview) -> Cut:
    """Find the deepest cut of a net before which a phase changes nothing.

    The part of the backbone before the cut runs in inference mode, so it may contain dropout and stochastic depth. The dropout of
    the head stays random, so it is always after the cut. When the whole backbone is frozen, the cut is after the pooling of the
    head.

    Args:
        model: From ``build``.
        overview: The variables of the phase, and which of them should change.

    Returns:
        A Cut through tensors of shape (batch, ...), with a ``reason`` when no layer before it has a kernel.

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
    """Find the deepest cut of a net before the given variables.

    Args:
        model: From ``build``.
        moving: Path and variable, of any shape, of each variable that may change. Several variables may share a path.

    Returns:
        A Cut, as ``cut`` returns it.
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
    why = "a SavedModel is called as a whole" if whole else "no layer before it has a kernel"
    reason = "" if worth else f"{first} trains, and {why}"
    names = tuple(tensor._keras_history.operation.name for tensor in tensors)
    return Cut(part, tensors, names, reason, weights, frozenset(map(id, before)))


def segments_before(model: TransferModel, at: Cut) -> list["keras.Model"]:
    """Return the nets of a trunk, in order.

    Args:
        model: From ``build``.
        at: The cut where the trunk ends.

    Returns:
        The backbone or its first part, and possibly the first part of the head. The first one takes pixels of shape (batch, height,
        width, 3), or token ids and a mask of shape (batch, tokens).
    """
    return [net for net, _ in segments(model, None, at.place)]


def segments(model: TransferModel, begin: Place | None, end: Place | None) -> list[tuple["keras.Model", bool]]:
    """Return the nets between two places.

    Args:
        model: From ``build``.
        begin: The place where the first net begins; None for the inputs of the backbone.
        end: The place where the last net ends; None for the logits.

    Returns:
        Pairs in order: a model on tensors of shape (batch, ...), which shares its layers with the net; and whether it belongs to
        the backbone.
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
    """Make a model of the layers between some tensors of a net.

    Keras 3.15 has two faults here. A tensor that is both input and output, such as a mask, loses its connections, so an Identity
    comes between. And Keras moves the history of input tensors from the net to the new model, after which the net can no longer
    be saved, so their histories are restored.
    """
    import keras

    entering = {id(tensor) for tensor in inputs}
    leaving = [
        # with a fixed name, because automatic names are numbered, and equal parts would have different configurations
        keras.layers.Identity(name=f"pass_{index}")(each) if id(each) in entering else each
        for index, each in enumerate(outputs)
    ]
    histories = [tensor._keras_history for tensor in net.inputs]
    made = keras.Model(list(inputs), leaving, name=net.name)
    for tensor, history in zip(net.inputs, histories, strict=True):
        tensor._keras_history = history
    return made


def feature_type(at: Cut, index: int, dtype: str) -> tuple[tuple[int | None, ...], str]:
    """Return shape and dtype of one of the tensors at a cut.

    Args:
        at: The cut.
        index: The index of the tensor.
        dtype: The dtype in which the backbone computes. Tensors of the head, and those without floats, keep their own dtype.

    Returns:
        The shape without the batch axis, and the dtype, such as ``((14, 14, 512), "bfloat16")``.
    """
    tensor = at.tensors[index]
    return tuple(tensor.shape[1:]), dtype if at.part == BACKBONE and is_float(tensor) else tensor.dtype


def feature_name(index: int) -> str:
    """Return the name under which the tail of a net takes one of the tensors at a cut.

    Args:
        index: The index of the tensor.

    Example:
        >>> feature_name(0)
        'features_0'
    """
    return f"features_{index}"


def is_float(tensor: Any) -> bool:
    """Return whether a symbolic tensor holds floats, and not token ids or a mask.

    Args:
        tensor: A tensor of any shape.

    Returns:
        Whether its dtype is a float.
    """
    return "float" in tensor.dtype
