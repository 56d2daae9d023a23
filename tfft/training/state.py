"""All that a run needs to continue at a step: weights, random states, finished phases, and the inside of the current phase."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from tfft.accelerate.precision import Precision
from tfft.core.strategy import replicas
from tfft.models.assembly import TransferModel
from tfft.training.checkpoint_files import Snapshot
from tfft.training.feature_schedule import Turn
from tfft.training.run import PhaseRecord, Run


@dataclass
class Position:
    """Where a phase is. ``run_epochs`` moves it.

    Attributes:
        epoch: The current epoch, from 0.
        step: The number of finished training steps in this epoch.
        logs: Training loss and metrics of this epoch so far, by name.
        history: Metric -> a value for each finished epoch.
        stopped: Whether training has stopped before the last epoch.
    """

    epoch: int = 0
    step: int = 0
    logs: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    stopped: bool = False

    def snapshot(self) -> Snapshot:
        """Return copies of the five values; no arrays."""
        return Snapshot({}, asdict(self))

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot.

        Args:
            found: The result of ``snapshot``.
        """
        for name, value in found.values.items():
            setattr(self, name, value)


class Resumable(Protocol):
    """A part of a phase that has a state of its own."""

    def snapshot(self) -> Snapshot:
        """Return the state, in arrays of any shape that nobody changes later."""

    def continue_from(self, found: Snapshot) -> None:
        """Continue from a snapshot."""


