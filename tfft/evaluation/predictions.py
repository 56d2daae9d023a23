"""Run a model over examples batch by batch, and keep its probabilities and the targets."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tfft.core import strategy
from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.data.leakage import Seen
from tfft.data.length_bucketing import by_length
from tfft.data.loading import reading
from tfft.data.pipeline import check_batch_size, evaluation_batches, readable
from tfft.data.targets import target_of
from tfft.inputs.image import ImagePreprocessor
from tfft.inputs.text import TextPreprocessor
from tfft.models import inference
from tfft.models.assembly import TransferModel
from tfft.models.forward import forward
from tfft.models.recomputed import Sample
from tfft.models.tokens import check_kind, read, tokenized
from tfft.tasks.base import Task

if TYPE_CHECKING:
    import keras

_TINY = 1e-15


class Model(Protocol):
    """A model that can be evaluated: a TransferModel, or a loaded Predictor.

    Attributes:
        net: A net from pixels in 0..255, float32, shape (batch, height, width, 3), or token ids, to logits, float32, shape (batch,
            outputs).
        task: The task.
        preprocessor: The preprocessor: raw input -> uint8 pixels of shape (height, width, 3), or token ids.
        seen: Content hashes of its training and validation examples; None when they are unknown.
    """

    @property
    def net(self) -> "keras.Model":
        """The net: pixels in 0..255, float32, (batch, height, width, 3), or token ids -> logits, float32, (batch, outputs)."""

    @property
    def task(self) -> Task:
        """The task: logits of shape (n, outputs) -> probabilities and answers."""

    @property
    def preprocessor(self) -> ImagePreprocessor | TextPreprocessor:
        """The preprocessor: raw input -> uint8 pixels of shape (height, width, 3), or token ids of shape (tokens, 2)."""

    @property
    def seen(self) -> Seen | None:
        """Content hashes of its training and validation examples; None when they are unknown."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """The targets and probabilities of one evaluation.

    Attributes:
        targets: The targets, as in ``Examples``, shape (n,) or (n, k).
        probabilities: float64, shape (n, outputs); for a regression the predicted quantities in the unit of the user.
        threshold: For several labels, the probability at which a class is predicted: one number, or one for each class, shape
            (outputs,).
        sample: A few examples with their logits; None for a loaded Predictor.
    """

    targets: np.ndarray
    probabilities: np.ndarray
    threshold: float | np.ndarray = 0.5
    sample: Sample | None = None

    @cached_property
    def chosen(self) -> np.ndarray:
        """The most probable class of each example, int64, shape (n,)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def named(self) -> np.ndarray:
        """For several labels, which classes are predicted, boolean, shape (n, outputs)."""
        return self.probabilities >= self.threshold

    @cached_property
    def truth(self) -> np.ndarray:
        """Which classes each example has, boolean, shape (n, outputs)."""
        if self.targets.ndim == 1:
            return self.targets[:, None] == np.arange(self.probabilities.shape[1])
        return self.targets > 0

    @cached_property
    def rank(self) -> np.ndarray:
        """The rank of the true class, int64, shape (n,), from 0. Of equal probabilities the lower id comes first."""
        own = self.probabilities[np.arange(len(self.targets)), self.targets][:, None]
        lower = np.arange(self.probabilities.shape[1]) < self.targets[:, None]
        return ((self.probabilities > own) | ((self.probabilities == own) & lower)).sum(axis=1)

    @cached_property
    def levels(self) -> list[np.ndarray]:
        """For each class, the rank of each example among the distinct probabilities, int64, shape (n,), in ascending order."""
        return [np.unique(column, return_inverse=True)[1] for column in self.probabilities.T]

    @cached_property
    def losses(self) -> np.ndarray:
        """Negative log-likelihood of each example in nats, float64, shape (n,); for several labels the mean over classes."""
        if self.targets.ndim == 1:
            own = self.probabilities[np.arange(len(self.targets)), self.targets]
            return -np.log(np.maximum(own, _TINY))
        own = np.where(self.targets > 0, self.probabilities, 1 - self.probabilities)
        return -np.log(np.maximum(own, _TINY)).mean(axis=1)


def predict(model: Model, examples: Examples, batch_size: int) -> Predictions:
    """Run a model over examples in their order.

    Args:
        model: The model.
        examples: The n examples.
        batch_size: Number of examples in a batch.

    Returns:
        Predictions of length n.

    Raises:
        DataError: When an image cannot be read, ``batch_size`` is not a positive whole number, a logit is NaN or infinite, or
            single texts are given to a model for pairs, or images to a model of texts.

    Example:
        >>> import tfft
        >>> data = tfft.data.from_arrays(np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8), [0, 1] * 10)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> predict(model, data.train, batch_size=8).probabilities.shape
        (14, 2)
    """
    check_batch_size(batch_size)
    check_kind(model.preprocessor, examples.inputs)
    if model.seen is not None:
        model.seen.check_pairs(read(examples, 0))
    task, sample = model.task, None
    with readable():
        if isinstance(model, TransferModel):
            logits, sample = inference.answered(model, examples, batch_size)
        else:
            around = model.net.distribute_strategy
            copies = strategy.local_replicas(around)
            shared = around if copies > 1 else None
            found = tokenized(model.preprocessor, examples)
            loading = reading(found, model.preprocessor, task.encode)
            order = np.arange(len(found)) if loading.lengths is None else by_length(loading.lengths)
            batches = evaluation_batches(loading, batch_size, order, copies)
            logits = forward(model.net, batches, model.preprocessor.named, shared)[: len(examples)][np.argsort(order)]
    strange = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(strange):
        raise DataError(
            f"The net answers with NaN or infinity for {len(strange)} of {len(examples)} examples.",
            f"{examples.name(int(strange[0]))!r} first",
            "Its weights are not usable: train again with a lower learning rate, or load an older bundle.",
        )
    threshold = np.asarray(task.options.get("threshold", 0.5))
    return Predictions(examples.targets, task.probabilities(logits), threshold, sample)


def aligned(examples: Examples, labels: LabelSpace) -> Examples:
    """Give examples the class ids of a model; other data may have fewer classes.

    Args:
        examples: Examples with targets of shape (n,) or (n, k).
        labels: The label space of the model.

    Returns:
        The same examples with the label space of the model.

    Raises:
        DataError: When they have a label that the model does not know, or another kind of labels.
    """
    target = target_of(labels)
    if examples.labels.matches(labels):
        return replace(examples, labels=labels)  # for quantities: its means and scales
    return replace(examples, targets=target.adopt(examples.targets, examples.labels), labels=labels)
