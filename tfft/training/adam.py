"""Adam with a rate of its own for each variable, in one pass over the memory where TensorFlow has an operation for it."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfft.core import strategy


class Adam(keras.optimizers.Adam):
    """Keras' Adam and AdamW, with three differences.

    Keras 3.15 makes some ten passes over gradient, moments and variable; ``ResourceApplyAdam`` computes the same formula in one
    (2 cores, 10.6 million parameters in 18 kernels, clipped: 37 -> 19 ms). Decay follows a variable's own rate. And where
    replicas clip, they clip the gradient of the whole batch: Keras clips on each replica the gradient of its share, before the
    shares are summed, so that two replicas may take twice the step of one device.

    Args:
        learning_rate: A number or a schedule.
        factors: ``id`` of a variable to what its rate is multiplied by; 1 for those left out.
        decayed: ``id`` of each variable that decays.
        weight_decay: Share of its rate by which such a variable shrinks in a step, decoupled from the gradient.
        clip_norm: Largest length of the gradient of all variables together; None for no limit.

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
        """``id`` of each variable that ever had a gradient, even a zero gradient: the variables that the loss depends on."""
        return frozenset(self._reached)

    def build(self, variables: list[Any]) -> None:
        """Make the moments.

        Args:
            variables: That train, of any shape.
        """
        factors, decayed, share = self._asked
        self._factors = tuple(factors.get(id(variable), 1.0) for variable in variables)
        self._decays = tuple(share if id(variable) in decayed else 0.0 for variable in variables)
        super().build(variables)

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        # of a table that is looked up, whose rows Keras would measure and square before it sums those of the same token
        grads = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in grads]
        copies = strategy.replicas(strategy.current())
        if copies == 1 or not self.global_clipnorm:
            return super()._clip_gradients(grads)
        return [
            None if gradient is None else gradient / copies
            for gradient in super()._clip_gradients(strategy.summed(grads))
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable.

        Args:
            gradient: Of the variable, in its shape.
            variable: float32.
            learning_rate: Of this step, before the variable's factor.
        """
        index = self._get_variable_index(variable)
        # Keras leaves out variables without a gradient; for the others this is traced once
        self._reached.add(id(self._trainable_variables[index]))
        rate = tf.cast(learning_rate, variable.dtype) * self._factors[index]
        if self._decays[index]:
            variable.assign_sub(variable * (rate * self._decays[index]))
        if strategy.replicas(self._distribution_strategy) > 1:
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
