"""Run a model over examples batch by batch, and keep its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tfft.core import strategy
from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.core.values import RowLogits, argument_of
from tfft.data.examples import Examples
from tfft.data.leakage import Seen
from tfft.data.loading import reading
from tfft.data.pipeline import check_batch_size, readable
from tfft.data.targets import target_of
from tfft.inputs.base import Preprocessor
from tfft.models import inference
from tfft.models.assembly import TransferModel
from tfft.models.prepared import Prepared, check_kind, prepared, read
from tfft.models.recomputed import Sample
from tfft.tasks.base import Task

if TYPE_CHECKING:
    import keras


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
    def preprocessor(self) -> Preprocessor:
        """The preprocessor: raw input -> uint8 pixels of shape (height, width, 3), or token ids of shape (tokens, 2)."""

    @property
    def seen(self) -> Seen | None:
        """Content hashes of its training and validation examples; None when they are unknown."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """The answers of a model to n examples.

    Attributes:
        probabilities: float64, shape (n, outputs); for a regression the predicted quantities in the unit of the user; for answers
            word by word, an array of shape (words, outputs) for each example; for masks, uint8 of shape (height, width, 2).
        sample: A few examples with their logits; None for a loaded Predictor.
        statistics: Lengths, truncated and unknown tokens of texts; None for images.
    """

    probabilities: Any
    sample: Sample | None = None
    statistics: Mapping[str, float] | None = None


def predict(
    model: Model,
    examples: Examples,
    batch_size: int,
    ready: Prepared | None = None,
    features: inference.Features | None = None,
) -> Predictions:
    """Run a model over examples in their order.

    Args:
        model: The model.
        examples: The n examples.
        batch_size: Number of examples in a batch.
        ready: The same examples, if they are already prepared with the preprocessor of the model.
        features: As for ``answered``.

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
    ready = prepared(model.preprocessor, examples, task.align, task.place) if ready is None else ready
    with readable():
        if isinstance(model, TransferModel):
            found, sample = inference.answered(model, ready, batch_size, features)
        else:
            loading = reading(ready.examples, model.preprocessor, task.encode)
            around = model.net.distribute_strategy
            shared = around if strategy.local_replicas(around) > 1 else None
            passes = inference.Passes(batch_size, shared, False, task.reduce)
            logits = inference.computed(model.net, loading, argument_of, passes)
            found = RowLogits(logits, ready.examples.inputs, ready.owner, len(examples))
    strange = np.unique(ready.owner[[not task.usable(row) for row in found.logits]])
    if len(strange):
        raise DataError(
            f"The net answers with NaN or infinity for {len(strange)} of {len(examples)} examples.",
            f"{examples.name(int(strange[0]))!r} first",
            "Its weights are not usable: train again with a lower learning rate, or load an older bundle.",
        )
    answers = task.restore(task.probabilities(task.merge(found)), examples.inputs, model.preprocessor.alignment)
    return Predictions(answers, sample, ready.statistics)


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
    return replace(examples, targets=target_of(labels).adopt(examples.targets, examples.labels), labels=labels)
