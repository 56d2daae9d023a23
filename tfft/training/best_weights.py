"""Keep the best weights, within a phase and across phases."""

from typing import Any

import keras
import numpy as np

from tfft.trainable.overview import Overview
from tfft.training.checkpoint_files import Snapshot

MONITOR = "val_loss"


class BestWeights(keras.callbacks.Callback):
    """Copy the trained variables at the epoch with the lowest validation loss; ``restore`` writes them back.

    The loss decides and not the accuracy, because accuracies on small validation parts are often equal.

    Args:
        overview: The variables of the phase. Only those that should change are copied, each in its own shape and dtype.
        start: The validation loss of the current weights, if it is known. A phase that never gets below it ends with the weights
            that it began with.

    Attributes:
        value: The lowest validation loss so far, including ``start``; None before the first epoch.
        epoch: The epoch of the phase with this loss, from 1; 0 when no epoch was better than ``start``.

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
        """Copy the weights when this epoch is the best so far.

        Args:
            epoch: The number of the epoch in the phase, from 0.
            logs: The metrics of the epoch, from Keras.

        Raises:
            KeyError: When the epoch was not validated, so that there is no ``val_loss``.
        """
        loss = float((logs or {})[MONITOR])
        if np.isfinite(loss) and (self.value is None or loss < self.value):
            self.value, self.epoch, self._copy = loss, epoch + 1, self._read()

    def snapshot(self) -> Snapshot:
        """Return the best weights, each array in the shape of its variable, with their loss and epoch."""
        return Snapshot(
            {str(index): array for index, array in enumerate(self._copy)}, {"value": self.value, "epoch": self.epoch}
        )

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot.

        Args:
            found: The result of ``snapshot``.
        """
        self.value, self.epoch = found.values["value"], found.values["epoch"]
        self._copy = [found.arrays[str(index)] for index in range(len(self._variables))]

    def restore(self) -> None:
        """Write the best weights back; without a better epoch, the weights from before the phase."""
        for variable, value in zip(self._variables, self._copy, strict=True):
            variable.assign(value)

    def _read(self) -> list[np.ndarray]:
        return [np.array(variable.numpy()) for variable in self._variables]
