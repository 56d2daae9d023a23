"""The verb ``tfft predict``: answer new images or texts, on the screen or in a file."""

import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfft.cli import typed_paths
from tfft.cli.answer_files import ENDINGS, answer_file, check_file
from tfft.cli.arguments import Bundle, ImageColumn, Keep, Quotes, SkipCorrupt, TextColumn
from tfft.cli.console import name, predicted_line, say
from tfft.cli.mask_files import predicted_masks
from tfft.cli.progress import counted
from tfft.cli.typed_inputs import Unreadable, given_inputs
from tfft.cli.typed_masks import TaskName
from tfft.cli.typed_tables import Rows, TypedTable, typed_table
from tfft.core.errors import DataError, DataWarning, quantity
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.bundles.prediction import Prediction
    from tfft.bundles.predictor import Predictor
    from tfft.data.raw_examples import OnCorrupt

_LISTED = 10
"""This many inputs without an answer are listed where a file has all of them."""


def predict(
    bundle: Bundle,
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Images or folders of images; or texts, .txt files with one text in each line, folders of .txt files with one "
            "text each, and - for standard input; or one .csv, .tsv, .jsonl or .parquet table. A tab separates the texts of a "
            "pair, such as question and context; a .json file holds questions in SQuAD's format."
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
    text_column: TextColumn = None,
    image_column: ImageColumn = None,
    keep: Keep = None,
    quotes: Quotes = None,
) -> None:
    """Predict the labels of new images or texts."""
    from tfft.bundles.hub_handles import is_hub

    table = typed_table(inputs, text_column, image_column, keep, quotes)
    bundle = typed_paths.check_inputs(bundle, inputs if table is None else (), skip_corrupt)
    predictor = _loaded(bundle) if is_hub(bundle) else None  # what it reads is known only when it is here
    texts, masks = _kinds(bundle, predictor)
    if table is not None:
        table.check(texts, masks)
    _check_out(out, masks, "--json" if as_json else None if top is None else "--top", keep)
    predictor = predictor or _loaded(bundle)
    if top is not None and not predictor.task.ranked:
        kind = "masks" if masks else "entities"
        raise DataError(f"--top has no effect on a model of {kind}.", f"--top {top}", "Leave it out.")
    on_corrupt: OnCorrupt = "skip" if skip_corrupt else "error"
    with warnings.catch_warnings():
        if skip_corrupt:  # the skipped inputs are listed below
            warnings.filterwarnings("ignore", r"\d+ of \d+ (images|texts) cannot be read", DataWarning)
        if masks:
            shown = predicted_masks(predictor, given_inputs(predictor, inputs), out, on_corrupt)
            _say_all(shown, lambda found, file: predicted_line(found, top, as_json, file))
            return
        rows = _rows(predictor, table, inputs, skip_corrupt)
        found = _answered(predictor, rows, on_corrupt)
        if out is not None:
            _write_all(counted(found, len(rows.inputs)), rows, out, predictor)
            return
        found = found if sys.stdout.isatty() else counted(found, len(rows.inputs))
        _say_all(((each, None) for each in found), lambda found, file: predicted_line(found, top, as_json, file))


def _kinds(bundle: str, predictor: "Predictor | None") -> tuple[bool | None, bool]:
    """Whether a model reads texts, None when it is unknown, and whether its answers are masks; without loading it if possible."""
    from tfft.bundles.paths import reads_texts, task_name

    if predictor is not None:
        return predictor.preprocessor.noun == "text", predictor.task.place is not None
    return reads_texts(Path(bundle)), task_name(Path(bundle)) == TaskName.segmentation.value


def _loaded(bundle: str) -> "Predictor":
    import tfft

    start_tensorflow()
    return tfft.load(bundle)


def _check_out(out: Path | None, masks: bool, option: str | None, keep: str | None) -> None:
    """Refuse a file that cannot be written, and options that would have no effect on it."""
    if out is None and keep is not None:
        raise DataError("--keep has no effect without --out.", f"--keep {keep}", "Add --out answers.csv.")
    if out is None:
        return
    if masks:
        if out.suffix.lower() in ENDINGS:
            raise DataError(
                "Masks are written to a folder, one PNG file for each image.", f"--out {out}", "Name a folder."
            )
        return
    if option is not None:
        raise DataError(
            f"{option} is for answers on the screen, and --out writes all scores to a file.",
            f"--out {out}",
            f"Leave {option} out; a name that ends in .jsonl gives JSON lines.",
        )
    check_file(out)


def _rows(predictor: "Predictor", table: TypedTable | None, inputs: Sequence[str], skip_corrupt: bool) -> Rows:
    """The inputs, each of which gets one answer."""
    from tfft.bundles import image_reading

    if table is not None:
        return table.read(predictor, skip_corrupt)
    given = given_inputs(predictor, inputs, skip_corrupt)
    if predictor.preprocessor.noun == "image":
        given = [item for _, item in image_reading.split(given, None)]
    if not given:
        raise DataError("There is nothing to answer.", repr(inputs[0]), "Pass a file that is not empty.")
    return Rows(given)


def _answered(predictor: "Predictor", rows: Rows, on_corrupt: "OnCorrupt") -> "Iterator[Prediction]":
    """One prediction for each input, in order."""
    from tfft.bundles.prediction import Prediction

    good = [each for each in rows.inputs if not isinstance(each, Unreadable)]
    found = predictor.stream(good, on_corrupt=on_corrupt)
    for number, each in enumerate(rows.inputs, 1):
        if isinstance(each, Unreadable):
            yield Prediction(each.name, None, each.problem)
            continue
        try:
            answer = next(found)
        except DataError as error:
            # only the content of an image is named by its position, which is that of its row, counted from 0
            what = re.sub(r"\binput (\d+)\b", lambda place: f"row {int(place[1]) + 1}", error.what)
            raise (DataError(what, error.got, error.fix) if isinstance(each, bytes) else error) from None
        problem = answer.problem.replace(answer.name, f"row {number}") if isinstance(each, bytes) else answer.problem
        yield replace(answer, name=str(number), problem=problem) if rows.numbered else answer


def _write_all(found: "Iterator[Prediction]", rows: Rows, out: Path, predictor: "Predictor") -> None:
    problems: list[str] = []
    skipped = 0
    with answer_file(out, predictor.task, tuple(rows.kept)) as write:
        for prediction, *row in zip(found, *rows.kept.values(), strict=True):
            write(prediction, row)
            if prediction.answer is None:
                skipped += 1
                problems += [prediction.problem] if len(problems) < _LISTED else []
    for problem in problems:
        say(f"skipped {name(problem)}", wrong=True)
    count = len(rows.inputs)
    if skipped:
        say(f"{skipped:,} of {count:,} inputs have no answer; {name(out)} says why", wrong=True)
    say(f"wrote {quantity(count - skipped, 'answer')} to {name(out)}")
    _end(skipped, count)


def _say_all(
    found: "Iterator[tuple[Prediction, Path | None]]", line: "Callable[[Prediction, Path | None], str]"
) -> None:
    count = skipped = 0
    for prediction, file in found:
        count, skipped = count + 1, skipped + (prediction.answer is None)
        if prediction.answer is None:
            say(f"skipped {name(prediction.problem)}", wrong=True)
        else:
            say(line(prediction, file))
    if skipped:
        say(f"{skipped:,} of {count:,} inputs have no answer", wrong=True)
    _end(skipped, count)


def _end(skipped: int, count: int) -> None:
    if skipped == count:
        raise typer.Exit(1)  # a script must see that there is no answer at all
