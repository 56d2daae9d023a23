"""Build a TransferModel, whose net is a functional ``keras.Model`` from pixels or tokens to logits."""

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.accelerate.precision import Precision
from tfft.backbones.base import Backbone
from tfft.backbones.handle_kinds import instead, is_model
from tfft.backbones.handles import load_backbone
from tfft.cache.settings import Cache
from tfft.core import forks, pickling, workers
from tfft.core.errors import BackboneError, TaskError, kind_of, shortlist
from tfft.core.html_tables import table
from tfft.core.quiet import start_tensorflow
from tfft.core.seed import derive
from tfft.core.strategy import resolve, scope
from tfft.data.examples import Splits
from tfft.data.leakage import Seen
from tfft.inputs.base import Preprocessor
from tfft.inputs.pixels import PIXEL_RANGES
from tfft.models.pyramid import pyramid_net, shapes_of
from tfft.tasks.base import Task
from tfft.trainable.overview import Overview
from tfft.trainable.policy import Policy, apply

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True, eq=False)
class TransferModel:
    """A net with weights, together with its backbone, task and settings.

    Attributes:
        net: An ordinary functional model. Its input is pixels in 0..255, float32, shape (batch, height, width, 3), or a dict of
            token ids, mask and perhaps segments, int32, shape (batch, tokens). Its output is logits, float32, (batch, outputs).
        backbone: The description of the backbone.
        task: The task.
        backbone_net: The pretrained part of ``net``; it shares its layers.
        head_net: The new part of ``net``; it shares its layers.
        seed: The seed of the head's initial weights, and of a backbone without pretrained weights.
        strategy: The strategy to which its variables belong; None for one device.
        cache: Where the features of its frozen layers are cached.
        precision: The dtypes in which it is trained; None when ``fit`` chooses them.
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

    def _repr_html_(self) -> str:
        """Return a table of backbone, task and parameters, which notebooks show."""
        trained = sum(int(np.prod(variable.shape)) for variable in self.net.trainable_variables)
        rows = {
            "backbone": self.backbone.handle,
            "task": self.task.name,
            "labels": shortlist(self.task.labels.names),
            "parameters": f"{self.net.count_params():,}, of which {trained:,} train now",
        }
        return table([{"property": name, "value": value} for name, value in rows.items()])

    @property
    def is_chief(self) -> bool:
        """Whether this process writes files and shows progress: the first of several workers, or a process that trains alone."""
        return workers.is_chief(self.strategy)

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
        """The training and validation examples of all fits since ``build``; None before the first ``fit``."""
        return self._met[-1] if self._met else None

    def remember(self, data: Splits, of_teacher: Seen | None = None, refit: bool = False) -> None:
        """Record the examples of a fit before its first step. This changes the model in place, as training does.

        Args:
            data: The data of the fit; images of any shape, or texts.
            of_teacher: The examples that a teacher has seen, from whose answers the model learns.
            refit: Whether the validation examples are trained on as well.
        """
        found = Seen.of(data, self.seen, refit)
        self._met.append(found if of_teacher is None else found.joined(of_teacher))

    def forget(self, until: Seen | None) -> None:
        """Take back each ``remember`` after a record, when the weights were put back. This changes the model in place.

        Args:
            until: An earlier value of ``seen``.
        """
        while self._met and self.seen is not until:
            self._met.pop()

    def trial(self, precision: Precision | None) -> "TransferModel":
        """Return the same nets with a record of seen examples of their own, for a training that the caller undoes.

        Args:
            precision: The dtypes in which it is trained; None when ``fit`` chooses them.

        Returns:
            A TransferModel with the variables of this one, of any shape.
        """
        return replace(self, precision=precision, _met=list(self._met))

    @property
    def preprocessor(self) -> Preprocessor:
        """The preprocessor: raw input -> uint8 pixels of shape (height, width, 3), or token ids of shape (tokens, 2)."""
        return self.task.prepare(self.backbone.preprocessor)

    def apply(self, policy: Policy, train_norms: bool = False) -> Overview:
        """Set which variables train, and return a table of all variables.

        Args:
            policy: From ``tfft.trainable``.
            train_norms: Whether normalisation layers of the backbone may train.

        Returns:
            A row for each variable: path, block, shape, dtype, and whether it trains.

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
    strategy: "str | tf.distribute.Strategy | None" = "auto",
    cache: str | Cache = "auto",
    precision: "str | tuple[str, str] | Precision" = "auto",
) -> TransferModel:
    """Load the weights of a backbone, and add the head of a task.

    Args:
        backbone: A name such as ``"vgg16"``, the result of ``load_backbone``, or a functional model, which is copied.
        task: From ``tfft.tasks``.
        seed: The seed of the head's initial weights and dropout, and of a backbone without pretrained weights.
        strategy: ``"auto"``, ``"mirrored"``, ``"multi_worker"``, ``"tpu"``, a ``tf.distribute`` strategy, or None for one device.
            ``"auto"`` trains together with the other workers in the environment variable ``TF_CONFIG``; without it on all TPUs of
            this machine, or all GPUs; and without several of them on one device. Each replica trains on a share of each batch. The
            results equal those of one device, except for the random numbers of dropout.
        cache: Where the features of frozen layers are cached: ``"auto"``, ``"disk"``, ``"memory"``, ``"off"``, or a
            ``tfft.data.Cache``.
        precision: The dtype in which ``fit`` computes: ``"float32"``, ``"bfloat16"``, ``"float16"``, or a pair for the frozen and
            the trained part. With ``"auto"``, long runs try them on this machine, and use another dtype than float32 only if it is
            faster and the results differ by less than 2 %. Variables, head, loss and exported nets are always float32.

    Returns:
        A TransferModel in which only the head is trainable.

    Raises:
        TfftError: In a process that was forked after TensorFlow had started.
        BackboneError: When there is no backbone of this name.
        WeightsError: When the weights cannot be found or do not fit.
        TaskError: When the head does not accept the features of the backbone.
        DataError: When ``cache`` is invalid.
        PlanError: When the strategy or the precision is invalid, or ``build`` is called in the scope of another strategy.
        ClusterError: When ``TF_CONFIG`` is invalid, or another worker does not come within 60 seconds.

    Example:
        >>> from tfft import tasks
        >>> build("toy", tasks.classification(["ants", "bees"])).net.output_shape
        (None, 2)
    """
    forks.check()
    described = load_backbone(backbone) if isinstance(backbone, (str, os.PathLike)) or is_model(backbone) else backbone
    if not isinstance(described, Backbone):
        raise BackboneError(
            "build() takes the name of a backbone, or the result of load_backbone().",
            type(described).__name__,
            instead(described, 'Write build("vgg16", task).'),
        )
    if not isinstance(task, Task):
        raise TaskError(
            "build() takes a task from tfft.tasks.",
            kind_of(task),
            "Write tfft.tasks.classification(data.labels).",
        )
    task.prepare(described.preprocessor)  # refuses a backbone for other inputs
    kept, computed = Cache.of(cache), Precision.of(precision)
    start_tensorflow()
    chosen = resolve(strategy)
    with scope(chosen):
        backbone_net, features = described.load(derive(seed, "backbone")), described.features
        if task.levels:
            backbone_net = pyramid_net(backbone_net, described.handle, described.blocks, task.levels)
            features = replace(features, pyramid=shapes_of(backbone_net))
        shape = tuple(backbone_net.outputs[-1 if task.levels else 0].shape[1:])
        head_net = task.head.build(features, shape, task.outputs, derive(seed, "head"))
        net = _connect(described, backbone_net, head_net)
        model = TransferModel(net, described, task, backbone_net, head_net, int(seed), chosen, kept, computed)
        model.apply(Policy("nothing"))
    return model


def entrance(backbone: Backbone) -> tuple[list[Any], list[Any]]:
    """Make the symbolic inputs of a net.

    Args:
        backbone: The backbone.

    Returns:
        The inputs of the net, such as pixels in 0..255 of shape (batch, height, width, 3), and the inputs of the backbone, which
        are computed from them.
    """
    import keras

    inputs = [keras.Input(shape, dtype=dtype, name=name) for name, shape, dtype in backbone.preprocessor.inputs]
    convert = PIXEL_RANGES[backbone.pixel_range]
    # other inputs than pixels, such as token ids, are whole numbers
    return inputs, [convert(each) if keras.backend.is_float_dtype(each.dtype) else each for each in inputs]


def _connect(backbone: Backbone, backbone_net: Any, head_net: "keras.Model") -> "keras.Model":
    import keras

    inputs, entering = entrance(backbone)
    logits = head_net(backbone_net(entering if len(entering) > 1 else entering[0]))
    named = {tensor.name: tensor for tensor in inputs}
    return keras.Model(named if len(inputs) > 1 else inputs[0], logits, name="tfft")
