"""Read a table of inputs for `tfft predict`: each row is one input, and gets one answer, in the same order."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.cli.typed_inputs import Unreadable
from tfft.core.errors import DataError, kind_of, quantity, shortlist, similar
from tfft.core.path_advice import check_permitted, missing_file
from tfft.core.specs import Text

if TYPE_CHECKING:
    import pandas as pd

    from tfft.bundles.predictor import Predictor

_SHOWN = 5
_NOUNS = {"text": "--text-column", "image": "--image-column"}


@dataclass(frozen=True)
class Rows:
    """The inputs of `tfft predict`; each of them gets one answer.

    Attributes:
        inputs: The inputs, in order: a ``Text`` or the path or the content of an image, or an ``Unreadable``.
        kept: Name -> values of the columns that go into the answers, each as long as ``inputs``.
        numbered: Whether answers are named by the numbers of their rows, counted from 1.
    """

    inputs: Sequence[Any]
    kept: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    numbered: bool = False


@dataclass(frozen=True)
class TypedTable:
    """A table of inputs, and the options for its columns.

    Attributes:
        path: The path of the table.
        text_column: The column of texts; two, separated by a comma, for pairs of texts.
        image_column: The column of paths of images, which start at the folder of the table.
        keep: Columns that go into the answers, separated by commas.
        quotes: Whether quotation marks enclose the cells of CSV and TSV files.
    """

    path: Path
    text_column: str | None = None
    image_column: str | None = None
    keep: str | None = None
    quotes: bool | None = None

    def check(self, texts: bool | None, masks: bool) -> None:
        """Check the table and its options before TensorFlow starts.

        Args:
            texts: Whether the model reads texts; None when it is unknown.
            masks: Whether the answers are masks.

        Raises:
            DataError: When the file does not exist or may not be read, or an option has no effect.

        Example:
            >>> TypedTable(Path("no such table.csv")).check(True, False)
            Traceback (most recent call last):
            tfft.core.errors.DataError: There is no file 'no such table.csv'...
        """
        check_permitted(self.path)
        if not self.path.exists():
            raise DataError(f"There is no file {str(self.path)!r}.", fix=missing_file(self.path))
        if masks:
            raise DataError(
                "The answers of this model are masks, one file for each image, and not rows of a table.",
                repr(str(self.path)),
                "Pass the images, or their folder.",
            )
        if texts and self.image_column is not None:
            raise DataError(
                "--image-column has no effect: the model reads texts.", repr(self.image_column), "Use --text-column."
            )
        if texts is False and self.text_column is not None:
            raise DataError(
                "--text-column has no effect: the model reads images.", repr(self.text_column), "Use --image-column."
            )

    def read(self, predictor: "Predictor", skip_corrupt: bool) -> Rows:
        """Read the rows.

        Args:
            predictor: The model.
            skip_corrupt: Whether a row without a text or image becomes an ``Unreadable``; otherwise it is an error.

        Returns:
            The rows. None is left out.

        Raises:
            DataError: When the file is not a valid table, a column is missing, there are no rows, or a row has no input.
        """
        from tfft.data.tables.table_files import Writing, column_names, read_table

        names = column_names(self.path)
        texts = predictor.preprocessor.noun == "text"
        columns, kept = self._inputs(names, predictor), self._kept(names)
        # lines in a quoted cell that look like rows are found by the other columns, which need not be in memory
        others = [each for each in names if each not in columns]
        exact = [*(columns if texts else []), *kept]
        frame = read_table(
            self.path, others, exact, Writing(self.quotes), lambda _: list(dict.fromkeys([*columns, *kept]))
        )
        if not len(frame):
            raise DataError(f"{str(self.path)!r} has no rows below its header.", fix="Pass a table with inputs.")
        inputs = self._texts(frame, columns, predictor) if texts else self._images(frame, columns[0])
        self._refuse(inputs, skip_corrupt)
        return Rows(inputs, {name: frame[name].tolist() for name in kept}, numbered=True)

    def _texts(self, frame: "pd.DataFrame", columns: list[str], predictor: "Predictor") -> list[Any]:
        from tfft.bundles.text_reading import reads_questions
        from tfft.data.strings import refuse_paths

        questions = reads_questions(predictor)
        found: list[Any] = []
        for row, cells in enumerate(frame[columns].itertuples(index=False, name=None)):
            problem = _text_problem(cells, columns, questions)
            found.append(self._unreadable(frame, row, problem) if problem else _text(cells, row))
        texts = [each.first for each in found if isinstance(each, Text)]
        refuse_paths(
            texts, "Name the column of texts with --text-column; images need a model that was trained on images."
        )
        return found

    def _images(self, frame: "pd.DataFrame", column: str) -> list[Any]:
        from tfft.data.sources.cells import images

        problems = [_image_problem(cell, column) for cell in frame[column]]
        good = frame[column][[not problem for problem in problems]]
        paths = iter(images(good, self.path.parent))
        found: list[Any] = []
        for row, problem in enumerate(problems):
            image = None if problem else next(paths)
            if isinstance(image, str) and "://" not in image and not os.path.isfile(image):
                problem = f"{image!r} is a folder" if os.path.isdir(image) else f"there is no file {image!r}"
            found.append(self._unreadable(frame, row, problem) if problem else image)
        return found

    def _unreadable(self, frame: "pd.DataFrame", row: int, problem: str) -> Unreadable:
        from tfft.data.tables.places import LinesOf

        in_file = isinstance(frame.index.name, LinesOf)
        place = f"line {frame.index[row]}" if in_file else f"row {row + 1}"
        return Unreadable(str(row + 1), f"{place} of {str(self.path)!r}: {problem}")

    def _refuse(self, inputs: Sequence[Any], skip_corrupt: bool) -> None:
        """Raise when a row has no input, and such rows are not skipped, or no row has one."""
        wrong = [each for each in inputs if isinstance(each, Unreadable)]
        if wrong and (not skip_corrupt or len(wrong) == len(inputs)):
            raise DataError(
                f"{len(wrong):,} of {quantity(len(inputs), 'row')} cannot be answered.",
                "; ".join(each.problem for each in wrong[:_SHOWN]) + ("; ..." if len(wrong) > _SHOWN else ""),
                "Name another column."
                if len(wrong) == len(inputs)
                else 'Fill them, or pass on_corrupt="skip" to answer the other rows; each row keeps its place.',
            )

    def _inputs(self, names: Sequence[str], predictor: "Predictor") -> list[str]:
        """The columns of inputs."""
        from tfft.bundles.text_reading import reads_questions

        noun = predictor.preprocessor.noun
        option = _NOUNS[noun]
        typed = self.text_column if noun == "text" else self.image_column
        wanted = (
            None if noun != "text" else 2 if reads_questions(predictor) else predictor.seen and predictor.seen.texts
        )
        usual = ["path"] if noun != "text" else ["question", "context"] if reads_questions(predictor) else ["text"]
        columns = usual if typed is None else _named(typed, names)
        if typed is None and wanted == 2 and len(usual) == 1:
            raise DataError(
                "The model reads pairs of texts, and no columns were named.",
                f"the columns {shortlist(names)}",
                "Name both with --text-column first,second.",
            )
        for column in columns:
            _check_column(column, names, option)
        most = 2 if noun == "text" else 1
        if len(columns) > most or len(set(columns)) < len(columns) or (wanted and len(columns) != wanted):
            kind = "images" if noun != "text" else "pairs of texts" if wanted == 2 else "single texts"
            fix = f"Name two columns with {option} first,second." if wanted == 2 else f"Name one column with {option}."
            raise DataError(f"The model reads {kind}.", f"the columns {shortlist(columns)}", fix)
        return columns

    def _kept(self, names: Sequence[str]) -> list[str]:
        """The columns that go into the answers."""
        kept = [] if self.keep is None else list(dict.fromkeys(_named(self.keep, names)))
        for column in kept:
            _check_column(column, names, "--keep")
        return kept


def typed_table(
    inputs: Sequence[str], text_column: str | None, image_column: str | None, keep: str | None, quotes: bool | None
) -> TypedTable | None:
    """Find a table among the inputs of `tfft predict`.

    Args:
        inputs: The inputs from the command line.
        text_column: The value of ``--text-column``.
        image_column: The value of ``--image-column``.
        keep: The value of ``--keep``.
        quotes: The value of ``--quotes``.

    Returns:
        The table, which then is the only input; None when no input is a table.

    Raises:
        DataError: When there are other inputs beside a table, or options for tables without a table.

    Example:
        >>> typed_table(["reviews.csv"], "text", None, "id", None).keep
        'id'
        >>> typed_table(["I cannot open report.csv"], None, None, None, None) is None
        True
    """
    from tfft.data.tables.table_files import ENDINGS

    tables = [each for each in inputs if is_table(each)]
    options = {"--text-column": text_column, "--image-column": image_column, "--keep": keep, "--quotes": quotes}
    given = [option for option, value in options.items() if value is not None]
    if not tables and given:
        raise DataError(
            f"{given[0]} is for tables, and no input is a table.",
            shortlist(inputs, 3),
            f"Leave it out, or pass a file that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.",
        )
    if tables and len(inputs) > 1:
        raise DataError(
            "A table must be the only input, because its answers are named by the numbers of its rows.",
            shortlist(inputs),
            "Run `tfft predict` once for each table.",
        )
    return TypedTable(Path(tables[0]), text_column, image_column, keep, quotes) if tables else None


def is_table(typed: str) -> bool:
    """Return whether an input names a table: by its ending, and either it exists, or it is one word.

    Args:
        typed: An input from the command line.

    Example:
        >>> is_table("reviews.csv"), is_table("I cannot open report.csv"), is_table("1.jpg")
        (True, False, False)
    """
    from tfft.data.tables.table_files import ENDINGS

    return typed.lower().endswith(ENDINGS) and (len(typed.split()) == 1 or os.path.isfile(typed))


def _named(typed: str, names: Sequence[str]) -> list[str]:
    """The columns in the value of an option; the name of a column may have a comma itself."""
    return [typed] if typed in names else [name.strip() for name in typed.split(",")]


def _check_column(column: str, names: Sequence[str], option: str) -> None:
    if column not in names:
        fix = similar(column, names) or f"Name an existing column with {option}."
        raise DataError(f"There is no column {column!r}.", f"the columns {shortlist(names)}", fix)


def _text(cells: Sequence[str], row: int) -> Text:
    return Text(cells[0], cells[1] if len(cells) > 1 else None, name=str(row + 1))


def _text_problem(cells: Sequence[Any], columns: Sequence[str], questions: bool) -> str:
    """What is wrong with the texts of a row: a cell is missing or no text, or there are no words."""
    from tfft.bundles.text_reading import empty_text
    from tfft.data.values import is_missing

    for cell, column in zip(cells, columns, strict=True):
        if not isinstance(cell, str):
            return f"no {column!r}" if is_missing(cell) else f"{column!r} is not a text but {kind_of(cell)}"
    empty = empty_text(cells, questions)
    return "" if empty is None else f"no {columns[empty]!r}"


def _image_problem(cell: Any, column: str) -> str:
    from tfft.data.values import is_missing

    if isinstance(cell, (bytes, bytearray)) or (isinstance(cell, str) and cell.strip()):
        return ""
    return f"no {column!r}" if is_missing(cell) else f"{column!r} is not the path of an image but {kind_of(cell)}"
