"""The verbs on the command line: ``tfft fit``, ``evaluate``, ``predict``, ``backbones``, ``cache``, ``doctor``, ``demo``.

Nothing heavy is imported before a command runs, so that ``tfft --help`` answers at once.
"""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tfft.cli import arguments
from tfft.cli.arguments import (
    Augment,
    BatchSize,
    Bundle,
    CacheName,
    Data,
    ImageColumn,
    LabelColumn,
    Out,
    PlanName,
    Precision,
    PrecisionName,
    Seed,
    SkipCorrupt,
)
from tfft.cli.places import export_somewhere, free_path, rescued
from tfft.cli.sources import Part, Source, examples_of
from tfft.cli.spoken import kept_line, predicted_line, spoken
from tfft.core.quiet import start_tensorflow

app = typer.Typer(
    name="tfft",
    help="Fine-tune pretrained networks in phases, and prove what moved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def tfft_command(
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """Fine-tune pretrained networks in phases, and prove what moved."""
    if version:
        from tfft import __version__

        typer.echo(f"tfft {__version__}")
        raise typer.Exit


@app.command()
def fit(
    data: Data,
    backbone: Annotated[str, typer.Option(help="Name from `tfft backbones`.")] = "tfft_mini",
    out: Out = None,
    weights: Annotated[str | None, typer.Option(help="'imagenet', a Keras weights file, or 'none' for random.")] = None,
    size: Annotated[int | None, typer.Option(help="Input height and width in pixels.")] = None,
    alpha: Annotated[float | None, typer.Option(help="Width multiplier, for the MobileNets.")] = None,
    plan: Annotated[PlanName, typer.Option(help="Recipe of phases.")] = PlanName.two_phase,
    head_epochs: Annotated[int | None, typer.Option(help="Epochs of the head phase, or of `full`.", min=1)] = None,
    tune_epochs: Annotated[int | None, typer.Option(help="Epochs of the tune phase.", min=1)] = None,
    blocks: Annotated[int | None, typer.Option(help="Last blocks that the tune phase trains.", min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest rate of the first phase.")] = None,
    augment: Augment = None,
    balanced: Annotated[bool, typer.Option(help="Weigh rare classes up.")] = False,
    skip_corrupt: SkipCorrupt = False,
    run_folder: Annotated[Path | None, typer.Option(help="Where log.jsonl, run.json and weights go.")] = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = "label",
    batch_size: BatchSize = 32,
    cache: Annotated[CacheName, typer.Option(help="Where features of frozen layers are kept.")] = CacheName.auto,
    precision: Precision = PrecisionName.auto,
    seed: Seed = 0,
) -> None:
    """Fine-tune a backbone on your images and write a bundle."""
    import tfft
    from tfft.bundles.writer import check_target

    # what can fail at once comes first: nobody should train for an hour and then hear of a mistyped path
    out = free_path("model", ".tfft") if out is None else out
    check_target(out)
    chosen = arguments.describe_plan(plan, head_epochs, tune_epochs, blocks, learning_rate, augment)
    described = arguments.describe_backbone(backbone, weights, size, alpha)
    if blocks is not None and blocks > len(described.blocks):
        raise typer.BadParameter(
            f"--blocks {blocks}: {backbone} has {len(described.blocks)}; see `tfft backbones {backbone}`."
        )
    if run_folder is not None:
        run_folder.mkdir(parents=True, exist_ok=True)
    splits = Source(data, image_column, label_column, skip_corrupt).splits(seed)
    typer.echo(f"{data}: {splits.describe()}")
    for line in splits.skipped:
        typer.echo(f"skipped {line}", err=True)
    if balanced and splits.labels.kind != "single":
        raise typer.BadParameter(f"--balanced is for one class an input; these are of kind {splits.labels.kind!r}.")
    options = {"class_weights": "balanced"} if balanced else {}
    start_tensorflow()
    model = tfft.build(
        described, tfft.tasks.for_labels(splits.labels, **options), seed, cache=cache.value, precision=precision.value
    )
    typer.echo(f"{backbone}\n{chosen.describe()}")
    with rescued(model, out):
        run = tfft.fit(model, splits, chosen, seed, batch_size, run_folder)
        typer.echo(run.describe())
        examples, part = (splits.test, "test") if splits.test is not None else (splits.validation, "validation")
        report = tfft.evaluate(run.model, examples, batch_size)
    typer.echo(f"{part}: {report.describe()}")
    typer.echo(f"wrote {export_somewhere(run.model, out, report)}")
    if run_folder is not None:
        typer.echo(f"wrote {report.save(run_folder / 'report.html', run)}")


@app.command()
def evaluate(
    bundle: Bundle,
    data: Data,
    part: Annotated[Part, typer.Option(help="auto is what the model has not seen.")] = Part.auto,
    out: Annotated[Path | None, typer.Option(help="Report to write: .html, .json, or .md.")] = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = "label",
    seed: Annotated[int | None, typer.Option(help="Draws the parts.", show_default="that of the training")] = None,
    skip_corrupt: SkipCorrupt = False,
) -> None:
    """Measure a bundle on images with known labels: on those that it has not seen in training, unless --part names others."""
    import tfft

    if out is not None and out.suffix not in (".html", ".json", ".md"):
        raise typer.BadParameter(f"--out {out}: a report is written as .html, .json or .md.")
    start_tensorflow()
    predictor = tfft.load(bundle)
    seed = predictor.seen.seed if seed is None and predictor.seen is not None else seed or 0
    source = Source(data, image_column, label_column, skip_corrupt)
    examples, skipped, chosen = examples_of(source, part, seed, predictor)
    for line in skipped:
        typer.echo(f"skipped {line}", err=True)
    report = tfft.evaluate(predictor, examples)
    typer.echo(f"{data}, {chosen}\n\n{report.to_markdown()}")
    if out is not None:
        typer.echo(f"wrote {report.save(out)}")


@app.command()
def predict(
    bundle: Bundle,
    inputs: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    top: Annotated[
        int | None, typer.Option(help="How many classes to show.", min=1, show_default="the answer; with --json all")
    ] = None,
) -> None:
    """Answer for new images."""
    import tfft

    start_tensorflow()
    for prediction in tfft.load(bundle).predict(inputs):
        typer.echo(predicted_line(prediction, top, as_json))


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
def cache(
    entries: Annotated[list[str] | None, typer.Argument(help="First letters of entries; all when left out.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Delete them; they are computed again when needed.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where they lie.", show_default="features in the cache folder")
    ] = None,
) -> None:
    """List what is kept of frozen layers, last used first, or delete it; all of it with what was tried of precisions."""
    from tfft.core.files import in_words
    from tfft.core.machine import trials_file
    from tfft.data.cache import Cache

    if folder is not None and not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {str(folder)!r}.")
    store = Cache(folder=folder).store
    chosen = [kept for kept in store.entries() if not entries or kept.key.startswith(tuple(entries))]
    if entries and not chosen:
        raise typer.BadParameter(
            f"no entry of {store.folder} begins with {', '.join(entries)}; `tfft cache` lists them."
        )
    gone = [kept for kept in chosen if clear and store.remove(kept.key)]
    for kept in chosen:
        typer.echo(f"{'deleted ' if kept in gone else 'in use  ' if clear else ''}{kept_line(kept)}")
    if clear and not entries and folder is None:
        with suppress(OSError):
            trials_file().unlink(missing_ok=True)
    shown = gone if clear else chosen
    count = f"{len(gone)} of {len(chosen)} entries deleted" if clear else f"{len(chosen)} entries"
    typer.echo(f"{count}, {in_words(sum(kept.size_bytes for kept in shown))}, in {store.folder}")


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
    with spoken():
        app()
