"""The options of a plan as they were typed, with ``--patience``; the model and the data complete them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from tfft.cli.recipes import PlanName, completed, default_for, typed_plan

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.cli.sources import TypedData
    from tfft.models.assembly import TransferModel
    from tfft.plans.phase import Plan


@dataclass(frozen=True)
class TypedPlan:
    """The options of a plan, as they were typed.

    Attributes:
        plan: The result of ``typed_plan``; None for the default plan.
        name: The name of the recipe; None for the default.
        head_epochs: The value of ``--head-epochs``; None when not set.
        patience: The value of ``--patience``; None when not set.
        trains_head: Whether an option of the head was set: its epochs, its learning rate, or augmentation.
    """

    plan: "Plan | None"
    name: PlanName | None = None
    head_epochs: int | None = None
    patience: str | None = None
    trains_head: bool = False

    @property
    def is_default(self) -> bool:
        """Whether no option of the plan was set."""
        return self.plan is None and self.patience is None

    def completed(self, model: "TransferModel", examples: int, solving: bool = True) -> "Plan":
        """Complete the plan with the defaults for a model and its data.

        Args:
            model: The model.
            examples: The number of training examples.
            solving: Whether the default plan may solve the head exactly.

        Returns:
            A Plan.

        Example:
            >>> import tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> plan = TypedPlan(None, patience="2").completed(model, 100)
            >>> [(phase.name, phase.patience) for phase in plan]
            [('head', None), ('tune', 2)]
        """
        default = default_for(model, examples, solving)
        return with_patience(
            completed(self.plan, self.name, self.head_epochs, default, self.trains_head), self.patience
        )


def checked(
    name: PlanName | None, source: "TypedData", patience: str | None, backbone: "Backbone", *numbers: Any
) -> TypedPlan:
    """Check the options of a plan before the data is read.

    Args:
        name: The value of ``--plan``; None when not set.
        source: The typed data; of images with masks, the default recipe is ``segmenter``.
        patience: The value of ``--patience``; None when not set.
        backbone: The backbone, with features of shape (batch, height, width, channels), or of a text.
        *numbers: The further arguments of ``describe_plan``.

    Returns:
        A TypedPlan.

    Raises:
        BadParameter: As ``typed_plan`` and ``with_patience``.
    """
    name = PlanName.segmenter if name is None and source.are_masks else name
    plan = typed_plan(name, backbone, *numbers)
    patience_of(patience)
    if plan is not None:
        with_patience(plan, patience)
    trains_head = any(number is not None for number in (numbers[0], *numbers[3:]))
    return TypedPlan(plan, name, numbers[0], patience, trains_head)


def patience_of(typed: str | None) -> int | None:
    """Read the value of ``--patience``.

    Args:
        typed: A whole number of epochs from 1, ``"none"``, or None when not set.

    Returns:
        The ``patience`` of a phase: None for ``"none"``, which runs all epochs.

    Raises:
        BadParameter: When it is something else. 0 is refused, because it means one epoch to Keras and no limit to others.

    Example:
        >>> patience_of("3"), patience_of("none")
        (3, None)
    """
    if typed is None or typed.lower() == "none":
        return None
    if not typed.isascii() or not typed.isdigit() or not 0 < int(typed[:20]) < 2**31:
        raise typer.BadParameter(
            f"--patience {typed!r} is not a whole number of epochs from 1. To stop after the first epoch without a better "
            "validation, write --patience 1; to run all epochs, write --patience none."
        )
    return int(typed)


def with_patience(plan: "Plan", typed: str | None) -> "Plan":
    """Set the patience of all phases that train in epochs.

    Args:
        plan: A plan.
        typed: The value of ``--patience``; None changes nothing.

    Returns:
        A Plan. Phases that solve the head stay as they are.

    Raises:
        BadParameter: When the value is invalid, or all phases solve the head, so that no phase would use it.

    Example:
        >>> from tfft import plans
        >>> [phase.patience for phase in with_patience(plans.two_phase(), "3")]
        [3, 3]
    """
    from tfft.plans.optimizers import LBFGS
    from tfft.plans.phase import Plan

    epochs = patience_of(typed)
    if typed is None:
        return plan
    if all(phase.optimizer == LBFGS for phase in plan):
        raise typer.BadParameter(
            f"--patience {typed} has no effect: this plan solves the head exactly, without epochs. Leave it out, or choose "
            "another --plan, such as head_only."
        )
    return Plan(*(phase if phase.optimizer == LBFGS else replace(phase, patience=epochs) for phase in plan))
