"""Average the weights of the last steps; the average is validated and kept in place of the weights."""

import math
import sys
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfft.trainable.overview import Overview
from tfft.training.checkpoint_files import Snapshot

# updates of the average within its window; not one for each step, because an update of the 10.6 million weights of MiniLM takes
# 20 ms on 2 cores
_UPDATES = 4
_COUNTERS = ("now", "last", "in_epoch", "epoch")


class Averaging(keras.callbacks.Callback):
    """Keep an exponential moving average of the trained variables. It is in the net during validation only.

    At a high learning rate the weights move around a minimum, and their average is closer to it. Training itself continues from
    the weights without the average. This callback must come after ``BestWeights`` in the list of callbacks, so that
    ``BestWeights`` copies the average. Keras' ``SwapEMAWeights`` is not used: it averages at every step, swaps by adding and
    subtracting, which rounds the weights, and leaves the copy of the optimizer in the net.

    Args:
        overview: The variables of the phase. Only those that should change are averaged, each in its own shape.
        share: The window of the average, as a fraction of the steps of the phase, in [0, 1); 0 switches averaging off.
        steps: The number of optimizer steps in the whole phase.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> averaging = Averaging(model.apply(tfft.trainable.nothing()), share=0.5, steps=8)
        >>> bias = model.head_net.get_layer("logits").bias
        >>> for step, value in enumerate([0.0, 0.0, 3.0]):
        ...     _ = bias.assign([value, value])
        ...     averaging.on_train_batch_end(step)
        >>> averaging.on_test_begin()
        >>> round(float(bias.numpy()[0]), 2)
        1.46
        >>> averaging.on_epoch_end(0)
        >>> bias.numpy().tolist()
        [3.0, 3.0]

    Source:
        Kingma and Ba 2015, "Adam", section 7.2, after Polyak and Juditsky 1992.
    """

    def __init__(self, overview: Overview, share: float, steps: int) -> None:
        super().__init__()
        rows = zip(overview.rows, overview.variables, strict=True)
        self._variables = [variable for row, variable in rows if row.intent != "frozen"] if share else []
        self._window = max(1.0, share * steps)
        self._every = max(1, round(self._window / _UPDATES))
        self._now = self._last = self._in_epoch = self._epoch = 0
        self._average: list[Any] = []
        self._own: list[Any] = []
        # a traced call is faster than eager operations
        self._move = tf.function(self._moved, autograph=False, jit_compile=False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the steps of a new epoch from 0; an epoch that continues from a checkpoint is not new.

        Args:
            epoch: The number of the epoch in the phase, from 0.
            logs: Not used.
        """
        if epoch != self._epoch:
            self._epoch, self._in_epoch = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the weights to the average, if enough steps have passed since the last time.

        Args:
            batch: The number of the batch in the epoch, from 0. Several steps may be taken between two calls.
            logs: Not used.
        """
        self._now += batch + 1 - self._in_epoch
        self._in_epoch = batch + 1
        if not self._average or self._now - self._last >= self._every:
            self._take()

    def pause(self) -> int:
        """Return how many steps may be taken before the average must see the weights.

        Returns:
            A number of steps, at least 1.
        """
        if not self._variables:
            return sys.maxsize
        return max(1, self._last + self._every - self._now) if self._average else 1

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Write the average into the net, each value in the shape of its variable.

        Args:
            logs: Not used.
        """
        if self._average:
            self._take()
            self._own = self._read()
            self._write(self._average)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the weights back from which training continues, each in its own shape.

        Args:
            epoch: The number of the epoch in the phase, from 0.
            logs: Not used.
        """
        self.put_back()

    def put_back(self) -> None:
        """Write the weights back without the end of an epoch, when validation was interrupted."""
        if self._own:
            self._write(self._own)
            self._own = []

    def snapshot(self) -> Snapshot:
        """Return the average, each array in the shape of its variable, and the numbers of steps."""
        average = {str(index): value.numpy() for index, value in enumerate(self._average)}
        return Snapshot(average, {name: getattr(self, f"_{name}") for name in _COUNTERS})

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot.

        Args:
            found: The result of ``snapshot``.
        """
        self._average = [ops.convert_to_tensor(found.arrays[str(index)]) for index in range(len(found.arrays))]
        for name in _COUNTERS:
            setattr(self, f"_{name}", found.values[name])

    def _take(self) -> None:
        # in the beginning the window is half of the steps so far; otherwise the first steps would dominate for long
        share = 1 - math.exp((self._last - self._now) / min(self._window, self._now / 2))
        if self._average:
            self._average = self._move(self._average, tf.constant(share))
        else:
            self._average = self._read()
        self._last = self._now

    def _moved(self, averages: list[Any], share: Any) -> list[Any]:
        pairs = zip(averages, self._variables, strict=True)
        return [old + tf.cast(share, old.dtype) * (tf.convert_to_tensor(new.value) - old) for old, new in pairs]

    def _read(self) -> list[Any]:
        return [ops.copy(variable) for variable in self._variables]

    def _write(self, values: list[Any]) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
