"""The step of a phase that solves a linear head exactly: it collects features, and then solves."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfft.core.strategy import replicas
from tfft.core.values import Batch
from tfft.heads.solving import Solved
from tfft.heads.vector import LOGITS
from tfft.tasks.base import Task
from tfft.training.steps import Steps

_TRUNK = "trunk"
_MOST_LOGITS = 10_000_000  # in one measurement


class SolvedSteps(Steps):
    """Steps that are used as those of an optimizer; an epoch has one of them. Validation is the same.

    The training step collects the features before the logits of all examples, and then solves the head. Loss and metrics of
    training are those of the solution. Each replica and worker computes a share of the features, and all solve the same problem.

    Args:
        net: The net of the phase, from features, pixels or tokens to logits.
        task: The task; it has a ``solve``.
        strategy: The result of ``resolve``; None for a single device.
        head: The head, whose layer ``logits`` is solved.
        batches: The number of batches of all examples.
        folds: The seed of the folds that choose the penalty, and the number of the set of each example, shape (n,): examples of a
            set are in one fold.

    Attributes:
        solved: The solution; None before the step.
    """

    def __init__(
        self,
        net: keras.Model,
        task: Task,
        strategy: Any,
        head: keras.Model,
        batches: int,
        folds: tuple[int, np.ndarray],
    ) -> None:
        super().__init__(net, task.loss(), task.metrics(), None, strategy)
        trunk = [layer for layer in net.layers if layer.name == _TRUNK]
        self._features = keras.Model(net.inputs, trunk[0].output) if trunk else None
        self._layer, self._batches, self._folds = head.get_layer(LOGITS), batches, folds
        self._solve: Any = task.solve
        self._gather = tf.function(self._gathered, autograph=False)
        self.solved: Solved | None = None

    def train(self, iterator: Iterator[Any], count: int) -> dict[str, float]:
        """Collect the features of all examples, and solve the head.

        Args:
            iterator: From ``iterate``.
            count: Not used.

        Returns:
            Loss and metrics of the training examples, by name, sorted.
        """
        return self._called("train", self._solved, iterator, 1)

    def _solved(self, iterator: Iterator[Any], count: Any, said: Any) -> tuple[dict[str, Any], Any]:
        rows = [self._in_order(*self._gather(next(iterator))) for _ in range(self._batches)]
        features, targets, weights = (np.concatenate(each) for each in zip(*rows, strict=True))
        found = self._solve(features, targets, weights, *self._folds)
        self._layer.kernel.assign(found.kernel)
        self._layer.bias.assign(found.bias)
        self.solved = found
        return self._measured(features @ found.kernel + found.bias, targets, weights), said

    def _in_order(self, *rows: Any) -> list[np.ndarray]:
        """The examples of a batch in their order: example k was with replica k modulo their number. Other rows only fill shares."""
        *values, counted = (np.asarray(each) for each in rows)
        there, copies = np.flatnonzero(counted > 0), replicas(self._strategy)
        places = np.concatenate([np.arange(first, len(there), copies) for first in range(copies)])
        return [each[there[np.argsort(places)]] for each in values]

    def _gathered(self, batch: Batch) -> tuple[Any, ...]:
        """Features, targets, weights, and which examples count, of all replicas."""

        def own(batch: Batch) -> tuple[Any, ...]:
            inputs = batch.inputs if self._features is None else self._features(batch.inputs, training=False)
            (features,) = tf.nest.flatten(inputs)
            found = tf.cast(features, tf.float32), batch.targets, batch.weights, batch.counted
            if replicas(self._strategy) == 1:
                return found
            context = tf.distribute.get_replica_context()
            return tuple(context.all_gather(each, axis=0) for each in found)

        if self._strategy is None or replicas(self._strategy) == 1:
            return own(batch)
        found = self._strategy.run(own, args=(batch,))
        return tuple(self._strategy.experimental_local_results(each)[0] for each in found)

    def _measured(self, logits: Any, targets: Any, weights: Any) -> dict[str, Any]:
        """Loss and metrics of the solution; the first replica computes them."""
        strategy = self._strategy or tf.distribute.get_strategy()

        def update(logits: Any, targets: Any, weights: Any) -> None:
            first = tf.distribute.get_replica_context().replica_id_in_sync_group == 0
            own = tf.fill([tf.shape(logits)[0]], tf.cast(first, tf.float32))
            self._mean.update_state(self._loss(targets, logits) * weights, sample_weight=own)
            for metric in self._metrics:
                metric.update_state(targets, logits, sample_weight=own)

        @tf.function(autograph=False, reduce_retracing=True)
        def run(*rows: Any) -> None:
            strategy.run(update, args=rows)

        size = max(1, _MOST_LOGITS // logits.shape[1])
        for start in range(0, len(logits), size):
            run(*(tf.constant(each[start : start + size]) for each in (logits, targets, weights)))
        return {metric.name: metric.result() for metric in (self._mean, *self._metrics)}
