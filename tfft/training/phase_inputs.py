"""Prepare the inputs of a phase and its net: cached features of the trunk where possible, else pixels or tokens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfft.accelerate.precision import FLOAT32, Precision
from tfft.augment import views
from tfft.core.ragged import padded
from tfft.core.seed import derive
from tfft.core.strategy import replicas
from tfft.core.values import Arrays
from tfft.data.examples import Examples
from tfft.data.feature_tables import NotKeptError
from tfft.data.fixed_batches import filled
from tfft.data.length_bucketing import by_length
from tfft.data.loading import Encoder, Loading, TargetReader, draw, lengths_of, reading, reading_at_random, unchanging
from tfft.data.pipeline import steps, training_batches, validation_batches
from tfft.inputs.base import Preprocessor
from tfft.models.cuts import HEAD
from tfft.models.features import Epochs, reading_features
from tfft.models.trunk import tail_net, whole_net
from tfft.plans.phase import Phase
from tfft.training.context import RunContext
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
        in_order: A function: the replicas of this process -> all training examples once and in their order, in the same form.
        validation: A function: the replicas of this process -> the validation batches of one epoch, in the same form.
        train_steps, validation_steps: Number of batches in one epoch; a refit has no validation step.
        note: A description of the inputs, with the reason when they are not features.
    """

    net: keras.Model
    train: "Callable[[int, range], tf.data.Dataset]"
    in_order: "Callable[[range], tf.data.Dataset]"
    validation: "Callable[[range], tf.data.Dataset]"
    train_steps: int
    validation_steps: int
    note: str


