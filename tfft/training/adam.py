"""Adam with a learning rate for each variable, in one pass over memory by TensorFlow's fused operation."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfft.accelerate.switches import is_on


class Adam(keras.optimizers.Adam):
    """Keras' Adam and AdamW, with three differences.

    First, it is faster. Keras 3.15 makes about ten passes over gradients, moments and variables; ``ResourceApplyAdam`` computes the
    same formula in one (2 cores, 10.6 million parameters in 18 kernels, with clipping: 37 -> 19 ms). Second, weight decay is
    proportional to the learning rate of each variable. Third, it expects the gradients of the whole batch, already summed over all
    replicas. It clips these, and each replica updates its own copy of the variables.

    With ``TFFT_ACCELERATE_OFF=adam`` in the environment, separate operations compute the same step.

    Args:
        learning_rate: A number or a schedule.
        factors: ``id`` of a variable -> factor of its learning rate; 1 for variables that are not listed.
        decayed: ``id`` of each variable with weight decay.
        weight_decay: The fraction of the learning rate by which such a variable shrinks in each step, decoupled from the gradient.
        clip_norm: The largest global norm of the gradients of all variables; None for no clipping.

    Attributes:
        reached: ``id`` of each variable that ever received a gradient, even a zero one: the variables that the loss depends on.

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
        self.reached: set[int] = set()

    def build(self, variables: list[Any]) -> None:
        """Create the moments.

        Args:
            variables: The trained variables, of any shape.
        """
        factors, decayed, share = self._asked
        self._factors = tuple(factors.get(id(variable), 1.0) for variable in variables)
        self._decays = tuple(share if id(variable) in decayed else 0.0 for variable in variables)
        super().build(variables)

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
        """Take one step.

        Args:
            grads: The gradient of the whole batch for each variable, in its shape; None for a variable without a gradient.
            trainable_variables: The variables, which must be those that the optimizer was built for, in any order.
        """
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            self.build(variables)
        # gradients of embeddings are sparse: Keras would compute the norm before it sums the rows of the same token
        grads = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in grads]
        pairs = [(g, v) for g, v in zip(self._clip_gradients(grads), variables, strict=True) if g is not None]
        rate, step = self._get_current_learning_rate(), tf.cast(self.iterations.value, tf.float32) + 1
        powers = {kind: self._powers(step, kind) for kind in {variable.dtype for _, variable in pairs}}
        for gradient, variable in pairs:
            index, kind = self._get_variable_index(variable), variable.dtype
            self.reached.add(id(variable))
            self._step(index, tf.cast(gradient, kind), variable, tf.cast(rate, kind), powers[kind])
            if variable.constraint is not None:
                allowed = variable.constraint(tf.convert_to_tensor(variable.value))
                tf.raw_ops.AssignVariableOp(resource=variable.value.handle, value=allowed)
        # by its handle, each replica counts its own copy; ``assign_add`` would meet the other replicas
        tf.raw_ops.AssignAddVariableOp(
            resource=self.iterations.value.handle, value=tf.ones((), self.iterations.value.dtype)
        )

    def _powers(self, step: Any, kind: str) -> list[Any]:
        """Both betas to the power of the number of the step, which counts from 1."""
        return [tf.pow(tf.cast(beta, kind), tf.cast(step, kind)) for beta in (self.beta_1, self.beta_2)]

    def _step(self, index: int, gradient: Any, variable: Any, rate: Any, powers: list[Any]) -> None:
        """Update one variable."""
        owned = variable.value
        rate = rate * self._factors[index]
        if self._decays[index]:
            shrunk = tf.convert_to_tensor(owned) * (rate * self._decays[index])
            tf.raw_ops.AssignSubVariableOp(resource=owned.handle, value=shrunk)
        means, squares = self._momentums[index].value, self._velocities[index].value
        if is_on("adam"):
            tf.raw_ops.ResourceApplyAdam(
                var=owned.handle, m=means.handle, v=squares.handle, beta1_power=powers[0], beta2_power=powers[1],
                lr=rate, beta1=self.beta_1, beta2=self.beta_2, epsilon=self.epsilon, grad=gradient,
            )  # fmt: skip
            return
        mean = self.beta_1 * tf.convert_to_tensor(means) + (1 - self.beta_1) * gradient
        square = self.beta_2 * tf.convert_to_tensor(squares) + (1 - self.beta_2) * tf.square(gradient)
        rate *= tf.sqrt(1 - powers[1]) / (1 - powers[0])
        for target, value in ((means, mean), (squares, square)):
            tf.raw_ops.AssignVariableOp(resource=target.handle, value=value)
        tf.raw_ops.AssignSubVariableOp(resource=owned.handle, value=rate * mean / (tf.sqrt(square) + self.epsilon))
