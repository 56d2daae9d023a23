"""The verb ``tfft predict``: answer new images or texts, on the screen or in a file."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfft.cli import typed_paths
from tfft.cli.answer_files import answer_file, check_file
from tfft.cli.arguments import Bundle, SkipCorrupt
from tfft.cli.console import name, predicted_line, say
from tfft.cli.mask_files import predicted_masks
from tfft.cli.typed_inputs import given_inputs
from tfft.core.errors import DataError, DataWarning
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.bundles.prediction import Prediction
    from tfft.bundles.predictor import Predictor
    from tfft.data.raw_examples import OnCorrupt

_PROGRESS_FROM = 200


def predict(
    bundle: Bundle,
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Images or folders of images; or texts, .txt files with one text in each line, and - for standard input. "
            "A tab separates the texts of a pair, such as question and context; a .json file holds questions in SQuAD's format."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object in each line.")] = False,
    top: Annotated[
        int | None, typer.Option(help="Number of classes to show.", min=1, show_default="the answer; with --json all")
    ] = None,
    skip_corrupt: SkipCorrupt = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="New file for the answers: .csv, .tsv or .jsonl. Of masks, a folder for PNG files with a palette. No file is "
            "overwritten.",
        ),
    ] = None,
) -> None:
    """Predict the labels of new images or texts."""
    import tfft

    bundle = typed_paths.check_inputs(bundle, inputs, skip_corrupt)
    start_tensorflow()
    predictor = tfft.load(bundle)
    masks = predictor.task.place is not None
    if top is not None and not predictor.task.ranked:
        raise DataError(
            f"--top has no effect on a model of {'masks' if masks else 'entities'}.", f"--top {top}", "Leave it out."
        )
    if out is not None and not masks:
        check_file(out)
    found = _found(predictor, given_inputs(predictor, inputs), out, "skip" if skip_corrupt else "error")
    with warnings.catch_warnings(), ExitStack() as stack:
        if skip_corrupt:  # the skipped inputs are listed below
            warnings.filterwarnings("ignore", r"\d+ of \d+ (images|texts) cannot be read", DataWarning)
        write = None if out is None or masks else stack.enter_context(answer_file(out, predictor.task))
        count = skipped = 0
        for prediction, file in found:
            count, skipped = count + 1, skipped + (prediction.answer is None)
            if write is not None:
                write(prediction)
            if prediction.answer is None:
                say(f"skipped {name(prediction.problem)}", wrong=True)
            elif write is None:
                say(predicted_line(prediction, top, as_json, file))
    if skipped:
        say(f"{skipped} of {count} inputs have no answer", wrong=True)
    if write is not None:
        say(f"wrote {count - skipped:,} answers to {name(out)}")


def _found(
    predictor: "Predictor", given: list[Any], out: Path | None, on_corrupt: "OnCorrupt"
) -> "Iterator[tuple[Prediction, Path | None]]":
    """The predictions as they come, and the file of each mask; where answers go to a file, with a progress bar on a terminal."""
    if predictor.task.place is not None:
        return predicted_masks(predictor, given, out, on_corrupt)
    found = predictor.stream(given, on_corrupt=on_corrupt)
    if out is not None and on_corrupt == "error":
        from tfft.data.inspection import shown

        count = len(predictor.items(given))
        found = shown(found, count, "Predicting") if count >= _PROGRESS_FROM else found
    return ((each, None) for each in found)
