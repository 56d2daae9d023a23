"""Soft targets: the answers of a teacher, which travel with the targets of training batches to the loss."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.values import Arrays, Batch
from tfft.data.examples import Examples
from tfft.data.leakage import Seen
from tfft.data.loading import Encoder
from tfft.tasks.distillation import Distillation

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """The answers of a teacher to the training examples of a run.

    Attributes:
        soft: Soft targets, float32, shape (n, outputs), in the order of examples and labels of the student.
        distillation: How the task of the student learns from them.
        temperature: As in ``Teacher``.
        weight: As in ``Teacher``.
        seen: The training and validation examples of the teacher; None when they are unknown.
    """

    soft: np.ndarray
    distillation: Distillation
    temperature: float
    weight: float
    seen: Seen | None = None

    def with_targets(self, examples: Examples) -> Examples:
        """Return training examples whose targets are those for ``encode``.

        Args:
            examples: All n training examples, with targets of shape (n,) or (n, k).
        """
        return replace(examples, targets=_Pairs(examples.targets, self.soft))

    def encode(self, encode: Encoder) -> Encoder:
        """Return a function that encodes the targets of a batch, and puts the soft ones behind them, so that both are mixed alike.

        Args:
            encode: ``Task.encode``, which gives targets of shape (batch, outputs).
        """

        def both(pairs: _Pairs, inputs: Arrays) -> tuple[np.ndarray, np.ndarray | None]:
            targets, counted = encode(pairs.targets, inputs)
            return np.concatenate([targets, pairs.soft], axis=-1), counted

        return both

    def separated(self, batches: "tf.data.Dataset") -> "tf.data.Dataset":
        """Separate the targets that ``encode`` has put together.

        Args:
            batches: A dataset of Batch, with targets of shape (batch, 2 * outputs).

        Returns:
            A dataset of Batch, with ``targets`` and ``soft`` of shape (batch, outputs).
        """
        outputs = self.soft.shape[1]
        return batches.map(
            lambda batch: batch._replace(targets=batch.targets[:, :-outputs], soft=batch.targets[:, -outputs:])
        )

    def losses(self, losses: Any, batch: Batch, logits: Any) -> Any:
        """Add the loss of the soft targets.

        Args:
            losses: The losses of the labels, a tensor of shape (batch,).
            batch: The training batch.
            logits: Those of the student, shape (batch, outputs).

        Returns:
            Losses of shape (batch,).
        """
        return (1 - self.weight) * losses + self.weight * self.distillation.loss(batch.soft, logits, self.temperature)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Targets and soft targets of the same examples."""

    targets: Any
    soft: np.ndarray

    def __len__(self) -> int:
        return len(self.soft)

    def __getitem__(self, index: Any) -> "_Pairs":
        return _Pairs(self.targets[index], self.soft[index])
