"""The verb ``tfft quantize``: round a bundle to int8, and measure it before and after."""

from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from tfft.cli import arguments, typed_paths
from tfft.cli.arguments import Bundle, Data, ImageColumn, LabelColumn, SkipCorrupt, TextColumn
from tfft.cli.console import name, say
from tfft.cli.measured_examples import Part, examples_of
from tfft.cli.output_paths import free_path, stem_of
from tfft.cli.sources import TypedData
from tfft.cli.typed_masks import TaskName, TypedMasks
from tfft.core.quiet import start_tensorflow


def quantize(
    bundle: Bundle,
    data: Data,
    part: Annotated[
        Part, typer.Option(help="Part to measure; auto: all examples that the model has not seen.")
    ] = Part.validation,
    calibrate_on: Annotated[
        Part, typer.Option(help="Part on which ranges of values are measured; measured examples are left out.")
    ] = Part.train,
    largest_drop: Annotated[
        float | None,
        typer.Option(help="How much worse the main metric may become, such as 0.01; else nothing is written."),
    ] = None,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Also calibrate on measured examples, which is optimistic.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; an older export there is replaced.", show_default="beside the bundle"),
    ] = None,
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
    """Write a bundle in int8 for LiteRT, and measure its accuracy, size and speed before and after on labelled data."""
    import tfft
    from tfft.formats.net_files import calibrates
    from tfft.formats.quantizing import FORMAT, quantize

    bundle = typed_paths.check_inputs(bundle, (), skip_corrupt)
    typed_paths.check_data(data)
    target = free_path(stem_of(bundle), f".{FORMAT}") if out is None else out
    replaced = "replaced" if target.exists() else "wrote"
    start_tensorflow()
    predictor = tfft.load(bundle)
    seed = predictor.seen.seed if seed is None and predictor.seen is not None else seed or 0
    columns = image_column, label_column, skip_corrupt, text_column, parts, separator, decimal, quotes
    source = TypedData(data, *columns, TypedMasks(TaskName(predictor.task.name), classes_file, ignore))
    read = cache(source.splits)  # each image is inspected once
    measured, skipped, measured_name = examples_of(source, part, seed, predictor, read)
    calibration, others, calibration_name = examples_of(source, calibrate_on, seed, predictor, read)
    for line in dict.fromkeys((*skipped, *others)):
        say(f"skipped {name(line)}", wrong=True)
    calibrated = f"calibrating on {calibration_name}, " if calibrates(predictor) else ""
    say(f"{name(data)}: {calibrated}measuring {measured_name}")
    found = quantize(predictor, target, calibration, measured, largest_drop, allow_overlap)
    say(f"{found.describe()}\n{replaced} {name(found.path)}")
