"""Stop a phase when its validation loss no longer gets lower."""

import math
from typing import Any

import keras

from tfft.training.checkpoint_files import Snapshot


class Patience(keras.callbacks.Callback):
    """Keras' ``EarlyStopping`` on ``val_loss``, in a form that can continue from a checkpoint.

    Args:
        epochs: The number of epochs without a lower loss after which training stops; None never stops.

    Example:
        >>> patience = Patience(1)
        >>> net = keras.Sequential()
        >>> net.stop_training = False
        >>> patience.set_model(net)
        >>> for epoch, loss in enumerate([0.9, 0.4, 0.7]):
        ...     patience.on_epoch_end(epoch, {"val_loss": loss})
        ...     print(net.stop_training)
        False
        False
        True
    """

    def __init__(self, epochs: int | None) -> None:
        super().__init__()
        self._epochs, self._lowest, self._waited = epochs, math.inf, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the epochs without a lower loss.

        Args:
            epoch: The number of the epoch in the phase, from 0.
            logs: The metrics of the epoch.

        Raises:
            KeyError: When the epoch was not validated, so that there is no ``val_loss``.
        """
        loss = float((logs or {})["val_loss"])
        if loss < self._lowest:
            self._lowest, self._waited = loss, 0
        else:
            self._waited += 1
        stop = self._epochs is not None and self._waited >= self._epochs and epoch > 0
        self.model.stop_training = self.model.stop_training or stop

    def snapshot(self) -> Snapshot:
        """Return the lowest loss and the number of epochs since; no arrays."""
        lowest = None if math.isinf(self._lowest) else self._lowest
        return Snapshot({}, {"lowest": lowest, "waited": self._waited})

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot.

        Args:
            found: The result of ``snapshot``.
        """
        lowest = found.values["lowest"]
        self._lowest, self._waited = math.inf if lowest is None else lowest, found.values["waited"]
