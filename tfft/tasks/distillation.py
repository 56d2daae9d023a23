"""How a task learns from the answers of another model: soft targets, and the loss against them.

Soft targets can be averaged: those of a mixture of two images are the mixture of theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.tasks.base import softmax

_TINY = 1e-30


@dataclass(frozen=True)
class Distillation:
    """Functions of a task whose examples have one row of logits.

    Attributes:
        soft: Logits of a teacher, float32, shape (n, outputs), and a temperature -> soft targets, float32, of the same shape.
        loss: Soft targets, logits of the student, both tensors of shape (batch, outputs), and the temperature -> losses, shape
            (batch,). It is zero where the student answers as the teacher.

    Source:
        Hinton, Vinyals and Dean 2015, section 2: gradients of soft targets scale as 1 / temperature ** 2, so the loss is multiplied
        by its square. Their cross-entropy and this divergence have the same gradient.
    """

    soft: Callable[[np.ndarray, float], np.ndarray]
    loss: Callable[[Any, Any, float], Any]


def _divergence(soft: Any, logits: Any, temperature: float) -> Any:
    from keras import ops

    log = ops.log(ops.maximum(soft, _TINY))
    each = soft * (log - ops.log_softmax(logits / temperature, axis=-1))
    return temperature**2 * ops.sum(each, axis=-1)


def _binary_divergence(soft: Any, logits: Any, temperature: float) -> Any:
    from keras import ops

    scaled = logits / temperature
    known = soft * ops.log(ops.maximum(soft, _TINY)) + (1 - soft) * ops.log(ops.maximum(1 - soft, _TINY))
    # -log of sigmoid(x) is softplus(-x)
    each = known + soft * ops.softplus(-scaled) + (1 - soft) * ops.softplus(scaled)
    return temperature**2 * ops.mean(each, axis=-1)


def _squared_error(soft: Any, outputs: Any, temperature: float) -> Any:
    from keras import ops

    return ops.mean(ops.square(outputs - soft), axis=-1)


ONE_CLASS = Distillation(lambda logits, temperature: softmax(logits / temperature).astype(np.float32), _divergence)
"""For one class of each example: the Kullback-Leibler divergence."""
SEVERAL_CLASSES = Distillation(
    lambda logits, temperature: (1 / (1 + np.exp(-logits.astype(np.float64) / temperature))).astype(np.float32),
    _binary_divergence,
)
"""For several labels: the mean of the divergences of all labels."""
QUANTITIES = Distillation(lambda values, temperature: values.astype(np.float32), _squared_error)
"""For standardised quantities: the squared error. The temperature has no effect."""
