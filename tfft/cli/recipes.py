"""The plan that was typed on the command line."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.plans.phase import Plan


class PlanName(StrEnum):
    """Recipes that the command line offers.

    Attributes:
        two_phase: The head on a frozen backbone, then the last blocks as well.
        head_only: The head alone; the backbone stays as it is.
        full: Everything from the first step.
        encoder: All layers of a text encoder, its head faster.
    """

    two_phase = "two_phase"
    head_only = "head_only"
    full = "full"
    encoder = "encoder"


def typed_plan(name: PlanName | None, backbone: "Backbone", *numbers: Any) -> "Plan | None":
    """The plan that was typed.

    Args:
        name: Of the recipe; None for the one that suits the backbone.
        backbone: With features of shape (batch, height, width, channels), or of a text.
        *numbers: As ``describe_plan`` takes them.

    Returns:
        A Plan; None where nothing was typed, and the size of the data decides as well.

    Raises:
        BadParameter: As ``describe_plan``, and for more blocks than there are.
    """
    if name is None and all(number is None for number in numbers):
        return None
    from tfft.plans.defaults import hidden
    from tfft.plans.phase import Plan

    blocks = numbers[2]
    if blocks is not None and blocks > (most := len(backbone.blocks)):
        raise typer.BadParameter(
            f"--blocks {blocks}: {backbone.handle} has {most}; see `tfft backbones {backbone.handle}`."
        )
    chosen = name or (PlanName.encoder if backbone.features.kind == "sequence" else PlanName.two_phase)
    plan = describe_plan(chosen, *numbers)
    if chosen is not PlanName.encoder or numbers[-1] is not None:
        return plan
    return Plan(*(replace(phase, augment=hidden(backbone.features)) for phase in plan))


def completed(typed: "Plan | None", name: PlanName | None, epochs: int | None, default: "Plan") -> "Plan":
    """Complete a plan of which only some numbers were typed; unspecified options keep their defaults.

    Args:
        typed: From ``typed_plan``.
        name: Of the recipe, if it was typed.
        epochs: If they were typed; so many are then run.
        default: The default plan for the data.

    Returns:
        A Plan.

    Example:
        >>> from tfft import plans
        >>> default = plans.encoder(embeddings=True).with_phases(patience=1)
        >>> (phase,) = completed(plans.encoder(learning_rate=1e-4), None, None, default)
        >>> phase.learning_rate, phase.trainable.describe(), phase.patience
        (0.0001, 'everything()', 1)
    """
    from tfft.plans.phase import Plan

    if typed is None:
        return default
    if name is not None or len(typed) > 1 or [phase.name for phase in typed] != [phase.name for phase in default]:
        return typed
    (own,), (other,) = typed, default
    return Plan(replace(own, trainable=other.trainable, patience=None if epochs else other.patience))


def describe_plan(
    name: PlanName,
    head_epochs: int | None,
    tune_epochs: int | None,
    blocks: int | None,
    learning_rate: float | None,
    augment: str | None = None,
) -> "Plan":
    """Describe a plan with the numbers that were given, leaving the recipe's own defaults for the others.

    Args:
        name: Of the recipe.
        head_epochs: Of the first phase.
        tune_epochs: Of the second phase.
        blocks: Last blocks that the second phase trains.
        learning_rate: Of the first phase.
        augment: Names of augmentations with commas between them.

    Returns:
        A Plan.

    Raises:
        BadParameter: When a number belongs to another recipe.
        PlanError: When one is out of range.
        DataError: When there is no such augmentation.

    Example:
        >>> [phase.epochs for phase in describe_plan(PlanName.two_phase, 3, None, None, None)]
        [3, 5]
    """
    import tfft

    if name is not PlanName.two_phase and (tune_epochs, blocks) != (None, None):
        raise typer.BadParameter(f"--tune-epochs and --blocks belong to two_phase, not to {name.value}.")
    first = "head_epochs" if name is PlanName.two_phase else "epochs"
    options: dict[str, Any] = {first: head_epochs, "learning_rate": learning_rate}
    if name is PlanName.two_phase:
        options |= {"tune_epochs": tune_epochs, "blocks": blocks}
    if augment is not None:
        options["augment"] = tfft.plans.augmentation.named(augment)
    recipe = getattr(tfft.plans, name.value)
    return recipe(**{key: value for key, value in options.items() if value is not None})
