"""The best weights so far, within a phase and across phases."""

from typing import Any

import keras
import numpy as np

from tfft.trainable.overview import Overview

MONITOR = "val_loss"


class BestWeights(keras.callbacks.Callback):
    """Keep a copy of what moves at the epoch with the lowest validation loss; put it back when asked.

    The loss decides, not the accuracy: it changes smoothly where a small validation part has ties.

    Args:
        overview: Of the phase; only variables that are meant to move are copied, each in its own shape and dtype.
        start: Validation loss of the weights as they are now, when an earlier phase left one. A phase that never gets below it
            ends where it began.

    Attributes:
        value: Lowest validation loss seen, the start included; None before the first epoch.
        epoch: Epoch of the phase it was seen in, from 1; 0 when nothing beat the start.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> keeper = BestWeights(model.apply(tfft.trainable.nothing()))
        >>> for epoch, loss in enumerate([0.9, 0.4, 0.7]):
        ...     keeper.on_epoch_end(epoch, {"val_loss": loss})
        >>> keeper.epoch, keeper.value
        (2, 0.4)
    """

    def __init__(self, overview: Overview, start: float | None = None) -> None:
        super().__init__()
        rows = zip(overview.rows, overview.variables, strict=True)
        self._variables = [variable for row, variable in rows if row.intent != "frozen"]
        self.value, self.epoch = start, 0
        self._copy = self._read()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Copy the weights when the epoch was the best so far.

        Args:
            epoch: Of the phase, from 0.
            logs: Keras' metrics of the epoch.

        Raises:
            KeyError: When the epoch was not validated, so that there is no ``val_loss``.
        """
        loss = float((logs or {})[MONITOR])
        if np.isfinite(loss) and (self.value is None or loss < self.value):
            self.value, self.epoch, self._copy = loss, epoch + 1, self._read()

    def restore(self) -> None:
        """Put the best weights back; those from before the phase when no epoch was any good."""
        for variable, value in zip(self._variables, self._copy, strict=True):
            variable.assign(value)

    def _read(self) -> list[np.ndarray]:
        return [np.array(variable.numpy()) for variable in self._variables]
