"""The steps of a phase on the replicas of a strategy: each kind is traced once, and one call runs several of them.

Keras' ``fit`` is not used: it averages the gradients of replicas with unequal shares wrongly, clips them before they are summed,
cannot accumulate them under a strategy (Keras issue 20582), and does not run on several machines (issue 20585).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfft.core.strategy import replicas
from tfft.core.values import Batch
from tfft.core.workers import cluster_of
from tfft.data.fixed_batches import cyclic


class Steps:
    """Training and validation steps. Make it in the scope of the strategy, after the optimizer was built.

    The gradients of all replicas are summed once, divided by the number of examples, clipped, and applied on each replica. Uneven
    shares are therefore exact. ``net.losses``, such as weight regularisation, are added to the loss of each example.

    Args:
        net: A net from inputs of shape (batch, ...) to float32 logits, shape (batch, outputs).
        loss: A Keras loss of (targets, logits).
        metrics: Keras metrics of (targets, logits), with names.
        optimizer: The optimizer of the phase; None when nothing will be trained.
        strategy: The result of ``resolve``; None for a single device.
        parts: Each replica computes its share of a training batch in this many parts, and adds their gradients: less memory is
            needed, and the result is that of the whole share, except in batch normalisation that trains.
        unrolled: The loop of training steps contains this many copies of a step, with the same results. With 8 copies, a step of a
            Dense head takes 0.2 ms less on 2 cores, but tracing takes a second more.

    Attributes:
        alone: Whether no other process trains along.
        wishes: A function that returns three numbers, 1.0 for yes: to stop, to save within an epoch, and to save at its end.
        heard: The largest wishes of all workers; all of them see these after the same step.
        pace: Seconds and number of steps of a recent call of each kind, on which all workers agree.
        add_soft_losses: A function: the losses of the labels, a training batch, and logits -> losses with those of its soft
            targets. Set it before the first step; None without a teacher.

    Example:
        >>> net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> steps = Steps(net, keras.losses.MeanSquaredError(), [])
        >>> ones = tf.ones(2)
        >>> data = tf.data.Dataset.from_tensors(Batch(tf.constant([[1.0], [3.0]]), tf.zeros((2, 1)), ones, ones))
        >>> steps.validate(steps.iterate(lambda own: data), 1)
        {'loss': 5.0}
    """

    def __init__(
        self,
        net: keras.Model,
        loss: keras.losses.Loss,
        metrics: Sequence[keras.metrics.Metric],
        optimizer: Any = None,
        strategy: "tf.distribute.Strategy | None" = None,
        parts: int = 1,
        unrolled: int = 1,
    ) -> None:
        self._net, self._loss, self._optimizer, self._strategy, self._parts = net, loss, optimizer, strategy, parts
        self.alone = cluster_of(strategy) is None
        self.wishes: Callable[[], tuple[float, float, float]] = lambda: (0.0, 0.0, 0.0)
        self.heard = (0.0, 0.0, 0.0)
        self.pace: dict[str, tuple[float, int]] = {}
        self.add_soft_losses: Callable[[Any, Batch, Any], Any] | None = None
        self._spent = {"train": (0.0, 1), "validate": (0.0, 1)}
        loss.reduction = "none"
        self._mean = keras.metrics.Mean("loss")
        self._metrics = list(metrics)
        self._variables = list(net.trainable_variables)
        self._train = self._several(self._training_step, unrolled)
        self._validate = self._several(self._validation_step)

    def iterate(self, batches: "Callable[[range], tf.data.Dataset]") -> Iterator[Any]:
        """Make an iterator for ``train`` or ``validate``.

        Args:
            batches: A function: numbers of replicas -> a dataset of Batch: for each batch, the shares of these replicas.

        Returns:
            An iterator over batches of all replicas.
        """
        count = replicas(self._strategy)
        if self._strategy is None or count == 1:
            return iter(batches(range(1)))

        def of_process(context: "tf.distribute.InputContext") -> "tf.data.Dataset":
            each = count // context.num_input_pipelines
            first = each * context.input_pipeline_id
            return batches(range(first, first + each))

        return iter(self._strategy.distribute_datasets_from_function(of_process))

    def train(self, iterator: Iterator[Any], count: int) -> dict[str, float]:
        """Run training steps in one call.

        Args:
            iterator: From ``iterate``.
            count: The number of batches.

        Returns:
            The mean of loss and metrics since ``reset``, by name, sorted.
        """
        return self._called("train", self._train, iterator, count)

    def validate(self, iterator: Iterator[Any], count: int) -> dict[str, float]:
        """Run validation steps in one call.

        Args:
            iterator: From ``iterate``.
            count: The number of batches.

        Returns:
            As for ``train``.
        """
        return self._called("validate", self._validate, iterator, count)

    @property
    def variables(self) -> list[Any]:
        """The variables of loss and metrics: float32 scalars, or of any shape for the metrics of a task."""
        return [variable for metric in (self._mean, *self._metrics) for variable in metric.variables]

    def reset(self) -> None:
        """Begin new means of loss and metrics."""
        for metric in (self._mean, *self._metrics):
            metric.reset_state()

    def _called(self, kind: str, several: Callable[..., Any], iterator: Iterator[Any], count: int) -> dict[str, float]:
        """Call a traced function; with several workers, what each of them says reaches all others."""
        begun = time.monotonic()
        said = tf.constant([*self.wishes(), self._spent[kind][0]])
        found, told = several(iterator, tf.constant(count), said)
        results = {name: float(found[name]) for name in sorted(found)}
        *heard, seconds = (float(number) for number in told)
        before, self._spent[kind] = self._spent[kind], (time.monotonic() - begun, count)
        # the other workers hear only in their next call what this one wishes now, and how long it took
        self.heard = self.wishes() if self.alone else (heard[0], heard[1], heard[2])
        self.pace[kind] = self._spent[kind] if self.alone else (seconds, before[1])
        return results

    def _several(self, step: Callable[[Batch], None], unrolled: int = 1) -> Callable[..., Any]:
        """A traced function that runs a step several times on every replica."""
        strategy = self._strategy or tf.distribute.get_strategy()
        step = tf.autograph.experimental.do_not_convert(step)

        def mean(said: Any) -> Any:
            # a tensor from outside has no device
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, tf.identity(said))

        @tf.function(autograph=False, jit_compile=False)
        def run(iterator: Any, count: Any, said: Any) -> tuple[dict[str, Any], Any]:
            def repeat(done: Any, copies: int) -> Any:
                def body(done: Any) -> Any:
                    for _ in range(copies):
                        strategy.run(step, args=(next(iterator),))
                    return (done + copies,)

                return tf.while_loop(lambda done: done + copies <= count, body, (done,), parallel_iterations=1)[0]

            if not self.alone:
                said = strategy.experimental_local_results(strategy.run(mean, args=(said,)))[0]
            done = repeat(tf.constant(0), unrolled) if unrolled > 1 else tf.constant(0)
            repeat(done, 1)
            return {metric.name: metric.result() for metric in (self._mean, *self._metrics)}, said

        return run

    def _forward(self, batch: Batch, training: bool) -> Any:
        """The sum of the losses of one replica's examples."""
        logits = self._net(batch.inputs, training=training)
        losses = self._loss(batch.targets, logits)
        if training and self.add_soft_losses is not None:
            losses = self.add_soft_losses(losses, batch, logits)
        losses *= batch.weights
        if self._net.losses:
            losses += tf.add_n([tf.cast(extra, losses.dtype) for extra in self._net.losses])
        self._mean.update_state(losses, sample_weight=batch.counted)
        for metric in self._metrics:
            metric.update_state(batch.targets, logits, sample_weight=batch.counted)
        return tf.reduce_sum(losses * batch.counted)

    def _training_step(self, batch: Batch) -> None:
        found = self._gradients(batch) if self._parts == 1 else self._gradients_in_parts(batch)
        count = tf.reduce_sum(batch.counted)
        given = [gradient for gradient in found if gradient is not None]
        if replicas(self._strategy) > 1:
            context = tf.distribute.get_replica_context()
            *given, count = context.all_reduce(tf.distribute.ReduceOp.SUM, [*given, count])
        # a batch of texts without words has no loss, and its gradients are zeros
        count = tf.maximum(count, 1.0)
        means = iter([gradient / tf.cast(count, gradient.dtype) for gradient in given])
        self._optimizer.apply([None if gradient is None else next(means) for gradient in found], self._variables)

    def _gradients(self, batch: Batch) -> list[Any]:
        """The gradient of the sum of the losses for each variable; None where the loss does not depend on it."""
        with tf.GradientTape() as tape:
            loss = self._optimizer.scale_loss(self._forward(batch, training=True))
        found = tape.gradient(loss, [variable.value for variable in self._variables])
        # gradients of embeddings are sparse: their rows of the same token must be summed before anything else
        return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in found]

    def _gradients_in_parts(self, batch: Batch) -> list[Any]:
        """The same, from one part of the batch after the other."""
        fixed = batch.targets.shape[0]
        count = tf.shape(batch.targets)[0] if fixed is None else fixed
        size = -(-count // self._parts)
        reached: list[bool] = []

        def part(done: Any) -> Batch:
            if fixed is None:
                return tf.nest.map_structure(lambda tensor: tensor[done : done + size], batch)
            # XLA needs parts of one size
            return cyclic(batch, done + tf.range(size), count)

        def add(done: Any, *sums: Any) -> tuple[Any, ...]:
            found = self._gradients(part(done))
            reached[:] = [gradient is not None for gradient in found]
            pairs = zip(sums, found, strict=True)
            return done + size, *(total if gradient is None else total + gradient for total, gradient in pairs)

        zeros = [tf.zeros_like(variable.value) for variable in self._variables]
        # one part at a time: the memory of its activations is free before the next one begins
        _, *sums = tf.while_loop(lambda done, *_: done < count, add, (0, *zeros), parallel_iterations=1)
        return [total if there else None for total, there in zip(sums, reached, strict=True)]

    def _validation_step(self, batch: Batch) -> None:
        self._forward(batch, training=False)
