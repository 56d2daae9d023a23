"""Write predictions to a table or to JSON lines, one after the other; no existing file is overwritten."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tfft.cli.console import name, say, stopped
from tfft.cli.output_paths import free_path
from tfft.core.errors import DataError, quantity
from tfft.core.interrupts import noticed

if TYPE_CHECKING:
    from tfft.bundles.prediction import Prediction
    from tfft.tasks.base import Task

ENDINGS = (".csv", ".tsv", ".jsonl")
Write = Callable[["Prediction", Sequence[Any]], None]
_SEPARATOR = "|"
_BASE = ("name", "label", "probability")
_PLACES = ("start", "end", "entities")
_LAST = "problem"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Spreadsheets read a cell that begins like this as a formula.

Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.
"""


def check_file(path: Path) -> None:
    """Check that answers can be written to a file, before anything is predicted.

    Args:
        path: The path of a new file.

    Raises:
        DataError: When it has another ending than a table or JSON lines, exists, or cannot be written.

    Example:
        >>> check_file(Path("answers.xlsx"))
        Traceback (most recent call last):
        tfft.core.errors.DataError: Answers cannot be written to 'answers.xlsx'. Use a name that ends in .csv, .tsv or .jsonl.
    """
    from tfft.core.files import refusal

    if path.suffix.lower() not in ENDINGS:
        raise DataError(
            f"Answers cannot be written to {str(path)!r}.",
            fix=f"Use a name that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.",
        )
    if path.exists():
        raise DataError(
            f"{str(path)!r} exists, and is not overwritten.", fix="Choose another name, or remove the file."
        )
    if reason := refusal(path):
        raise DataError(f"Nothing can be written to {str(path)!r}: {reason}.", fix="Choose another path.")


@contextmanager
def answer_file(path: Path, task: "Task", kept: Sequence[str] = ()) -> Iterator[Write]:
    """Open a new file for predictions. It gets its name when it is complete.

    Until then, and after an error, Ctrl-C, SIGTERM or a crash, the finished answers are in ``answers-unfinished.csv``.

    A table has a row for each input, with the columns of ``columns_of``. Several labels are separated by ``|``. Entities are JSON
    in the column ``entities``. JSON lines have all values of a prediction, and the kept columns of its row in ``row``.

    Args:
        path: The path of a new file, which ends in ``.csv``, ``.tsv`` or ``.jsonl``.
        task: The task of the model.
        kept: The names of the columns of the table of inputs that are copied.

    Yields:
        A function that writes one prediction, and the values of the kept columns.

    Raises:
        DataError: As ``check_file``, also when another program has written the file in the meantime.
        OSError: When nothing can be written.
    """
    check_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = free_path(str(path.with_name(f"{path.stem}-unfinished")), path.suffix)
    with noticed():
        answers: _Table | _JsonLines | None = None
        try:
            # flushed line by line, so that a crash loses none; half of a character, as in a name that is not UTF-8, becomes \udc..
            with open(part, "x", encoding="utf-8", errors="backslashreplace", newline="", buffering=1) as file:
                answers = _JsonLines(file, kept) if path.suffix.lower() == ".jsonl" else _Table(file, path, task, kept)
                yield answers.write
            check_file(path)
            part.rename(path)
        except (KeyboardInterrupt, SystemExit, Exception):
            if answers is not None and answers.count:
                stopped(f"Stopped; the answers to the first {quantity(answers.count, 'input')} are in {name(part)}.")
            elif answers is not None:
                part.unlink(missing_ok=True)
            raise
    if answers.formulas:
        say(
            f"{quantity(answers.formulas, 'cell begins', 'cells begin')} with '=', '+', '-' or '@', which spreadsheets take for a "
            "formula: import such columns as text, unless you trust the inputs",
            wrong=True,
            color="yellow",
        )


