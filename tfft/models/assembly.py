"""build(): Backbone + Task -> TransferModel, a functional ``keras.Model`` from pixels to logits."""

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone
from tfft.backbones.given import instead, is_model
from tfft.backbones.handles import load_backbone
from tfft.core import forks, pickling
from tfft.core.errors import BackboneError, TaskError, kind_of, shortlist
from tfft.core.precision import Precision
from tfft.core.seed import derive
from tfft.core.strategy import resolve, scope
from tfft.data.cache import Cache
from tfft.data.examples import Splits
from tfft.data.seen import Seen
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.pixels import PIXEL_RANGES
from tfft.preprocess.text import TextPreprocessor
from tfft.tasks.base import Task
from tfft.trainable.overview import Overview
from tfft.trainable.policy import Policy, apply

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True, eq=False)
class TransferModel:
    """A net with weights, and what it was made from.

    Attributes:
        net: pixels 0..255, float32 (batch, height, width, 3), or a dict of token ids, mask and perhaps segments, int32
            (batch, tokens), -> logits, float32 (batch, outputs). An ordinary functional model.
        backbone: The description it was built from.
        task: What it is to learn.
        backbone_net: The part of ``net`` that came with weights; the same layers.
        head_net: The part of ``net`` that is new; the same layers.
        seed: That drew the head's first weights, and the backbone's where it has no others.
        strategy: Over which its variables are spread; None for one device.
        cache: Where features of its frozen layers are kept.
        precision: In which it is trained; None where ``fit`` measures it.
    """

    net: "keras.Model"
    backbone: Backbone
    task: Task
    backbone_net: "keras.Model"
    head_net: "keras.Model"
    seed: int = 0
    strategy: "tf.distribute.Strategy | None" = None
    cache: Cache = field(default_factory=Cache)
    precision: Precision | None = None
    _met: list[Seen] = field(default_factory=list, repr=False)

    def __repr__(self) -> str:
        return f"<TransferModel: {self.backbone.handle} for {self.task.name} of {shortlist(self.task.labels.names, 5)}>"

    def __reduce__(self) -> Any:
        raise pickling.refusal(
            self, "Export it with tfft.export(model, path), and in the other process call tfft.load(path)."
        )

    def __copy__(self) -> "TransferModel":
        return replace(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> "TransferModel":
        return pickling.deep_copy(self, memo)

    @property
    def seen(self) -> Seen | None:
        """What the weights were trained and chosen on, since ``build``; None before the first ``fit``."""
        return self._met[-1] if self._met else None

    def remember(self, data: Splits) -> None:
        """Note, before the first step, what the weights are going to meet; they change in place, and so does this.

        Args:
            data: What ``fit`` is about to train on; pictures of any shape.
        """
        self._met.append(Seen.of(data, self.seen))

    @property
    def preprocessor(self) -> ImagePreprocessor | TextPreprocessor:
        """Raw input -> uint8 pixels of shape (height, width, 3), or token ids of shape (tokens, 2), as the net takes them."""
        return self.backbone.preprocessor

    def apply(self, policy: Policy, train_norms: bool = False) -> Overview:
        """Set what trains, and return the total table of it.

        Args:
            policy: From ``tfft.trainable``.
            train_norms: Whether normalisation layers of the backbone may train.

        Returns:
            One row for each variable: path, block, shape, dtype and what is meant to happen.

        Raises:
            PlanError: When the policy does not fit the net.
            BackboneError: When the backbone's blocks do not fit it.

        Example:
            >>> import tfft
            >>> model = build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> model.apply(tfft.trainable.last_blocks(1)).describe()
            '602 of 1,090 parameters'
        """
        return apply(policy, self.backbone_net, self.backbone.blocks, self.head_net, train_norms)


def build(
    backbone: "str | Backbone | keras.Model",
    task: Task,
    seed: int = 0,
    strategy: "str | tf.distribute.Strategy | None" = None,
    cache: str | Cache = "auto",
    precision: "str | tuple[str, str] | Precision" = "auto",
) -> TransferModel:
    """Load a backbone's weights and put a task's head on it.

    Args:
        backbone: A name such as ``"vgg16"``, what ``load_backbone`` returned, or a functional model, of which a copy is trained.
        task: From ``tfft.tasks``.
        seed: For the head's initial weights and dropout, and for a backbone without pretrained weights.
        strategy: ``"auto"``, ``"mirrored"``, a MirroredStrategy, OneDeviceStrategy or TPUStrategy, or None for one device. Each
            replica trains on an equal share of every batch, and the result is that of one device, but for what dropout draws, and
            for the few examples that an epoch leaves out where the replicas do not divide them.
        cache: Where the features of its frozen layers are kept, which are computed once: ``"auto"``, ``"disk"``, ``"memory"``,
            ``"off"``, or a ``tfft.data.Cache``.
        precision: What ``fit`` computes in: ``"float32"``, ``"bfloat16"``, ``"float16"``, or one for the frozen and one for the
            trained part; ``"auto"`` tries them on this machine where much work lies ahead, and takes another one than float32
            only where it is faster and its numbers are off by less than 2 %. Variables, head, loss and what is exported are
            float32.

    Returns:
        A TransferModel with everything frozen but the head.

    Raises:
        TfftError: In a process that was forked after TensorFlow had started.
        BackboneError: When nobody knows the name.
        WeightsError: When the weights cannot be found or do not fit.
        TaskError: When the head does not take the backbone's features.
        DataError: When ``cache`` is none of these.
        PlanError: When the strategy is unknown, or another one than that of the scope around; or the precision is.

    Example:
        >>> from tfft import tasks
        >>> build("toy", tasks.classification(["ants", "bees"])).net.output_shape
        (None, 2)
    """
    forks.check()
    described = load_backbone(backbone) if isinstance(backbone, (str, os.PathLike)) or is_model(backbone) else backbone
    if not isinstance(described, Backbone):
        raise BackboneError(
            "build() takes a backbone's name or what load_backbone() returned.",
            type(described).__name__,
            instead(described, 'Write build("vgg16", task).'),
        )
    if not isinstance(task, Task):
        raise TaskError(
            "build() takes a task from tfft.tasks.",
            kind_of(task),
            "Write tfft.tasks.classification(data.labels).",
        )
    kept, computed = Cache.of(cache), Precision.of(precision)
    chosen = resolve(strategy)
    with scope(chosen):
        backbone_net = described.load(derive(seed, "backbone"))
        shape = tuple(backbone_net.outputs[0].shape[1:])
        head_net = task.head.build(described.features, shape, task.outputs, derive(seed, "head"))
        net = _connect(described, backbone_net, head_net)
        model = TransferModel(net, described, task, backbone_net, head_net, int(seed), chosen, kept, computed)
        model.apply(Policy("nothing"))
    return model


def entrance(backbone: Backbone) -> tuple[list[Any], list[Any]]:
    """Where a net begins.

    Args:
        backbone: Whose inputs are wanted.

    Returns:
        Symbolic inputs of the net, such as pixels 0..255 of shape (batch, height, width, 3), and what the backbone takes of them.
    """
    import keras

    inputs = [keras.Input(shape, dtype=dtype, name=name) for name, shape, dtype in backbone.preprocessor.inputs]
    if isinstance(backbone.preprocessor, TextPreprocessor):
        return inputs, inputs
    return inputs, [PIXEL_RANGES[backbone.pixel_range](pixels) for pixels in inputs]


def _connect(backbone: Backbone, backbone_net: Any, head_net: "keras.Model") -> "keras.Model":
    import keras

    inputs, entering = entrance(backbone)
    logits = head_net(backbone_net(entering if len(entering) > 1 else entering[0]))
    named = {tensor.name: tensor for tensor in inputs}
    return keras.Model(named if len(inputs) > 1 else inputs[0], logits, name="tfft")
