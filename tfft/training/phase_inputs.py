"""Prepare the inputs of a phase and its net: cached features of the trunk where possible, else pixels or tokens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfft.accelerate.precision import FLOAT32, Precision
from tfft.augment import views
from tfft.core.ragged import padded
from tfft.core.strategy import replicas
from tfft.data.examples import Examples, Splits
from tfft.data.feature_tables import NotKeptError
from tfft.data.fixed_batches import filled
from tfft.data.length_bucketing import by_length
from tfft.data.loading import Encoder, Loading, lengths_of, reading, reading_at_random, reading_together
from tfft.data.pipeline import steps, training_batches, validation_batches
from tfft.inputs.image import ImagePreprocessor
from tfft.inputs.text import TextPreprocessor
from tfft.models.assembly import TransferModel
from tfft.models.cuts import HEAD
from tfft.models.features import reading_features
from tfft.models.tokens import padded_to
from tfft.models.trunk import tail_net, whole_net
from tfft.plans.phase import Phase
from tfft.training.feature_schedule import Turn
from tfft.training.trunk_cache import TrunkCache

if TYPE_CHECKING:
    import tensorflow as tf

_VECTORS = 1024


@dataclass(frozen=True)
class Step:
    """The net and the batches of a phase.

    Attributes:
        net: A net from the inputs to float32 logits, shape (batch, outputs).
        train: A function: the number of the first step, from 0, and the replicas of this process -> the training batches from there
            to the end of the phase: a dataset of Batch, with the shares of these replicas one after the other.
        validation: A function: the replicas of this process -> the validation batches of one epoch, in the same form.
        train_steps, validation_steps: Number of batches in one epoch.
        note: A description of the inputs, with the reason when they are not features.
    """

    net: keras.Model
    train: "Callable[[int, range], tf.data.Dataset]"
    validation: "Callable[[range], tf.data.Dataset]"
    train_steps: int
    validation_steps: int
    note: str


def prepare(
    cache: TrunkCache,
    turns: Sequence[Turn],
    batch_size: int,
    class_weight: Mapping[int, float] | None,
    precision: Precision,
    fixed: bool = False,
) -> Step:
    """Decide what a phase reads, and build its net.

    Args:
        cache: The features of the run, with its model, data and seed.
        turns: This phase and all later ones.
        batch_size: Number of examples in a batch.
        class_weight: Class id to weight; None for equal weights. They become weights of examples, also in validation; examples
            that are mixed from two classes get the mean of their weights.
        precision: The dtypes in which trunk and tail compute.
        fixed: Whether all batches must have one static shape: smaller ones are filled up with examples that do not count, and all
            texts are padded to one length.

    Returns:
        A Step.

    Raises:
        DataError: When an image cannot be read.
    """
    model, data, now = cache.model, cache.data, turns[0]
    encode, width = model.task.encode, _width(model, data, now.phase) if fixed else None
    try:
        at, tables, held_out = cache.tables(turns, precision.trunk)
    except NotKeptError as reason:
        net = whole_net(model, now.at, precision)
        some, held_out_pixels = cache.pixels(now.phase)
        preprocessor = padded_to(width, model.preprocessor)
        views_now = cache.views(now, precision.trunk)
        train = _changed(preprocessor, encode, some, cache.raw, now, cache.seed, views_now)
        validation = reading(held_out_pixels, preprocessor, encode)
        what = "tokens" if isinstance(model.preprocessor, TextPreprocessor) else "pixels"
        note = f"{what}: {reason}" if precision.trunk == FLOAT32 else f"{what}, {precision.trunk}: {reason}"
    else:
        net = tail_net(model, at, precision)
        train = reading_features(tables, at, precision.trunk, data.train, encode, now.first_epoch, width)
        validation = reading_features([held_out], at, precision.trunk, data.validation, encode, width=width)
        several = f", {len(tables)} view{'s' if len(tables) > 1 else ''}" if now.phase.augment else ""
        note = f"features {at.describe()}, {precision.trunk}{several}"
        note += f", in memory ({cache.kept.in_memory})" if tables[0].folder is None and cache.kept.in_memory else ""
    note += "" if precision.tail == FLOAT32 or now.at.part == HEAD else f"; trained in {precision.tail}"
    copies = replicas(model.strategy)
    # vectors in memory are validated in few large batches; maps are not, because the activations of the tail need memory
    vectors = validation.held is not None and all(array.ndim == 2 for array in validation.held)
    at_once = max(batch_size, _VECTORS) if vectors else batch_size
    epochs = range(now.first_epoch, now.first_epoch + now.phase.epochs)
    order = None if validation.lengths is None else by_length(validation.lengths)
    train_steps, validation_steps = steps(len(data.train), batch_size), steps(len(data.validation), at_once)
    sizes = min(batch_size, len(data.train)), steps(len(data.validation), validation_steps)
    shares = [steps(size, copies) for size in sizes]

    def finished(batches: "tf.data.Dataset", share: int) -> "tf.data.Dataset":
        return _weighted(filled(batches, share) if fixed else batches, class_weight)

    return Step(
        net,
        lambda step, own: finished(
            training_batches(train, batch_size, epochs, cache.seed, copies, step, own), shares[0]
        ),
        lambda own: finished(validation_batches(validation, at_once, order, copies, own), shares[1]),
        train_steps,
        validation_steps,
        note,
    )


def _width(model: TransferModel, data: Splits, phase: Phase) -> int | None:
    """The number of tokens of all texts of a phase, with padding; None for images."""
    preprocessor, lengths = model.preprocessor, (lengths_of(data.train), lengths_of(data.validation))
    if not isinstance(preprocessor, TextPreprocessor):
        return None
    # other words may have more tokens
    changes = any(step.of_words for step in phase.augment)
    longest = preprocessor.length if changes else max(int(each.max()) for each in lengths if each is not None)
    return padded(int(longest))


def _changed(
    preprocessor: ImagePreprocessor | TextPreprocessor,
    encode: Encoder,
    examples: Examples,
    raw: Examples,
    now: Turn,
    seed: int,
    count: int,
) -> Loading:
    """Training examples with the augmentation of the phase; the epochs use the views in turn."""
    augment = now.phase.augment
    if isinstance(preprocessor, TextPreprocessor):
        unchanged = reading(examples, preprocessor, encode)
        if not augment:
            return unchanged
        return reading_together(
            raw if any(step.of_words for step in augment) else examples,
            lambda items, randoms: preprocessor.collate(views.read_texts(items, preprocessor, augment, randoms)),
            encode,
            seed,
            unchanged,
        )

    def read(item: Any, random: np.random.Generator) -> np.ndarray:
        return views.read(item, preprocessor, augment, random)

    def mix(pixels: np.ndarray, targets: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return views.mix(pixels, targets, augment, random)

    found, first = reading_at_random(examples, read, encode, mix, seed), now.first_epoch
    mixes = any(step.mixes for step in augment)
    return Loading(
        found.count, lambda epoch, chosen: found.load(first + (epoch - first) % count, chosen), together=mixes
    )


def _weighted(batches: "tf.data.Dataset", class_weight: Mapping[int, float] | None) -> "tf.data.Dataset":
    """Class weights as weights of examples; without them, an epoch that ignores rare classes could have the lowest loss."""
    import tensorflow as tf

    if class_weight is None:
        return batches
    classes = tf.constant([class_weight[index] for index in range(len(class_weight))], tf.float32)
    return batches.map(lambda batch: batch._replace(weights=batch.weights * tf.linalg.matvec(batch.targets, classes)))
