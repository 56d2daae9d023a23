"""The verbs on the command line: ``tfft fit``, ``evaluate`` and ``predict``; the others are in modules of their own.

Heavy packages are imported when a command runs, so that ``tfft --help`` answers at once.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfft.cli import (
    arguments,
    demonstration,
    exports,
    fold_results,
    inventory,
    launching,
    learning_rates,
    predictions,
    quantization,
    ranking,
    searching,
    services,
    typed_paths,
    typed_teacher,
)
from tfft.cli.arguments import (
    Augment,
    BatchSize,
    Bundle,
    CacheName,
    Data,
    ImageColumn,
    LabelColumn,
    Out,
    Precision,
    PrecisionName,
    Seed,
    SkipCorrupt,
    TextColumn,
)
from tfft.cli.console import name, say, spoken
from tfft.cli.group import Group
from tfft.cli.measured_examples import Part, examples_of
from tfft.cli.output_paths import check_report, export_somewhere, free_path, rescued
from tfft.cli.sources import TypedData
from tfft.cli.training_inputs import built, read, typed_backbone
from tfft.cli.typed_masks import TaskName, TypedMasks
from tfft.cli.typed_plans import checked
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.data.examples import Splits
    from tfft.evaluation.report import Report
    from tfft.models.assembly import TransferModel
    from tfft.plans.phase import Plan
    from tfft.training.run import Run

app = typer.Typer(
    name="tfft",
    cls=Group,
    help="Fine-tune pretrained networks in phases, and check which variables changed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def tfft_command(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Fine-tune pretrained networks in phases, and check which variables changed."""
    if version:
        from tfft import __version__

        say(f"tfft {__version__}")
        raise typer.Exit


@app.command()
def fit(
    context: typer.Context,
    data: Data,
    backbone: arguments.BackboneName = None,
    out: Out = None,
    weights: arguments.Weights = None,
    size: arguments.Size = None,
    alpha: arguments.Alpha = None,
    length: arguments.Length = None,
    vocabulary: arguments.Vocabulary = None,
    layer: arguments.Layer = None,
    pixel_range: arguments.PixelRange = None,
    preprocessor: arguments.Preprocessor = None,
    auto: searching.Auto = False,
    budget_minutes: searching.BudgetMinutes = None,
    plan: arguments.PlanOption = None,
    head_epochs: arguments.HeadEpochs = None,
    tune_epochs: arguments.TuneEpochs = None,
    patience: arguments.Patience = None,
    blocks: arguments.Blocks = None,
    learning_rate: arguments.LearningRate = None,
    augment: Augment = None,
    balanced: arguments.Balanced = False,
    teacher: typed_teacher.TeacherBundle = None,
    temperature: typed_teacher.Temperature = None,
    teacher_weight: typed_teacher.TeacherWeight = None,
    refit: arguments.Refit = False,
    skip_corrupt: SkipCorrupt = False,
    run_folder: arguments.RunFolder = None,
    resume: arguments.Resume = None,
    save_minutes: arguments.SaveMinutes = None,
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
    batch_size: BatchSize = "32",
    accumulate: arguments.Accumulate = 1,
    cache: Annotated[CacheName, typer.Option(help="Where features of frozen layers are cached.")] = CacheName.auto,
    precision: Precision = PrecisionName.auto,
    seed: Seed = 0,
) -> None:
    """Fine-tune a backbone on your images or texts and write a bundle."""
    batch = arguments.batch_size_of(batch_size)
    taught = typed_teacher.typed_teacher(teacher, temperature, teacher_weight)
    typed_paths.check_fit(data, out := out or free_path("model", ".tfft"), run_folder, resume, save_minutes)
    if searching.asked(context):
        _write(*searching.found(context, batch), out, run_folder)
        return
    source, backbone, described, splits = typed_backbone(context.params)
    typed = checked(plan, source, patience, described, head_epochs, tune_epochs, blocks, learning_rate, augment)
    splits = read(source, described, seed, splits)
    model = built(described, splits, balanced, task, seed, cache, precision)
    chosen = typed.completed(model, len(splits.train), solving=taught is None)
    _trained(backbone, model, splits, chosen, out, run_folder, seed=seed, batch_size=batch, accumulate=accumulate,
        resume=resume, save_minutes=save_minutes, teacher=typed_teacher.loaded_teacher(taught), refit=refit)  # fmt: skip


