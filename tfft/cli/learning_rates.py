"""The verb ``tfft lr-find``: suggest a learning rate for a phase of a plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfft.cli import arguments, output_paths, recipes, typed_paths
from tfft.cli.arguments import CacheName, PrecisionName
from tfft.cli.console import name, say
from tfft.cli.sources import TypedData
from tfft.cli.training_inputs import built, default_backbone, read
from tfft.cli.typed_masks import TaskName, TypedMasks

if TYPE_CHECKING:
    from tfft.data.examples import Splits
    from tfft.models.assembly import TransferModel
    from tfft.plans.phase import Phase, Plan
    from tfft.tuning.learning_rate_curve import LearningRateCurve


def lr_find(
    data: arguments.Data,
    backbone: arguments.BackboneName = None,
    phase: Annotated[
        str | None,
        typer.Option(help="Name of the phase; phases before it are trained first.", show_default="the first one"),
    ] = None,
    steps: Annotated[
        int, typer.Option(help="Number of training steps, each with a higher learning rate.", min=20)
    ] = 100,
    out: Annotated[Path | None, typer.Option(help="Write the curve: .png, .svg, .pdf or .json.")] = None,
    weights: arguments.Weights = None,
    size: arguments.Size = None,
    alpha: arguments.Alpha = None,
    length: arguments.Length = None,
    vocabulary: arguments.Vocabulary = None,
    layer: arguments.Layer = None,
    pixel_range: arguments.PixelRange = None,
    preprocessor: arguments.Preprocessor = None,
    plan: arguments.PlanOption = None,
    balanced: arguments.Balanced = False,
    skip_corrupt: arguments.SkipCorrupt = False,
    image_column: arguments.ImageColumn = None,
    label_column: arguments.LabelColumn = "label",
    text_column: arguments.TextColumn = None,
    parts: arguments.Parts = None,
    separator: arguments.Separator = None,
    decimal: arguments.Decimal = None,
    quotes: arguments.Quotes = None,
    task: arguments.TaskOption = TaskName.auto,
    classes_file: arguments.ClassesFile = None,
    ignore: arguments.Ignore = None,
    batch_size: Annotated[int, typer.Option(help="Number of examples in a batch, as for `tfft fit`.", min=1)] = 32,
    cache: Annotated[CacheName, typer.Option(help="Where features of frozen layers are cached.")] = CacheName.auto,
    precision: arguments.Precision = PrecisionName.auto,
    seed: arguments.Seed = 0,
) -> None:
    """Suggest a learning rate: train for some steps with rising rates and look where the loss falls."""
    typed_paths.check_data(data)
    if out is not None:
        output_paths.check_curve(out)
    columns = image_column, label_column, skip_corrupt, text_column, parts, separator, decimal, quotes
    source = TypedData(data, *columns, TypedMasks(task, classes_file, ignore))
    backbone, splits = default_backbone(source, seed) if backbone is None else (backbone, None)
    described = arguments.describe_backbone(
        backbone, weights, size=size, alpha=alpha, length=length, vocabulary=vocabulary, layer=layer, pixel_range=pixel_range,
        preprocessor=preprocessor)  # fmt: skip
    typed = None if plan is None else recipes.typed_plan(plan, described, None, None, None, None, None)
    splits = read(source, described, seed, splits)
    model = built(described, splits, balanced, task, seed, cache, precision)
    # a solved head has no learning rate, so the head is searched as if it were trained
    trained = recipes.default_for(model, len(splits.train), solving=False)
    later = phase not in (None, trained.phases[0].name)
    default = recipes.default_for(model, len(splits.train)) if later else trained
    chosen = recipes.completed(typed, plan, None, default)
    curve = _searched(model, splits, divided(chosen, phase), seed, batch_size, steps)
    say(curve.describe())
    if out is not None:
        curve.save(out)
        say(f"wrote {name(out)}")


def _searched(
    model: "TransferModel", splits: "Splits", plan: "tuple[Plan | None, Phase]", seed: int, batch_size: int, steps: int
) -> "LearningRateCurve":
    """Train the phases before the searched one, and search."""
    import tfft

    before, phase = plan
    if before is not None:
        say(f"first:\n{before.describe()}")
        tfft.fit(model, splits, before, seed, batch_size)
    return tfft.find_learning_rate(model, splits, phase, seed, batch_size, steps)


def divided(plan: "Plan", phase: str | None) -> "tuple[Plan | None, Phase]":
    """Divide a plan at a phase.

    Args:
        plan: The plan.
        phase: The name of a phase; None for the first.

    Returns:
        The phases before it, None where it is the first; and the phase.

    Raises:
        BadParameter: When the plan has no such phase.

    Example:
        >>> from tfft import plans
        >>> before, found = divided(plans.two_phase(), "tune")
        >>> [each.name for each in before], found.name
        (['head'], 'tune')
    """
    from tfft.plans.phase import Plan

    names = [each.name for each in plan]
    if phase is not None and phase not in names:
        raise typer.BadParameter(f"--phase {phase!r}: the plan has the phases {', '.join(names)}.")
    place = 0 if phase is None else names.index(phase)
    phases = tuple(plan)
    return (Plan(*phases[:place]) if place else None), phases[place]
