"""The verb ``tfft cross-validate``: how well a backbone and a plan work on labelled data."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfft.cli import arguments, typed_paths
from tfft.cli.arguments import (
    Augment,
    BatchSize,
    CacheName,
    Data,
    ImageColumn,
    LabelColumn,
    Precision,
    PrecisionName,
    Seed,
    SkipCorrupt,
    TextColumn,
)
from tfft.cli.console import name, say
from tfft.cli.output_paths import check_report
from tfft.cli.sources import TypedData
from tfft.cli.training_inputs import built, read
from tfft.cli.typed_masks import TaskName, TypedMasks
from tfft.cli.typed_plans import checked
from tfft.core.files import write_text

if TYPE_CHECKING:
    from tfft.data.examples import Splits
    from tfft.models.assembly import TransferModel
    from tfft.plans.phase import Plan
    from tfft.tuning.cross_validation import CrossValidation


def cross_validate(
    data: Data,
    backbone: Annotated[
        str, typer.Option(help="Name from `tfft backbones`, hf://, tfhub:, or path of a folder or file.")
    ],
    folds: Annotated[int, typer.Option(help="Number of folds.", min=2)] = 5,
    out: Annotated[
        Path | None, typer.Option(help="File to write: .json for all folds; .html or .md for all answers together.")
    ] = None,
    weights: arguments.Weights = None,
    size: arguments.Size = None,
    alpha: arguments.Alpha = None,
    length: arguments.Length = None,
    vocabulary: arguments.Vocabulary = None,
    layer: arguments.Layer = None,
    pixel_range: arguments.PixelRange = None,
    preprocessor: arguments.Preprocessor = None,
    plan: arguments.PlanOption = None,
    head_epochs: arguments.HeadEpochs = None,
    tune_epochs: arguments.TuneEpochs = None,
    patience: arguments.Patience = None,
    blocks: arguments.Blocks = None,
    learning_rate: arguments.LearningRate = None,
    augment: Augment = None,
    balanced: arguments.Balanced = False,
    image_column: ImageColumn = None,
    label_column: LabelColumn = "label",
    text_column: TextColumn = None,
    parts: arguments.Parts = None,
    separator: arguments.Separator = None,
    decimal: arguments.Decimal = None,
    quotes: arguments.Quotes = None,
    task: arguments.TaskOption = TaskName.auto,
    classes_file: arguments.ClassesFile = None,
    ignore: arguments.Ignore = None,
    skip_corrupt: SkipCorrupt = False,
    batch_size: BatchSize = "32",
    cache: Annotated[CacheName, typer.Option(help="Where features of frozen layers are cached.")] = CacheName.auto,
    precision: Precision = PrecisionName.auto,
    seed: Seed = 0,
) -> None:
    """Train on all folds of the training and validation parts but one, for each fold, and measure it. No bundle is written."""
    batch = arguments.batch_size_of(batch_size)
    typed_paths.check_data(data)
    if out is not None:
        check_report(out)
    columns = image_column, label_column, skip_corrupt, text_column, parts, separator, decimal, quotes
    source = TypedData(data, *columns, TypedMasks(task, classes_file, ignore))
    described = arguments.describe_backbone(
        backbone, weights, size=size, alpha=alpha, length=length, vocabulary=vocabulary, layer=layer, pixel_range=pixel_range,
        preprocessor=preprocessor)  # fmt: skip
    typed = checked(plan, source, patience, described, head_epochs, tune_epochs, blocks, learning_rate, augment)
    splits = read(source, described, seed, None)
    say("The test part is not used.")
    model = built(described, splits, balanced, task, seed, cache, precision)
    # the default depends on the number of examples that a fold trains on
    chosen = None if typed.is_default else typed.completed(model, len(splits.train))
    found = _answered(model, splits, chosen, folds, seed, batch)
    if out is not None:
        _write(found, out)


def _answered(
    model: "TransferModel", splits: "Splits", plan: "Plan | None", folds: int, seed: int, batch: Any
) -> "CrossValidation":
    """Cross-validate, and print the plan and the result."""
    import tfft

    if plan is not None:
        say(f"{name(model.backbone.handle)}\n{plan.describe()}")
    found = tfft.cross_validate(model, splits, plan, folds, seed, batch)
    say(found.describe())
    return found


def _write(found: "CrossValidation", out: Path) -> None:
    if out.suffix == ".json":
        write_text(out, json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    else:
        found.report.save(out)
    say(f"wrote {name(out)}")
