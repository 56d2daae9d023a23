"""What a phase reads, and the net that reads it: features of its trunk where they can be kept, pixels or tokens where not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfft.core.precision import FLOAT32, Precision
from tfft.core.strategy import replicas
from tfft.data.examples import Examples
from tfft.data.grouping import by_length
from tfft.data.loading import Arrays, Loading, reading, reading_at_random, reading_together
from tfft.data.pipeline import evaluation_batches, evaluation_steps, readable, steps, training_batches, usable
from tfft.data.tables import NotKeptError
from tfft.models.assembly import TransferModel
from tfft.models.cuts import HEAD
from tfft.models.features import reading_features
from tfft.models.trunk import tail_net, whole_net
from tfft.preprocess import views
from tfft.preprocess.text import TextPreprocessor
from tfft.training.trunk_cache import TrunkCache
from tfft.training.turns import Turn

if TYPE_CHECKING:
    import tensorflow as tf

_VECTORS = 1024
_STEPS = 16


@dataclass(frozen=True)
class Step:
    """One phase, ready for Keras.

    Attributes:
        net: From what is read to float32 logits, shape (batch, outputs).
        train: The batches of all epochs: inputs, float32 targets of shape (batch, outputs), and perhaps weights of shape (batch,).
        validation: The same of the validation part, once.
        train_steps, validation_steps: Batches in one epoch.
        note: What is read, in words, and why where it is not features.
        steps_per_execution: As Keras' ``compile`` takes it; a divisor of ``train_steps``.
    """

    net: keras.Model
    train: "tf.data.Dataset"
    validation: "tf.data.Dataset"
    train_steps: int
    validation_steps: int
    note: str
    steps_per_execution: int = 1

    @property
    def counted(self) -> bool:
        """Whether the weights of the validation examples, shape (batch,), only count them, so that metrics have to heed them.

        Where they are class weights as well, metrics do not heed them, and count an example that comes again once more.
        """
        return len(self.validation.element_spec) == 3 and len(self.train.element_spec) == 2

    def loss_now(self) -> float | None:
        """Validation loss of the weights as they are, so that the first phase has something to beat as well.

        Returns:
            The loss; None when it is not a finite number.

        Raises:
            DataError: When an image cannot be read.
        """
        with readable():
            found = self.net.evaluate(self.validation, steps=self.validation_steps, verbose=0, return_dict=True)
        return float(found["loss"]) if np.isfinite(found["loss"]) else None


def prepare(
    cache: TrunkCache,
    turns: Sequence[Turn],
    batch_size: int,
    class_weight: Mapping[int, float] | None,
    precision: Precision,
) -> Step:
    """Decide what a phase reads, and make its net.

    Args:
        cache: Of the run, with model, data and seed.
        turns: This phase and those after it.
        batch_size: Examples in a batch.
        class_weight: Class id to weight; None for equal weights. They come as sample weights: validation is then weighed as
            training is, and a mixed example weighs what its shares weigh, which Keras' own ``class_weight`` does not know.
        precision: In which trunk and tail compute.

    Returns:
        A Step, its net not yet compiled.

    Raises:
        DataError: When an image cannot be read.
    """
    model, data, now = cache.model, cache.data, turns[0]
    encode = model.task.encode
    try:
        at, tables, held_out = cache.tables(turns, precision.trunk)
    except NotKeptError as reason:
        net = whole_net(model, now.at, precision)
        some, held_out_pixels = cache.pixels(now.phase)
        train = _changed(model, some, cache.raw, now, cache.seed, cache.views(now, precision.trunk))
        validation = reading(held_out_pixels, model.preprocessor, encode)
        what = "tokens" if isinstance(model.preprocessor, TextPreprocessor) else "pixels"
        note = f"{what}: {reason}" if precision.trunk == FLOAT32 else f"{what}, {precision.trunk}: {reason}"
    else:
        net = tail_net(model, at, precision)
        train = reading_features(tables, at, precision.trunk, data.train, encode, now.first_epoch)
        validation = reading_features([held_out], at, precision.trunk, data.validation, encode)
        several = f", {len(tables)} views" if now.phase.augment else ""
        note = f"features {at.describe()}, {precision.trunk}{several}"
        note += f", in memory ({cache.kept.in_memory})" if tables[0].folder is None and cache.kept.in_memory else ""
    note += "" if precision.tail == FLOAT32 or now.at.part == HEAD else f"; trained in {precision.tail}"
    copies = replicas(model.strategy)
    # vectors that are in memory are validated in few large batches; maps are not, since the tail's activations have to fit as well
    vectors = validation.held is not None and all(array.ndim == 2 for array in validation.held)
    at_once = max(batch_size, _VECTORS - _VECTORS % copies) if vectors else batch_size
    epochs = range(now.first_epoch, now.first_epoch + now.phase.epochs)
    per_epoch = steps(usable(len(data.train), batch_size, copies), batch_size)
    return Step(
        net,
        _weighted(training_batches(train, batch_size, epochs, cache.seed, copies), class_weight),
        _weighted(_counted(validation, at_once, copies), class_weight),
        per_epoch,
        # said, so that Keras keeps one iterator, which reads ahead while the next epoch trains
        evaluation_steps(len(data.validation), at_once, copies),
        note,
        # a step of a head takes a millisecond, and so does Keras' loop around it; an average wants to see each of them
        max(n for n in range(1, _STEPS + 1) if per_epoch % n == 0)
        if vectors and copies == 1 and not now.phase.averaging
        else 1,
    )


def _changed(model: TransferModel, examples: Examples, raw: Examples, now: Turn, seed: int, count: int) -> Loading:
    """Training examples, changed as the phase asks for; the epochs take their views in turn."""
    augment, preprocessor = now.phase.augment, model.preprocessor
    if isinstance(preprocessor, TextPreprocessor):
        unchanged = reading(examples, preprocessor, model.task.encode)
        if not augment:
            return unchanged
        return reading_together(
            raw if any(step.of_words for step in augment) else examples,
            lambda items, randoms: preprocessor.collate(views.read_texts(items, preprocessor, augment, randoms)),
            model.task.encode,
            seed,
            unchanged,
        )

    def read(item: Any, random: np.random.Generator) -> np.ndarray:
        return views.read(item, preprocessor, augment, random)

    def mix(pixels: np.ndarray, targets: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return views.mix(pixels, targets, augment, random)

    found, first = reading_at_random(examples, read, model.task.encode, mix, seed), now.first_epoch
    return Loading(found.count, lambda epoch, chosen: found.load(first + (epoch - first) % count, chosen))


def _counted(loading: Loading, batch_size: int, copies: int) -> "tf.data.Dataset":
    """Batches to validate on; the example that comes again to fill up the last one weighs nothing, in loss and in metrics."""
    count, spare = loading.count, -loading.count % copies

    def load(epoch: int, chosen: np.ndarray) -> Arrays:
        again = np.append(False, chosen[1:] == chosen[:-1])
        # Keras divides by the number of examples, not of weights
        weights = np.where(again, 0, (count + spare) / count).astype(np.float32)
        return *loading.load(epoch, chosen), weights

    weighed = replace(loading, load=load, weighted=True, held=None) if spare else loading
    return evaluation_batches(
        weighed, batch_size, None if loading.lengths is None else by_length(loading.lengths), copies
    )


def _weighted(batches: "tf.data.Dataset", class_weight: Mapping[int, float] | None) -> "tf.data.Dataset":
    """The class weights as sample weights; without them the epoch that ignores rare classes might look best."""
    import tensorflow as tf

    if class_weight is None:
        return batches
    classes = tf.constant([class_weight[index] for index in range(len(class_weight))], tf.float32)

    def weighed(inputs: Any, targets: Any, weights: Any = 1.0) -> Any:
        return inputs, targets, weights * tf.linalg.matvec(targets, classes)

    return batches.map(weighed)
