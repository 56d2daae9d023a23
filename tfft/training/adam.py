"""Adam with a learning rate for each variable, in one pass over memory by TensorFlow's fused operation."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfft.accelerate.switches import is_on
from tfft.core import strategy


class Adam(keras.optimizers.Adam):
    """Keras' Adam and AdamW, with three differences.

    First, it is faster. Keras 3.15 makes about ten passes over gradients, moments and variables; ``ResourceApplyAdam`` computes the
    same formula in one (2 cores, 10.6 million parameters in 18 kernels, with clipping: 37 -> 19 ms). Second, weight decay is
    proportional to the learning rate of each variable. Third, replicas clip the gradient of the whole batch. Keras clips on each
    replica before the gradients are summed, so that two replicas can take twice the step of one device.

    With ``TFFT_ACCELERATE_OFF=adam`` in the environment, Keras computes the step; the other two differences stay.

    Args:
        learning_rate: A number or a schedule.
        factors: ``id`` of a variable -> factor of its learning rate; 1 for variables that are not listed.
        decayed: ``id`` of each variable with weight decay.
        weight_decay: The fraction of the learning rate by which such a variable shrinks in each step, decoupled from the gradient.
        clip_norm: The largest global norm of the gradients of all variables; None for no clipping.

    Source:
        Kingma and Ba 2015, with the bias correction in the rate, as in the last lines of its section 2; Loshchilov and Hutter 2019.
    """

    def __init__(
        self,
        learning_rate: Any,
        factors: Mapping[int, float],
        decayed: frozenset[int] = frozenset(),
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, global_clipnorm=clip_norm)
        self._asked = (dict(factors), decayed, weight_decay)
        self._factors: tuple[float, ...] = ()
        self._decays: tuple[float, ...] = ()
        self._reached: set[int] = set()

    @property
    def reached(self) -> frozenset[int]:
        """``id`` of each variable that ever received a gradient, even a zero one: the variables that the loss depends on."""
        return frozenset(self._reached)

    def build(self, variables: list[Any]) -> None:
        """Create the moments.

        Args:
            variables: The trained variables, of any shape.
        """
        factors, decayed, share = self._asked
        self._factors = tuple(factors.get(id(variable), 1.0) for variable in variables)
        self._decays = tuple(share if id(variable) in decayed else 0.0 for variable in variables)
        super().build(variables)

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        # gradients of embeddings are sparse: Keras would compute the norm before it sums the rows of the same token
        grads = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in grads]
        copies = strategy.replicas(strategy.current())
        if copies == 1 or not self.global_clipnorm:
            return super()._clip_gradients(grads)
        return [
            None if gradient is None else gradient / copies
            for gradient in super()._clip_gradients(strategy.summed(grads))
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable.

        Args:
            gradient: The gradient, in the shape of the variable.
            variable: A float32 variable.
            learning_rate: The learning rate of this step, before it is multiplied by the factor of the variable.
        """
        index = self._get_variable_index(variable)
        # Keras does not call this for variables without a gradient; for the others it is traced once
        self._reached.add(id(self._trainable_variables[index]))
        rate = tf.cast(learning_rate, variable.dtype) * self._factors[index]
        if self._decays[index]:
            variable.assign_sub(variable * (rate * self._decays[index]))
        if strategy.replicas(self._distribution_strategy) > 1 or not is_on("adam"):
            super().update_step(gradient, variable, rate)
            return
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )
