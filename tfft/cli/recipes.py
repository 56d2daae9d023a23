"""Make a plan from the options of the command line."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.models.assembly import TransferModel
    from tfft.plans.phase import Plan


class PlanName(StrEnum):
    """Recipes that the command line offers.

    Attributes:
        two_phase: Train the head on a frozen backbone, then the last blocks as well.
        head_only: Train only the head.
        linear_probe: Solve a linear head exactly.
        gradual: Train the head, then also the last block, the last two, and so on.
        full: Train all layers from the first step.
        encoder: Train all layers of a text encoder, the head with a higher learning rate.
        segmenter: Train the head of a segmentation, then all layers.
    """

    two_phase = "two_phase"
    head_only = "head_only"
    linear_probe = "linear_probe"
    gradual = "gradual"
    full = "full"
    encoder = "encoder"
    segmenter = "segmenter"


_FIRST = {"head_epochs": "epochs", "learning_rate": "learning_rate", "augment": "augment"}
_BOTH = {**_FIRST, "head_epochs": "head_epochs", "tune_epochs": "tune_epochs"}
# the options of each recipe, and the names of its arguments
_TAKEN: dict[PlanName, dict[str, str]] = {
    PlanName.two_phase: {**_BOTH, "blocks": "blocks"},
    PlanName.head_only: _FIRST,
    PlanName.linear_probe: {},
    PlanName.gradual: {**_FIRST, "blocks": "blocks"},
    PlanName.full: _FIRST,
    PlanName.encoder: _FIRST,
    PlanName.segmenter: _BOTH,
}


def typed_plan(name: PlanName | None, backbone: "Backbone", *numbers: Any) -> "Plan | None":
    """Make a plan from the options of the command line.

    Args:
        name: The name of the recipe; None for the default of the backbone.
        backbone: The backbone, with features of shape (batch, height, width, channels), or of a text.
        *numbers: The further arguments of ``describe_plan``.

    Returns:
        A Plan; None when no option was set, because the default plan also depends on the size of the data.

    Raises:
        BadParameter: When a number belongs to another recipe, or ``--blocks`` is more than the backbone has.
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


def default_for(model: "TransferModel", examples: int, solving: bool = True) -> "Plan":
    """Return the default plan of a model.

    Args:
        model: The model.
        examples: The number of training examples.
        solving: Whether the head may be solved exactly.

    Returns:
        A Plan.
    """
    from tfft.training.plan_choice import plan_for

    return plan_for(model.backbone, model.task, examples, model.strategy, solving)


def completed(
    typed: "Plan | None", name: PlanName | None, epochs: int | None, default: "Plan", trains_head: bool = False
) -> "Plan":
    """Complete a plan for which only some options were set; the other options keep their defaults.

    Args:
        typed: The result of ``typed_plan``.
        name: The value of ``--plan``; None when not set.
        epochs: The value of ``--head-epochs``, which turns early stopping off; None when not set.
        default: The default plan for the data.
        trains_head: Whether an option of the head was set, such as its learning rate.

    Returns:
        A Plan. A head that the default plan solves is trained only when an option of the head was set.

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
    if name is not None or [phase.name for phase in typed] != [phase.name for phase in default]:
        return typed
    if len(typed) > 1:
        return typed if trains_head else Plan(default.phases[0], *typed.phases[1:])
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
    """Describe a plan with the numbers from the command line; the other numbers keep the defaults of the recipe.

    Args:
        name: The name of the recipe.
        head_epochs: Number of epochs of the first phase, and of each phase of ``gradual``.
        tune_epochs: Number of epochs of the second phase.
        blocks: Number of last blocks that the last phase trains.
        learning_rate: The learning rate of the first phase.
        augment: Names of augmentations, separated by commas.

    Returns:
        A Plan.

    Raises:
        BadParameter: When a number belongs to another recipe.
        PlanError: When a number is out of range.
        DataError: When an augmentation does not exist.

    Example:
        >>> [phase.epochs for phase in describe_plan(PlanName.two_phase, 3, None, None, None)]
        [3, 5]
    """
    import tfft

    typed: dict[str, Any] = {
        "head_epochs": head_epochs, "tune_epochs": tune_epochs, "blocks": blocks, "learning_rate": learning_rate, "augment": augment
    }  # fmt: skip
    typed = {key: value for key, value in typed.items() if value is not None}
    taken = _TAKEN[name]
    if others := [f"--{key.replace('_', '-')}" for key in typed if key not in taken]:
        known = ", ".join(f"--{key.replace('_', '-')}" for key in taken) or "none of these options"
        belong = "belongs" if len(others) == 1 else "belong"
        raise typer.BadParameter(
            f"{' and '.join(others)} {belong} to two_phase, not to {name.value}, which takes {known}."
        )
    options = {taken[key]: value for key, value in typed.items()}
    if augment is not None:
        options["augment"] = tfft.plans.augmentation.named(augment)
    return getattr(tfft.plans, name.value)(**options)