def _trained(
    backbone: str,
    model: "TransferModel",
    splits: "Splits",
    plan: "Plan",
    out: Path,
    run_folder: Path | None,
    **options: Any,
) -> None:
    """Train, measure and write; of several workers, only the chief measures and writes."""
    import tfft

    say(f"{name(backbone)}\n{plan.describe()}")
    if not model.is_chief:
        tfft.fit(model, splits, plan, run_folder=run_folder, **options)
        return
    with rescued(model, out):
        run = tfft.fit(model, splits, plan, run_folder=run_folder, **options)
        say(run.describe())
        report = _measured(run, splits)
    _write(run, report, out, run_folder)


def _measured(run: "Run", splits: "Splits") -> "Report | None":
    """Measure the test part, or the validation part if the weights were not fitted to it."""
    from tfft import evaluate

    if splits.test is None and run.selection is not None:
        say("Nothing was measured: there is no test part, and the refit trained on the validation part.")
        return None
    examples, part = (splits.test, "test") if splits.test is not None else (splits.validation, "validation")
    report = evaluate(run.model, examples, run.batch_size)
    say(f"{part}: {report.describe()}")
    return report


def _write(run: "Run", report: "Report | None", out: Path, run_folder: Path | None) -> None:
    written = export_somewhere(run, out, report)
    say(f"wrote {name(written)}")
    if run_folder is not None and report is not None:
        say(f"wrote {name(report.save(run_folder / 'report.html', run))}")
    if written.resolve().parent != out.resolve().parent:
        raise typer.Exit(1)  # the bundle is not where --out asked for it, so scripts must see a failure


@app.command()
def evaluate(
    bundle: Bundle,
    data: Data,
    part: Annotated[
        Part, typer.Option(help="Part to measure; auto: all examples that the model has not seen.")
    ] = Part.auto,
    out: Annotated[Path | None, typer.Option(help="Report to write: .html, .json or .md.")] = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = "label",
    text_column: TextColumn = None,
    parts: arguments.Parts = None,
    separator: arguments.Separator = None,
    decimal: arguments.Decimal = None,
    quotes: arguments.Quotes = None,
    classes_file: arguments.ClassesFile = None,
    ignore: arguments.Ignore = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the parts.", show_default="the seed of the training")
    ] = None,
    skip_corrupt: SkipCorrupt = False,
) -> None:
    """Measure a bundle on labelled data. By default, only examples that it has not seen in training are measured."""
    import tfft

    if out is not None:
        check_report(out)
    bundle = typed_paths.check_inputs(bundle, (), skip_corrupt)
    typed_paths.check_data(data)
    start_tensorflow()
    predictor = tfft.load(bundle)
    seed = predictor.seen.seed if seed is None and predictor.seen is not None else seed or 0
    columns = image_column, label_column, skip_corrupt, text_column, parts, separator, decimal, quotes
    source = TypedData(data, *columns, TypedMasks(TaskName(predictor.task.name), classes_file, ignore))
    examples, skipped, chosen = examples_of(source, part, seed, predictor)
    for line in skipped:
        say(f"skipped {name(line)}", wrong=True)
    report = replace(tfft.evaluate(predictor, examples), dataset=data.stem)
    say(f"{name(data)}, {chosen}\n\n{report.to_markdown()}")
    if out is not None:
        say(f"wrote {name(report.save(out))}")


for verb in (
    predictions.predict,
    exports.export,
    quantization.quantize,
    learning_rates.lr_find,
    fold_results.cross_validate,
    ranking.rank,
    services.serve,
    inventory.backbones,
    inventory.cache,
    inventory.doctor,
    demonstration.demo,
):
    app.command()(verb)
app.command(context_settings=launching.CONTEXT)(launching.launch)


def main() -> None:
    """Run the ``tfft`` command. Errors of tfft become one message and exit status 2."""
    with spoken():
        app()