def columns_of(task: "Task", kept: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table of predictions.

    Args:
        task: The task of the model.
        kept: The columns of the table of inputs that are copied. One with the name of a column of answers becomes
            ``"NAME of input"``.

    Returns:
        ``name``, the kept columns, ``label``, ``probability``, one column for each class or quantity, and ``problem``, which says
        why an input has no answer.

    Example:
        >>> from tfft import tasks
        >>> columns_of(tasks.classification(["ants", "bees"]), ["id", "label"])
        ['name', 'id', 'label of input', 'label', 'probability', 'ants', 'bees', 'problem']
    """
    scores = list(_score_columns(task).values()) if task.served is not None else list(_PLACES)
    columns = [*_BASE, *scores, _LAST]
    titles: list[str] = []
    for title in kept:
        while title in columns or title in titles:
            title = f"{title} of input"
        titles.append(title)
    return [columns[0], *titles, *columns[1:]]


def _score_columns(task: "Task") -> dict[str, str]:
    """Class or quantity -> its column; those with the name of another column become ``"score of NAME"``."""
    found: dict[str, str] = {}
    names = set(task.labels.names)
    for label in task.labels.names:
        title = label
        while title in (*_BASE, _LAST) or title in found.values() or (title != label and title in names):
            title = f"score of {title}"
        found[label] = title
    return found


class _Table:
    """A table of answers.

    Attributes:
        count: The number of rows.
        formulas: The number of cells that a spreadsheet would take for a formula.
    """

    def __init__(self, file: TextIO, path: Path, task: "Task", kept: Sequence[str]) -> None:
        self.count = self.formulas = 0
        self._columns = columns_of(task, kept)
        self._kept = self._columns[1 : 1 + len(kept)]
        self._scores = None if task.served is None else _score_columns(task)
        self._listed = any(_SEPARATOR in label for label in task.labels.names)
        self._rows = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        self._write(self._columns)

    def write(self, prediction: "Prediction", row: Sequence[Any] = ()) -> None:
        """Write one prediction.

        Args:
            prediction: The prediction.
            row: The values of the kept columns.
        """
        values = dict(zip(self._kept, map(_cell, row), strict=True)) | {
            "name": prediction.name,
            "label": self._label(prediction.label),
            "probability": prediction.probability,
            _LAST: prediction.problem,
        }
        if self._scores is not None:
            values |= {self._scores[label]: score for label, score in prediction.scores.items()}
        else:
            entities = prediction.to_dict().get("entities")
            values["start"], values["end"] = prediction.place or (None, None)
            values["entities"] = None if entities is None else json.dumps(entities, ensure_ascii=False)
        self._write([values.get(column) for column in self._columns])
        self.count += 1

    def _write(self, cells: Sequence[Any]) -> None:
        self._rows.writerow(cells)
        self.formulas += sum(map(_is_formula, cells))

    def _label(self, label: str | tuple[str, ...] | None) -> str | None:
        if not isinstance(label, tuple):
            return label
        return json.dumps(label, ensure_ascii=False) if self._listed else _SEPARATOR.join(label)


class _JsonLines:
    """JSON lines of answers; the attributes are those of a table."""

    def __init__(self, file: TextIO, kept: Sequence[str]) -> None:
        self.count = self.formulas = 0
        self._file, self._kept = file, kept

    def write(self, prediction: "Prediction", row: Sequence[Any] = ()) -> None:
        """Write one prediction.

        Args:
            prediction: The prediction.
            row: The values of the kept columns.
        """
        values = prediction.to_dict()
        if self._kept:
            values["row"] = dict(zip(self._kept, map(_plain, row), strict=True))
        self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
        self.count += 1


def _plain(value: Any) -> Any:
    """A value of a table of inputs as a JSON value."""
    from tfft.data.values import is_missing

    if isinstance(value, str):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if is_missing(value):
        return None
    exact = isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value))
    return value if exact else str(value)


def _cell(value: Any) -> Any:
    """A value of a table of inputs as a cell of a table; lists become JSON."""
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, (list, dict)) else plain


def _is_formula(cell: Any) -> bool:
    """Whether a spreadsheet takes a text for a formula; a number with a sign is harmless."""
    if not isinstance(cell, str) or not cell.startswith(_FORMULA):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False