class Variables:
    """A list of Keras variables as a part of a run.

    Args:
        variables: Variables of any shape and dtype.

    Example:
        >>> import keras
        >>> counter = keras.Variable([3])
        >>> before = Variables([counter]).snapshot()
        >>> _ = counter.assign([4])
        >>> Variables([counter]).continue_from(before)
        >>> counter.numpy().tolist()
        [3]
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        self._variables = list(variables)

    def snapshot(self) -> Snapshot:
        """Return a copy of each variable, in its shape and dtype."""
        return Snapshot({str(index): np.array(variable.numpy()) for index, variable in enumerate(self._variables)})

    def continue_from(self, found: Snapshot) -> None:
        """Write the values back, each in the shape of its variable.

        Args:
            found: The result of ``snapshot``.
        """
        for index, variable in enumerate(self._variables):
            variable.assign(found.arrays[str(index)])


class ReplicaVariables:
    """Variables of which each replica has a value of its own, such as the sums of metrics.

    All workers must take snapshots together.

    Args:
        variables: Keras variables of any shape and dtype.
        strategy: The result of ``resolve``.

    Example:
        >>> import keras
        >>> total = keras.Variable(2.0)
        >>> before = ReplicaVariables([total], None).snapshot()
        >>> _ = total.assign(5.0)
        >>> ReplicaVariables([total], None).continue_from(before)
        >>> float(total.numpy())
        2.0
    """

    def __init__(self, variables: Sequence[Any], strategy: Any) -> None:
        self._variables, self._strategy = list(variables), strategy
        self._gathered: Any = None  # traced once: a checkpoint every few seconds must not trace a graph each time

    def snapshot(self) -> Snapshot:
        """Return the values of all replicas, in arrays of shape (replicas, ...)."""
        if replicas(self._strategy) == 1:
            return Snapshot({str(index): np.array(each.numpy())[None] for index, each in enumerate(self._variables)})
        import tensorflow as tf

        def gathered() -> list[Any]:
            context = tf.distribute.get_replica_context()
            return [context.all_gather(tf.convert_to_tensor(each.value)[None], axis=0) for each in self._variables]

        if self._gathered is None:
            self._gathered = _replicated(self._strategy, gathered)
        found = self._gathered()
        local = [self._strategy.experimental_local_results(tensor)[0].numpy() for tensor in found]
        return Snapshot({str(index): array for index, array in enumerate(local)})

    def continue_from(self, found: Snapshot) -> None:
        """Give each replica its own values back.

        Args:
            found: The result of ``snapshot``, with arrays of shape (replicas, ...).
        """
        arrays = [found.arrays[str(index)] for index in range(len(self._variables))]
        if replicas(self._strategy) == 1:
            for each, array in zip(self._variables, arrays, strict=True):
                each.assign(array[0])
            return
        import tensorflow as tf

        def assign() -> None:
            own = tf.distribute.get_replica_context().replica_id_in_sync_group
            for each, array in zip(self._variables, arrays, strict=True):
                # by its handle, each replica writes its own copy
                tf.raw_ops.AssignVariableOp(resource=each.value.handle, value=tf.gather(tf.constant(array), own))

        _replicated(self._strategy, assign)()


def _replicated(strategy: Any, function: Callable[[], Any]) -> Any:
    """Make a graph that runs a function on each replica."""
    import tensorflow as tf

    # a TPUStrategy names its operations after this function, which therefore must have a name
    @tf.function(autograph=False)
    def replicated() -> Any:
        return strategy.run(function)

    return replicated


class OptimizerState(Variables):
    """The moments of an optimizer, its step and loss scale, and which variables received a gradient.

    Args:
        optimizer: A built optimizer of ``optimizer_for``, perhaps with Keras' LossScaleOptimizer around it.
        variables: The trained variables, of any shape.
    """

    def __init__(self, optimizer: Any, variables: Sequence[Any]) -> None:
        super().__init__(optimizer.variables)
        self._adam = getattr(optimizer, "inner_optimizer", optimizer)
        self._trained = list(variables)

    def snapshot(self) -> Snapshot:
        """Return a copy of each variable of the optimizer, in its shape and dtype."""
        reached = [index for index, variable in enumerate(self._trained) if id(variable) in self._adam.reached]
        return Snapshot(super().snapshot().arrays, {"reached": reached})

    def continue_from(self, found: Snapshot) -> None:
        """Write the values back, each in the shape of its variable.

        Args:
            found: The result of ``snapshot``.
        """
        super().continue_from(found)
        self._adam.reached |= {id(self._trained[index]) for index in found.values["reached"]}


def of_run(model: TransferModel, turns: Sequence[Turn]) -> dict[str, Resumable]:
    """Return the parts of a run that outlive a phase.

    Args:
        model: The model, with variables of any shape.
        turns: All phases.

    Returns:
        ``"weights"``, the variables that any phase changes, and ``"seeds"``, the states of all random generators of the net.
    """
    nets = (model.backbone_net, model.head_net)
    weights = {id(variable) for net in nets for variable in net.weights}
    others = {id(variable): variable for net in nets for variable in net.variables if id(variable) not in weights}
    return {"weights": Variables(divided(turns)[0]), "seeds": Variables(list(others.values()))}


def divided(turns: Sequence[Turn]) -> tuple[list[Any], list[Any]]:
    """Divide the variables of a net, of any shape, into those that any phase changes, and all others.

    Args:
        turns: All phases.

    Returns:
        Two lists of Keras variables.
    """
    changing: list[Any] = []
    frozen: list[Any] = []
    rows = zip(*(turn.overview.rows for turn in turns), strict=True)
    for variable, each in zip(turns[0].overview.variables, rows, strict=True):
        (frozen if all(row.intent == "frozen" for row in each) else changing).append(variable)
    return changing, frozen


def joined(parts: Mapping[str, Resumable]) -> Snapshot:
    """Take the snapshots of several parts as one.

    Args:
        parts: Name -> part, with arrays of any shape.

    Returns:
        A Snapshot; names of arrays begin with the name of their part and ``"/"``.
    """
    arrays: dict[str, np.ndarray] = {}
    values: dict[str, Any] = {}
    for name, part in parts.items():
        found = part.snapshot()
        arrays |= {f"{name}/{key}": array for key, array in found.arrays.items()}
        values[name] = found.values
    return Snapshot(arrays, values)


def divide(found: Snapshot, parts: Mapping[str, Resumable]) -> None:
    """Let several parts continue from their shares of a joined snapshot.

    Args:
        found: The result of ``joined``, with arrays of any shape; it may hold more parts.
        parts: Name -> part.
    """
    for name, part in parts.items():
        own = {key.removeprefix(f"{name}/"): array for key, array in found.arrays.items() if key.startswith(f"{name}/")}
        part.continue_from(Snapshot(own, found.values[name]))


def record_values(run: Run) -> dict[str, Any]:
    """Return what a run has recorded so far, as JSON values; weights of any shape are not part of it."""
    phases = [
        {
            "history": {name: list(values) for name, values in record.history.items()},
            "best_epoch": record.best_epoch,
            "best_loss": record.best_loss,
            "seconds": record.seconds,
            "reads": record.reads,
            "watched": record.watched,
            "best_metric": record.best_metric,
            "moved": [row.moved for row in record.overview.rows],
        }
        for record in run.phases
    ]
    return {"first_weights": run.first_weights, "precision": asdict(run.precision), "phases": phases}


def with_records(run: Run, turns: Sequence[Turn], values: Mapping[str, Any]) -> Run:
    """Fill in what was recorded before a run was interrupted.

    Args:
        run: A run without phases.
        turns: All phases, with the shape of each variable.
        values: The result of ``record_values``.

    Returns:
        A new Run.
    """
    phases = []
    for turn, found in zip(turns, values["phases"], strict=False):
        pairs = zip(turn.overview.rows, found["moved"], strict=True)
        overview = replace(turn.overview, rows=tuple(replace(row, moved=moved) for row, moved in pairs))
        names = ("history", "best_epoch", "best_loss", "seconds", "reads", "watched", "best_metric")
        rest = {name: found[name] for name in names}
        phases.append(PhaseRecord(turn.phase, overview, **rest))
    precision = Precision(**values["precision"])
    return replace(run, first_weights=values["first_weights"], precision=precision, phases=tuple(phases))
