"""Stop a phase when its validation no longer gets better."""

from typing import Any

import keras

from tfft.training.best_weights import Rank, rank_of
from tfft.training.checkpoint_files import Snapshot


class Patience(keras.callbacks.Callback):
    """Keras' ``EarlyStopping``, in a form that can continue from a checkpoint.

    Args:
        epochs: The number of epochs without a better one after which training stops; None never stops.
        watched: ``Task.watched``: the loss, or a metric of the validation.

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

    def __init__(self, epochs: int | None, watched: str = "loss") -> None:
        super().__init__()
        self._epochs, self._watched, self._waited = epochs, watched, 0
        self._best: Rank | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the epochs since the best one.

        Args:
            epoch: The number of the epoch in the phase, from 0.
            logs: The metrics of the epoch.

        Raises:
            KeyError: When the epoch was not validated, so that there is no ``val_loss``.
        """
        if self._epochs is None:
            return
        rank = rank_of(logs or {}, self._watched)
        if rank is not None and (self._best is None or rank < self._best):
            self._best, self._waited = rank, 0
        else:
            self._waited += 1
        stop = self._waited >= self._epochs and epoch > 0
        self.model.stop_training = self.model.stop_training or stop

    def snapshot(self) -> Snapshot:
        """Return the best rank and the number of epochs since; no arrays."""
        return Snapshot({}, {"best": None if self._best is None else list(self._best), "waited": self._waited})

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot.

        Args:
            found: The result of ``snapshot``.
        """
        best, self._waited = found.values["best"], found.values["waited"]
        self._best = None if best is None else (float(best[0]), float(best[1]))
