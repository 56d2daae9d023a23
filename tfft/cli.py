"""The verbs on the command line: ``tfft fit``, ``evaluate``, ``predict``, ``backbones``, ``doctor``, ``demo``.

Nothing heavy is imported before a command runs, so that ``tfft --help`` answers at once.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfft.core.errors import TfftError
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.data.examples import Splits
    from tfft.plans.phase import Plan

app = typer.Typer(
    name="tfft",
    help="Fine-tune pretrained networks in phases, and prove what moved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class PlanName(StrEnum):
    """Recipes that the command line offers.

    Attributes:
        two_phase: The head on a frozen backbone, then the last blocks as well.
        head_only: The head alone; the backbone stays as it is.
        full: Everything from the first step.
    """

    two_phase = "two_phase"
    head_only = "head_only"
    full = "full"


Data = Annotated[Path, typer.Option(help="Folder of class folders, or a .csv, .tsv, .jsonl or .parquet table.")]
ImageColumn = Annotated[str, typer.Option(help="Tables: column of image paths.")]
LabelColumn = Annotated[str, typer.Option(help="Tables: column of labels; several, separated by commas.")]
Seed = Annotated[int, typer.Option(help="Draws the parts, orders the examples, starts the head.")]
BatchSize = Annotated[int, typer.Option(help="Examples in a batch.", min=1)]
SkipCorrupt = Annotated[bool, typer.Option(help="Leave unreadable images out instead of stopping.")]
Bundle = Annotated[Path, typer.Argument(help="Bundle that `tfft fit` wrote.")]


@app.command()
def fit(
    data: Data,
    backbone: Annotated[str, typer.Option(help="Name from `tfft backbones`.")] = "tfft_mini",
    out: Annotated[Path, typer.Option(help="Bundle to write: a folder, or a .zip file.")] = Path("model.tfft"),
    weights: Annotated[str | None, typer.Option(help="'imagenet', a Keras weights file, or 'none' for random.")] = None,
    size: Annotated[int | None, typer.Option(help="Input height and width in pixels.")] = None,
    alpha: Annotated[float | None, typer.Option(help="Width multiplier, for the MobileNets.")] = None,
    plan: Annotated[PlanName, typer.Option(help="Recipe of phases.")] = PlanName.two_phase,
    head_epochs: Annotated[int | None, typer.Option(help="Epochs of the head phase, or of `full`.", min=1)] = None,
    tune_epochs: Annotated[int | None, typer.Option(help="Epochs of the tune phase.", min=1)] = None,
    blocks: Annotated[int | None, typer.Option(help="Last blocks that the tune phase trains.", min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest rate of the first phase.")] = None,
    balanced: Annotated[bool, typer.Option(help="Weigh rare classes up.")] = False,
    skip_corrupt: SkipCorrupt = False,
    run_folder: Annotated[Path | None, typer.Option(help="Where log.jsonl, run.json and weights go.")] = None,
    image_column: ImageColumn = "path",
    label_column: LabelColumn = "label",
    batch_size: BatchSize = 32,
    seed: Seed = 0,
) -> None:
    """Fine-tune a backbone on your images and write a bundle."""
    import tfft
    from tfft.bundles.bundle import check_target

    # what can fail at once comes first: nobody should train for an hour and then hear of a mistyped path
    check_target(out)
    chosen = _plan(plan, head_epochs, tune_epochs, blocks, learning_rate)
    described = _backbone(backbone, weights, size, alpha)
    splits = _read(data, image_column, label_column, seed, skip_corrupt)
    typer.echo(f"{data}: {splits.describe()}")
    for line in splits.skipped:
        typer.echo(f"skipped {line}", err=True)
    if balanced and splits.labels.kind != "single":
        raise typer.BadParameter(
            f"--balanced is for one class an image; these labels are of kind {splits.labels.kind!r}."
        )
    options = {"class_weights": "balanced"} if balanced else {}
    start_tensorflow()
    model = tfft.build(described, tfft.tasks.for_labels(splits.labels, **options), seed=seed)
    typer.echo(f"{backbone}:\n{chosen.describe()}")
    run = tfft.fit(model, splits, chosen, seed=seed, batch_size=batch_size, run_folder=run_folder)
    typer.echo(run.describe())
    examples, part = (splits.test, "test") if splits.test is not None else (splits.validation, "validation")
    report = tfft.evaluate(run.model, examples, batch_size)
    typer.echo(f"{part}: {report.describe()}")
    typer.echo(f"wrote {tfft.export(run.model, out, report=report)}")


@app.command()
def evaluate(
    bundle: Bundle,
    data: Data,
    part: Annotated[str, typer.Option(help="train, validation, test, or all.")] = "test",
    out: Annotated[Path | None, typer.Option(help="Report to write: .json, or .md.")] = None,
    image_column: ImageColumn = "path",
    label_column: LabelColumn = "label",
    seed: Seed = 0,
    skip_corrupt: SkipCorrupt = False,
) -> None:
    """Measure a bundle on images with known labels. With the seed of the training, `test` is the part it never saw."""
    import tfft

    start_tensorflow()
    predictor = tfft.load(bundle)
    splits = _read(data, image_column, label_column, seed, skip_corrupt)
    report = tfft.evaluate(predictor, splits.everything() if part == "all" else splits.part(part))
    typer.echo(report.to_markdown())
    if predictor.report is not None and predictor.report["data"] != report.data:
        typer.echo(
            "Note: these are not the pictures of the bundle's own report. Where it was trained on some of them (another --seed "
            "draws other parts), the numbers are too good.",
            err=True,
        )
    if out is not None:
        typer.echo(f"wrote {report.save(out)}")


@app.command()
def predict(
    bundle: Bundle,
    inputs: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    top: Annotated[int, typer.Option(help="How many classes to show.", min=1)] = 1,
) -> None:
    """Answer for new images."""
    import tfft

    start_tensorflow()

    for prediction in tfft.load(bundle).predict(inputs):
        if as_json:
            typer.echo(json.dumps(prediction.to_dict(), ensure_ascii=False))
            continue
        scores = sorted(prediction.scores.items(), key=lambda pair: -pair[1])[:top]
        typer.echo("\t".join([prediction.name, *(f"{name} {score:.4f}" for name, score in scores)]))


@app.command()
def backbones(name: Annotated[str | None, typer.Argument(help="One backbone, in full.")] = None) -> None:
    """List the backbones there are, or the blocks and options of one."""
    from tfft.backbones import handles

    if name is None:
        for source, candidate in handles.names():
            described = handles.load_backbone(f"{source}://{candidate}")
            geometry = described.preprocessor
            size = f"{geometry.height}x{geometry.width}"
            typer.echo(f"{candidate:<22} {size:<9} {len(described.blocks)} blocks  {handles.SOURCES[source].about}")
        return
    described = handles.load_backbone(name)
    typer.echo(f"{described.handle}: {described.preprocessor.height}x{described.preprocessor.width} pixels")
    typer.echo(f"blocks, from input to output: {', '.join(block.name for block in described.blocks)}")
    typer.echo(f"options: {', '.join(handles.options_of(name))}")


@app.command()
def doctor(offline: Annotated[bool, typer.Option(help="Open no socket.")] = False) -> None:
    """Say what this machine has: versions, devices, instruction sets, caches, reachable weight sources."""
    from tfft.doctor import examine, to_text

    start_tensorflow()
    typer.echo(to_text(examine(offline)))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report and the bundle.")] = Path("demo"), seed: Seed = 0
) -> None:
    """Fine-tune the embedded backbone on handwritten digits, without a network."""
    start_tensorflow()
    from tfft.demo import run_demo

    made = run_demo(out, typer.echo, seed)
    typer.echo(f"\n{made.table}\n\nreport: {made.report_path}\nbundle: {made.bundle_path}")


def main() -> None:
    """Entry point of the ``tfft`` command: errors of ours become one message and exit status 2."""
    try:
        app()
    except (TfftError, OSError) as error:
        typer.secho(f"{type(error).__name__}: {error}", err=True, fg="red")
        raise SystemExit(2) from None


def _read(data: Path, image_column: str, label_column: str, seed: int, skip_corrupt: bool) -> "Splits":
    import tfft

    on_corrupt: Any = "skip" if skip_corrupt else "error"
    if data.is_file():
        columns = label_column.split(",") if "," in label_column else label_column
        return tfft.data.from_csv(data, image_column, columns, seed=seed, on_corrupt=on_corrupt)
    return tfft.data.from_folder(data, seed=seed, on_corrupt=on_corrupt)


def _backbone(name: str, weights: str | None, size: int | None, alpha: float | None) -> "Backbone":
    import tfft

    options: dict[str, Any] = {"size": size, "alpha": alpha}
    given = {key: value for key, value in options.items() if value is not None}
    if weights is not None:
        given["weights"] = None if weights.lower() == "none" else weights
    return tfft.load_backbone(name, **given)


def _plan(
    name: PlanName, head_epochs: int | None, tune_epochs: int | None, blocks: int | None, learning_rate: float | None
) -> "Plan":
    import tfft

    if name is not PlanName.two_phase and (tune_epochs, blocks) != (None, None):
        raise typer.BadParameter(f"--tune-epochs and --blocks belong to two_phase, not to {name.value}.")
    first = "head_epochs" if name is PlanName.two_phase else "epochs"
    options = {first: head_epochs, "learning_rate": learning_rate}
    if name is PlanName.two_phase:
        options |= {"tune_epochs": tune_epochs, "blocks": blocks}
    recipe = getattr(tfft.plans, name.value)
    return recipe(**{key: value for key, value in options.items() if value is not None})
