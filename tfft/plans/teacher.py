"""The teacher of a distillation, as a value."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from tfft.core.errors import PlanError


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained model from whose answers another one learns, besides the labels.

    The loss of a training example is ``(1 - weight) * loss(labels) + weight * loss(answers of the teacher)``. The second one is
    ``temperature ** 2`` times the Kullback-Leibler divergence between the probabilities of teacher and student, each from logits
    that are divided by ``temperature``; for several labels, the mean of that of each label; for quantities, the squared error
    without a temperature. Validation, and so the choice of weights, uses the labels alone.

    The teacher answers each training example once, before training. Where a plan changes examples at random, its answer to the
    unchanged example is used. To ask it about each changed image is better, and costs a pass of the teacher in each step (Beyer et
    al. 2022, "Knowledge distillation: A good teacher is patient and consistent"). Where images are mixed, its answers are too.

    Attributes:
        model: A loaded bundle, or a model from ``build``, of the same task and labels, in any order. It reads the raw inputs, so
            its backbone may have another input size or tokenizer.
        temperature: Above 0; higher values tell more about the classes that the teacher finds improbable.
        weight: The share of the teacher in the loss, in (0, 1].

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> import tfft
        >>> large = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> Teacher(large, temperature=4).weight
        0.5

    Source:
        Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", section 2; they try temperatures from 1 to
        20. The defaults were chosen on validation parts, where no setting was better than the labels alone by more than chance,
        and higher temperatures were worse: ``docs/benchmarks.md``.
    """

    model: Any
    temperature: float = 1.0
    weight: float = 0.5

    def __post_init__(self) -> None:
        numbers = {
            name: isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
            for name, value in (("temperature", self.temperature), ("weight", self.weight))
        }
        checks = (
            ("temperature", numbers["temperature"] and self.temperature > 0, "a number above 0"),
            ("weight", numbers["weight"] and 0 < self.weight <= 1, "in (0, 1]"),
        )
        for name, good, wanted in checks:
            if not good:
                raise PlanError(
                    f"Teacher({name}={getattr(self, name)!r}) cannot be used.",
                    fix=f"It must be {wanted}. Leave it out for the default.",
                )

    @classmethod
    def of(cls, value: Any) -> "Teacher":
        """Convert the argument ``teacher`` of a user to a Teacher.

        Args:
            value: A Teacher, or a value for its attribute ``model``.

        Returns:
            A Teacher.
        """
        return value if isinstance(value, cls) else cls(value)
