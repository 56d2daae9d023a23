"""Phases and plans of training, as frozen values that can be written to JSON and read back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.augment import augmentation
from tfft.augment.views import Augmentation
from tfft.core.errors import DataError, PlanError, nearest
from tfft.core.html_tables import table
from tfft.plans.optimizers import ADAM, ADAMW, LBFGS, KerasOptimizer, optimizer_value
from tfft.plans.rates import Rates
from tfft.plans.schedule import Schedule
from tfft.trainable.policy import Policy

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Phase:
    """One phase of training: a policy, a new optimizer, and a number of epochs.

    Attributes:
        name: The name in progress bars, logs and reports.
        trainable: The policy that chooses which variables of the backbone train, from ``tfft.trainable``. The head always trains.
        epochs: The number of passes over the training part, at least 1.
        learning_rate: The highest learning rate, which is reached after the warm-up.
        schedule: The learning rate schedule: ``plans.cosine(warmup=0.1)`` or ``plans.constant()``.
        weight_decay: Decoupled weight decay, as a fraction of the learning rate, with every optimizer. It never applies to norms,
            biases and other variables of shape (n,).
        clip_norm: The largest global norm of the gradients of all trained variables; None for no clipping.
        patience: The number of epochs without a better validation after which the phase stops; None runs all epochs.
        train_norms: Whether normalisation layers of the backbone that the policy chooses may train.
        augment: The augmentation of training examples, with new random numbers in each epoch; from ``tfft.plans.augmentation``.
        rates: The learning rates of head and blocks, relative to ``learning_rate``: ``plans.Rates(layer_decay=0.8, head=20)``.
        averaging: The fraction of the phase's steps over which the weights are averaged, in [0, 1). The average is validated and
            kept. 0 switches averaging off.
        optimizer: The name of an optimizer of Keras, in any case; ``"sgd"`` has a momentum of 0.9 (Nesterov), and ``"muon"`` takes
            Adam's step for the head. Or a configuration, or an unused ``keras.optimizers.Optimizer``, whose learning rate, decay
            and clipping are those of the phase. Or ``"lbfgs"``, which solves a linear head exactly, with a penalty chosen by
            cross-validation on training examples. It needs a frozen backbone and one epoch; learning rate, schedule, clipping and
            patience are not used.
        last_epoch: The epoch, from 1, after which the phase ends; schedule and averaging remain those of all ``epochs``. None runs
            all of them. ``fit(..., refit=True)`` sets it.

    Raises:
        PlanError: When a number is out of range, or there is no such optimizer.

    Example:
        >>> from tfft import plans, trainable
        >>> Phase("tune", trainable.last_blocks(2), epochs=5, learning_rate=1e-5, schedule=plans.constant()).describe()
        'tune: last_blocks(2), 5 epochs, learning rate 1e-05 (constant)'

    Source:
        Adam: Kingma and Ba 2015. Decoupled decay: Loshchilov and Hutter 2019. Clipping: Pascanu et al. 2013.
    """

    name: str
    trainable: Policy
    epochs: int
    learning_rate: float
    schedule: Schedule = field(default_factory=Schedule)
    weight_decay: float = 0.0
    clip_norm: float | None = 1.0
    patience: int | None = None
    train_norms: bool = False
    augment: tuple[Augmentation, ...] = ()
    rates: Rates = field(default_factory=Rates)
    averaging: float = 0.0
    optimizer: "str | KerasOptimizer | Mapping[str, Any] | keras.optimizers.Optimizer" = ADAM
    last_epoch: int | None = None

    def __post_init__(self) -> None:
        augment: Any = self.augment
        for entry in fields(self):
            if isinstance(value := getattr(self, entry.name), np.generic):
                object.__setattr__(self, entry.name, value.item())  # JSON does not accept NumPy numbers
        several = tuple(augment) if isinstance(augment, list) else augment
        object.__setattr__(self, "augment", (augment,) if isinstance(augment, Augmentation) else several)
        self._refuse_bad(self._checks())
        chosen = optimizer_value(self.optimizer, self.learning_rate, self.weight_decay)
        object.__setattr__(self, "optimizer", chosen)
        if chosen == LBFGS:
            solved = {"epochs": 1, "averaging": 0.0, "augment": (), "train_norms": False, "weight_decay": 0.0}
            self._refuse_bad(
                (getattr(self, name) == value, name, f"{value!r} with optimizer={LBFGS!r}")
                for name, value in {**solved, "rates": Rates()}.items()
            )
        if chosen == ADAMW or (isinstance(chosen, KerasOptimizer) and chosen.class_name.lower() == ADAMW):
            said = f"above 0, because AdamW is Adam with weight decay: write 0.01, or optimizer={ADAM!r}"
            self._refuse_bad([(self.weight_decay > 0, "weight_decay", said)])

    def _checks(self) -> Iterable[tuple[bool, str, str]]:
        """Whether each field is good, its name, and what it must be."""
        return (
            (isinstance(self.name, str) and bool(self.name), "name", "a non-empty string"),
            (isinstance(self.trainable, Policy), "trainable", "a policy such as tfft.trainable.last_blocks(1)"),
            (_whole(self.epochs, 1), "epochs", "a whole number of at least 1"),
            (_number(self.learning_rate) and 0 < self.learning_rate <= 10, "learning_rate", "a number in (0, 10]"),
            (isinstance(self.schedule, Schedule), "schedule", "plans.cosine() or plans.constant()"),
            (_number(self.weight_decay) and 0 <= self.weight_decay < 1, "weight_decay", "a number in [0, 1)"),
            (
                self.clip_norm is None or (_number(self.clip_norm) and self.clip_norm > 0),
                "clip_norm",
                "None or above 0",
            ),
            (self.patience is None or _whole(self.patience, 1), "patience", "None or a whole number of at least 1"),
            (isinstance(self.train_norms, bool), "train_norms", "True or False"),
            (
                isinstance(self.augment, tuple) and all(isinstance(step, Augmentation) for step in self.augment),
                "augment",
                "a list of values such as plans.augmentation.flips()",
            ),
            (isinstance(self.rates, Rates), "rates", "made by plans.Rates()"),
            (_number(self.averaging) and 0 <= self.averaging < 1, "averaging", "a number in [0, 1)"),
            (
                self.last_epoch is None or (_whole(self.last_epoch, 1) and self.last_epoch <= self.epochs),
                "last_epoch",
                "None or a whole number from 1 to epochs",
            ),
        )

    def _refuse_bad(self, checks: Iterable[tuple[bool, str, str]]) -> None:
        for good, field_name, wanted in checks:
            if not good:
                value = getattr(self, field_name)
                raise PlanError(
                    f"{field_name}={value!r} of phase {self.name!r} cannot be used.", fix=f"It must be {wanted}."
                )

    @property
    def end(self) -> int:
        """The number of epochs that the phase runs: ``last_epoch``, or all."""
        return self.epochs if self.last_epoch is None else self.last_epoch

    def describe(self) -> str:
        """Describe in one line what trains, for how many epochs, at which learning rate, and with which options."""
        norms = ", norms train" if self.train_norms else ""
        rates = f", {self.rates.describe()}" if self.rates != Rates() else ""
        averaged = f", weights averaged over {100 * self.averaging:.3g} % of the steps" if self.averaging else ""
        patient = "" if self.patience is None else f", patience {self.patience}"
        changed = "".join(f", {step.describe()}" for step in self.augment)
        chosen = self.optimizer.describe() if isinstance(self.optimizer, KerasOptimizer) else self.optimizer
        chosen = "" if chosen == ADAM else f", optimizer {chosen}"
        if self.optimizer == LBFGS:
            return f"{self.name}: {self.trainable.describe()}, the head solved exactly"
        cut = f"{self.end} of " if self.end < self.epochs else ""
        return (
            f"{self.name}: {self.trainable.describe()}, {cut}{self.epochs} epoch{'s' if self.epochs > 1 else ''}, "
            f"learning rate {self.learning_rate:g} ({self.schedule.shape}{norms}{rates}){chosen}{averaged}{patient}{changed}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the phase as plain JSON values."""
        return asdict(self) | {
            "trainable": self.trainable.to_dict(),
            "schedule": self.schedule.to_dict(),
            "rates": self.rates.to_dict(),
            "augment": [step.to_dict() for step in self.augment],
            "optimizer": self.optimizer.to_dict() if isinstance(self.optimizer, KerasOptimizer) else self.optimizer,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Phase":
        """Make a phase from JSON values.

        Args:
            values: The result of ``to_dict``, possibly after a JSON round trip.

        Returns:
            An equal Phase.

        Raises:
            PlanError: When a field is unknown, missing or out of range.
        """
        _check_fields(values)
        plain = dict(values)
        try:
            plain["trainable"] = Policy.from_dict(values["trainable"])
            if "schedule" in values:
                plain["schedule"] = Schedule.from_dict(values["schedule"])
            if "rates" in values:
                plain["rates"] = Rates.from_dict(values["rates"])
            plain["augment"] = tuple(map(augmentation.from_dict, values.get("augment", ())))
            return cls(**plain)
        except (KeyError, TypeError, DataError) as error:
            raise PlanError(
                f"A phase cannot be made from {plain!r}: {error}.", fix="Pass the result of to_dict()."
            ) from error


@dataclass(frozen=True, init=False)
class Plan:
    """A sequence of phases.

    Args:
        *phases: One or more phases with different names.

    Raises:
        PlanError: When there is no phase, an argument is not a Phase, or two phases have the same name.

    Example:
        >>> from tfft import plans
        >>> plan = plans.two_phase()
        >>> Plan.from_dict(plan.to_dict()) == plan
        True
    """

    phases: tuple[Phase, ...]

    def __init__(self, *phases: Phase) -> None:
        if not phases or not all(isinstance(phase, Phase) for phase in phases):
            raise PlanError("A plan needs one or more phases.", repr(phases)[:200], "Write Plan(Phase(...), ...).")
        names = [phase.name for phase in phases]
        if len(set(names)) != len(names):
            raise PlanError(f"The phases of a plan need different names; got {names!r}.", fix="Rename one of them.")
        object.__setattr__(self, "phases", tuple(phases))

    def __iter__(self) -> Iterator[Phase]:
        return iter(self.phases)

    def __len__(self) -> int:
        return len(self.phases)

    def describe(self) -> str:
        """Describe each phase in one line."""
        return "\n".join(phase.describe() for phase in self.phases)

    def _repr_html_(self) -> str:
        """Return a table of the phases, which notebooks show."""
        rows = [
            {
                "phase": phase.name,
                "trains": phase.trainable.describe(),
                "epochs": phase.end,
                "learning rate": "-" if phase.optimizer == LBFGS else f"{phase.learning_rate:g}",
                "augment": ", ".join(step.describe() for step in phase.augment) or "-",
            }
            for phase in self.phases
        ]
        return table(rows)

    def with_phases(self, **changes: Any) -> "Plan":
        """Return a plan in which some fields of all phases are replaced.

        Args:
            **changes: New values of fields of Phase, such as ``patience=3``.

        Returns:
            A new Plan.

        Raises:
            PlanError: When a value is out of range, or there is no such field.

        Example:
            >>> from tfft import plans
            >>> [phase.patience for phase in plans.two_phase().with_phases(patience=3)]
            [3, 3]
        """
        _check_fields(changes)
        return Plan(*(replace(phase, **changes) for phase in self.phases))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return {"phases": [phase.to_dict() for phase in self.phases]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Plan":
        """Make a plan from JSON values.

        Args:
            values: The result of ``to_dict``, possibly after a JSON round trip.

        Returns:
            An equal Plan.

        Raises:
            PlanError: When a phase cannot be made from the values.
        """
        return cls(*(Phase.from_dict(phase) for phase in values.get("phases", ())))


def _check_fields(names: Iterable[str]) -> None:
    known = [entry.name for entry in fields(Phase)]
    for name in names:
        if name not in known:
            raise PlanError(f"A phase has no field {name!r}.", fix=nearest(name, known))


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
