"""Keep the best weights, within a phase and across phases."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tfft.trainable.overview import Overview
from tfft.training.checkpoint_files import Snapshot

Rank = tuple[float, float]


def rank_of(logs: Mapping[str, Any], watched: str = "loss") -> Rank | None:
    """Return what decides which of two epochs is better: the lower rank.

    Args:
        logs: The metrics of an epoch; those of validation begin with ``"val_"``.
        watched: ``Task.watched``.

    Returns:
        The loss, or the metric times -1; and the loss, which decides when metrics are equal. None when a number is NaN or infinite.

    Raises:
        KeyError: When the epoch was not validated, so that there is no ``val_loss``.

    Example:
        >>> rank_of({"val_loss": 0.5, "val_exact": 0.75}), rank_of({"val_loss": 0.5, "val_exact": 0.75}, "exact")
        ((0.5, 0.5), (-0.75, 0.5))
    """
    loss = float(logs["val_loss"])
    found = (loss if watched == "loss" else -float(logs[f"val_{watched}"]), loss)
    return found if np.isfinite(found).all() else None


class BestWeights(keras.callbacks.Callback):
    """Copy the trained variables at the epoch with the best validation; ``restore`` writes them back.

    For classes and quantities the lowest loss is best, because accuracies on small validation parts are often equal. Tasks whose
    metric still gets better when the loss no longer does, such as entities, watch a metric: see ``Task.watched``.

    Args:
        overview: The variables of the phase. Only those that should change are copied, each in its own shape and dtype.
        start: The rank of the current weights, if it is known. A phase that never gets below it ends with the weights that it
            began with.
        watched: ``Task.watched``.
        chooses: False keeps the weights of the last epoch, for a training without validation.

    Attributes:
        best: The lowest rank so far, including ``start``; None before the first epoch.
        epoch: The epoch of the phase whose weights are kept, from 1; 0 when no epoch was better than ``start``.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> keeper = BestWeights(model.apply(tfft.trainable.nothing()))
        >>> for epoch, loss in enumerate([0.9, 0.4, 0.7]):
        ...     keeper.on_epoch_end(epoch, {"val_loss": loss})
        >>> keeper.epoch, keeper.loss
        (2, 0.4)
    """

    def __init__(
        self, overview: Overview, start: Rank | None = None, watched: str = "loss", chooses: bool = True
    ) -> None:
        super().__init__()
        rows = zip(overview.rows, overview.variables, strict=True)
        self._variables = [variable for row, variable in rows if row.intent != "frozen"]
        self.best, self.epoch, self._watched, self._chooses = start, 0, watched, chooses
        self._copy = self._read()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Copy the weights when this epoch is the best so far.

        Args:
            epoch: The number of the epoch in the phase, from 0.
            logs: The metrics of the epoch, from Keras.

        Raises:
            KeyError: When the epoch was not validated, so that there is no ``val_loss``.
        """
        if not self._chooses:
            self.epoch, self._copy = epoch + 1, self._read()
            return
        rank = rank_of(logs or {}, self._watched)
        if rank is not None and (self.best is None or rank < self.best):
            self.best, self.epoch, self._copy = rank, epoch + 1, self._read()

    @property
    def loss(self) -> float | None:
        """The validation loss of the best weights, if it is known."""
        return None if self.best is None else self.best[1]

    @property
    def metric(self) -> float | None:
        """The watched metric of the best weights; None when the loss decides, and before the first epoch."""
        return None if self.best is None or self._watched == "loss" else -self.best[0]

    def snapshot(self) -> Snapshot:
        """Return the best weights, each array in the shape of its variable, with their rank and epoch."""
        best = None if self.best is None else list(self.best)
        return Snapshot(
            {str(index): array for index, array in enumerate(self._copy)}, {"best": best, "epoch": self.epoch}
        )

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot.

        Args:
            found: The result of ``snapshot``.
        """
        best, self.epoch = found.values["best"], found.values["epoch"]
        self.best = None if best is None else (float(best[0]), float(best[1]))
        self._copy = [found.arrays[str(index)] for index in range(len(self._variables))]

    def restore(self) -> None:
        """Write the best weights back; without a better epoch, the weights from before the phase."""
        for variable, value in zip(self._variables, self._copy, strict=True):
            variable.assign(value)

    def _read(self) -> list[np.ndarray]:
        return [np.array(variable.numpy()) for variable in self._variables]