def prepare(
    context: RunContext,
    cache: TrunkCache,
    turns: Sequence[Turn],
    batch_size: int,
    class_weight: Mapping[int, float] | None,
    precision: Precision,
    fixed: bool = False,
) -> Step:
    """Decide what a phase reads, and build its net.

    Args:
        context: The run: its model, examples and seed.
        cache: The features of the run.
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
    now, copies = turns[0], replicas(context.model.strategy)
    net, train, validation, note = _read(context, cache, turns, precision, fixed)
    # vectors in memory are validated in few large batches; maps are not, because the activations of the tail need memory
    held = None if validation is None else validation.held
    vectors = held is not None and all(array.ndim == 2 for array in (*held.inputs.values(), held.targets))
    at_once = max(batch_size, _VECTORS) if vectors else batch_size
    epochs = range(now.first_epoch, now.first_epoch + now.phase.epochs)
    train_steps = steps(train.count, batch_size)
    share = steps(min(batch_size, train.count), copies)

    def finished(batches: "tf.data.Dataset", share: int) -> "tf.data.Dataset":
        return _weighted(filled(batches, share) if fixed else batches, class_weight)

    def separated(batches: "tf.data.Dataset") -> "tf.data.Dataset":
        return finished(batches if context.soft_targets is None else context.soft_targets.separated(batches), share)

    def to_train(step: int, own: range) -> "tf.data.Dataset":
        return separated(training_batches(train, batch_size, epochs, context.seed, copies, step, own))

    def in_order(own: range) -> "tf.data.Dataset":
        return separated(validation_batches(train, batch_size, None, copies, own))

    if validation is None:
        return Step(net, to_train, in_order, in_order, train_steps, 0, note)
    order = None if validation.lengths is None else by_length(validation.lengths)
    validation_steps = steps(validation.count, at_once)
    held_out, most = validation, steps(steps(validation.count, validation_steps), copies)

    def to_validate(own: range) -> "tf.data.Dataset":
        return finished(validation_batches(held_out, at_once, order, copies, own), most)

    return Step(net, to_train, in_order, to_validate, train_steps, validation_steps, note)


def _read(
    context: RunContext, cache: TrunkCache, turns: Sequence[Turn], precision: Precision, fixed: bool
) -> tuple[keras.Model, Loading, Loading | None, str]:
    """The net of a phase, what it reads for training and for validation, and a description of that."""
    model, now = context.model, turns[0]
    train, validation = _with_soft_targets(context, context.train.examples), context.validation.examples
    encode, width = model.task.encode, _width(context, now.phase) if fixed else None
    try:
        at, tables, held_out = cache.tables(turns, precision.trunk)
    except NotKeptError as reason:
        some, held_out_rows = cache.pixels(now.phase)
        preprocessor = model.preprocessor.padded_to(width)
        net = whole_net(model, now.at, precision)
        count = cache.views(now, precision.trunk)
        loadings = (
            _changed(context, preprocessor, _with_soft_targets(context, some), now, count),
            None if held_out_rows is None else reading(held_out_rows, preprocessor, encode),
        )
        short = "" if precision.trunk == FLOAT32 else f", {precision.trunk}"
        note = f"{preprocessor.unit}{short}: {reason}"
    else:
        net = tail_net(model, at, precision)
        epochs = Epochs(now.first_epoch, _targets(context, now, len(tables)))
        loadings = (
            reading_features(tables, at, precision.trunk, train, _encode(context), epochs, width),
            None
            if held_out is None
            else reading_features([held_out], at, precision.trunk, validation, encode, width=width),
        )
        several = f", {len(tables)} view{'s' if len(tables) > 1 else ''}" if now.phase.augment else ""
        note = f"features {at.describe()}, {precision.trunk}{several}"
        note += f", in memory ({cache.kept.in_memory})" if tables[0].folder is None and cache.kept.in_memory else ""
    note += "" if precision.tail == FLOAT32 or now.at.part == HEAD else f"; trained in {precision.tail}"
    return net, *loadings, note


def _with_soft_targets(context: RunContext, examples: Examples) -> Examples:
    """Training examples with the answers of the teacher, if there is one."""
    return examples if context.soft_targets is None else context.soft_targets.with_targets(examples)


def _encode(context: RunContext) -> Encoder:
    """How targets of training examples become arrays."""
    encode = context.model.task.encode
    return encode if context.soft_targets is None else context.soft_targets.encode(encode)


def _width(context: RunContext, phase: Phase) -> int | None:
    """The number of tokens of all texts of a phase, with padding; None for images."""
    lengths = [lengths_of(part.examples) for part in (context.train, context.validation)]
    if context.model.preprocessor.length is None:
        return None
    # other words may have more tokens
    changes = any(step.of_words for step in phase.augment)
    longest = max(int(each.max()) for each in lengths if each is not None)
    return padded(context.model.preprocessor.length if changes else longest)


def _changed(context: RunContext, preprocessor: Preprocessor, examples: Examples, now: Turn, count: int) -> Loading:
    """Training examples with the augmentation of the phase; the epochs use the ``count`` views in turn."""
    augment, encode, first = now.phase.augment, _encode(context), now.first_epoch
    unchanged = reading(examples, preprocessor, encode)
    if not augment:
        return unchanged
    source = context.train.raw if any(step.of_words for step in augment) else examples

    def read(items: Sequence[Any], randoms: Sequence[np.random.Generator]) -> Arrays:
        return preprocessor.collate(views.changed(items, preprocessor, augment, randoms))

    def mix(arrays: Arrays, targets: np.ndarray, random: np.random.Generator) -> tuple[Arrays, np.ndarray]:
        return views.mix(arrays, targets, augment, random)

    found = reading_at_random(source, read, _targets(context, now, count), encode, mix, context.seed, unchanged)
    mixes = any(step.mixes for step in augment)
    return replace(
        found, load=lambda epoch, chosen: found.load(first + (epoch - first) % count, chosen), together=mixes
    )


def _targets(context: RunContext, now: Turn, count: int) -> TargetReader:
    """The targets of training examples by epoch. Masks change with their images; the epochs use the ``count`` views in turn."""
    rows, masks = _with_soft_targets(context, context.train.examples), context.train.raw.targets
    augment, first, seed = now.phase.augment, now.first_epoch, derive(context.seed, "augment")
    alignment = context.model.preprocessor.alignment
    if not augment or context.model.task.place is None or alignment is None:
        return unchanging(rows)

    def read(epoch: int, chosen: np.ndarray) -> np.ndarray:
        view = first + (epoch - first) % count
        drawn = [(masks[int(index)], draw(seed, view, int(index))) for index in chosen]
        return np.stack([views.moved(mask, alignment, augment, random) for mask, random in drawn])

    return read


def _weighted(batches: "tf.data.Dataset", class_weight: Mapping[int, float] | None) -> "tf.data.Dataset":
    """Class weights as weights of examples; without them, an epoch that ignores rare classes could have the lowest loss."""
    import tensorflow as tf

    if class_weight is None:
        return batches
    classes = tf.constant([class_weight[index] for index in range(len(class_weight))], tf.float32)

    def weights(targets: Any) -> Any:
        if targets.dtype.is_integer:  # class ids; those without a class have no weight in any case
            return tf.gather(classes, tf.clip_by_value(targets, 0, len(class_weight) - 1))
        return tf.linalg.matvec(targets, classes)

    return batches.map(lambda batch: batch._replace(weights=batch.weights * weights(batch.targets)))
