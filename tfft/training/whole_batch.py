"""Let any optimizer of Keras take steps by gradients of the whole batch, with a learning rate for each variable."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import keras
import tensorflow as tf


class WholeBatch(keras.optimizers.Optimizer):
    """Base class of the optimizers of a phase, behind one of Keras, such as ``class (SGD, WholeBatch)``.

    It differs from Keras in three ways. First, it expects the gradients of the whole batch, already summed over all replicas. It
    clips these, and each replica updates its own copy of the variables. Second, each variable has a learning rate of its own.
    Third, weight decay is proportional to this learning rate, and applies only to some variables.

    Attributes:
        reached: ``id`` of each variable that ever received a gradient, even a zero one: the variables that the loss depends on.
    """

    def prepare(
        self,
        factors: Mapping[int, float],
        decayed: frozenset[int] = frozenset(),
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        """Take the numbers of a phase; before ``build``.

        Args:
            factors: ``id`` of a variable -> factor of its learning rate; 1 for variables that are not listed.
            decayed: ``id`` of each variable with weight decay.
            weight_decay: The fraction of the learning rate by which such a variable shrinks in each step, before the step.
            clip_norm: The largest global norm of the gradients of all variables; None for no clipping.
        """
        self.global_clipnorm = clip_norm
        self._asked = (dict(factors), decayed, weight_decay)
        self._factors: tuple[float, ...] = ()
        self._decays: tuple[float, ...] = ()
        self.reached: set[int] = set()

    def build(self, variables: list[Any]) -> None:
        """Remember the order of the variables.

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
        rate = self._get_current_learning_rate()
        for _, variable in pairs:
            self.reached.add(id(variable))
            if decay := self._decays[self._get_variable_index(variable)]:
                self.assign_sub(
                    variable, tf.convert_to_tensor(variable.value) * (self._rate_of(variable, rate) * decay)
                )
        self._backend_update_step([g for g, _ in pairs], [v for _, v in pairs], rate)
        for _, variable in pairs:
            if variable.constraint is not None:
                self.assign(variable, variable.constraint(tf.convert_to_tensor(variable.value)))
        self.assign_add(self._iterations, tf.ones((), self._iterations.dtype))

    def _rate_of(self, variable: Any, rate: Any) -> Any:
        """The learning rate of a variable, of shape ()."""
        return tf.cast(rate, variable.dtype) * self._factors[self._get_variable_index(variable)]

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        """Update all variables. Keras would sum the gradients of all replicas here, and meet the other replicas."""
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable.value, self._rate_of(variable, learning_rate))

    # by its handle, each replica assigns to its own copy; ``variable.assign`` would meet the other replicas
    def assign(self, variable: Any, value: Any) -> None:
        """Assign a value to the copy of this replica; in ``build``, to all copies.

        Args:
            variable: A variable of Keras or TensorFlow.
            value: The value, in the shape of the variable.
        """
        if tf.distribute.in_cross_replica_context():
            super().assign(variable, value)
            return
        owned = _owned(variable)
        tf.raw_ops.AssignVariableOp(resource=owned.handle, value=tf.cast(value, owned.dtype), validate_shape=True)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Add a value to the copy of this replica.

        Args:
            variable: A variable of Keras or TensorFlow.
            value: The value, in the shape of the variable.
        """
        owned = _owned(variable)
        tf.raw_ops.AssignAddVariableOp(resource=owned.handle, value=tf.cast(value, owned.dtype))

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtract a value from the copy of this replica.

        Args:
            variable: A variable of Keras or TensorFlow.
            value: The value, in the shape of the variable.
        """
        owned = _owned(variable)
        tf.raw_ops.AssignSubVariableOp(resource=owned.handle, value=tf.cast(value, owned.dtype))


@cache
def of_whole_batches(kind: type[keras.optimizers.Optimizer]) -> Any:
    """Return a class with the steps of an optimizer of Keras, and all else as in ``WholeBatch``.

    Args:
        kind: A class with an ``update_step(gradient, variable, learning_rate)``, which assigns by ``self.assign``.

    Returns:
        A subclass of both, with the same name.

    Example:
        >>> sgd = of_whole_batches(keras.optimizers.SGD)(0.5)
        >>> weight = keras.Variable([1.0, 1.0])
        >>> sgd.prepare({id(weight): 0.5})
        >>> sgd.apply([tf.constant([1.0, 2.0])], [weight])
        >>> weight.numpy().tolist()
        [0.75, 0.5]
    """
    return type(kind.__name__, (kind, WholeBatch), {})


def _owned(variable: Any) -> Any:
    return variable.value if isinstance(variable, keras.Variable) else variable
